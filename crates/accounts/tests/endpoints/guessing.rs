use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use crate::campus::{ADMIN_PASSWORD, Answer, Campus};

async fn log_in_from(campus: &Campus, address: &str, username: &str, password: &str) -> Answer {
    let body = json!({"username": username, "password": password});
    campus.post("/api/v1/auth/login").header("x-forwarded-for", address).json(&body).send().await
}

/// The campus of these tests closes an account after three failures.
pub(crate) async fn an_account_is_closed_for_a_while(campus: &Campus) {
    campus.user("ana", "student").await;
    for _ in 0..2 {
        assert_eq!(log_in_from(campus, "10.0.0.1", "ana", "falsa").await.status, 401);
    }
    assert_eq!(campus.log_in("ana", "contraseña").await.status, 200, "a good one forgives the two before it");
    for minute in 0..3 {
        let address = format!("10.0.{minute}.1");
        assert_eq!(log_in_from(campus, &address, "Ana", "falsa").await.status, 401);
        campus.clock.advance(Duration::from_secs(60));
    }
    let closed = log_in_from(campus, "10.9.9.9", "ANA", "contraseña").await;
    assert_eq!(closed.status, 429, "whatever the address, and the password is not even looked at");
    assert_eq!(closed.header("retry-after"), "720", "15 minutes after the first of the three");
    assert_eq!(closed.body["type"], "/problems/too-many-requests");
    assert_eq!(campus.log_in("admin", ADMIN_PASSWORD).await.status, 200, "others are not closed");
    campus.clock.advance(Duration::from_secs(720));
    assert_eq!(log_in_from(campus, "10.9.9.9", "ana", "contraseña").await.status, 200);
}

/// It closes an address after twelve.
pub(crate) async fn an_address_is_closed_for_a_while(campus: &Campus) {
    for guess in 0..12 {
        let answer = log_in_from(campus, "6.6.6.6, 10.0.0.1", &format!("user{guess}"), "falsa").await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    let closed = log_in_from(campus, "10.0.0.1", "admin", ADMIN_PASSWORD).await;
    assert_eq!((closed.status, closed.header("retry-after")), (429, "900"));
    assert_eq!(log_in_from(campus, "6.6.6.6", "admin", ADMIN_PASSWORD).await.status, 200, "the last hop counts");
    campus.clock.advance(Duration::from_secs(900));
    assert_eq!(log_in_from(campus, "10.0.0.1", "admin", ADMIN_PASSWORD).await.status, 200);
}

pub(crate) async fn a_flood_of_guesses_is_no_way_around(campus: &Campus) {
    let answers = join_all((0..30).map(|_| campus.log_in("admin", "falsa"))).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 429)), "{answers:?}");
    // Three, and at most one more for each that is hashed at the same time.
    assert!((3..=4).contains(&looked_at), "{looked_at}");
    assert_eq!(campus.log_in("admin", ADMIN_PASSWORD).await.status, 429);
}
