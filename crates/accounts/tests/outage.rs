//! What still works when a dependency is away.

mod campus;

use std::sync::Arc;
use std::time::Duration;

use api::auth::{REVOCATIONS_KEY, Verifier, follow_revocations};
use campus::{ADMIN_PASSWORD, Campus};
use kernel::clock::Clock;
use serde_json::json;
use store::fault::{Fault, FaultyLive, Op, Plan};
use testkit::mariadb::MariaDb;
use testkit::process::eventually;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn with_the_database_cut_tokens_and_keys_go_on_and_the_rest_says_503() {
    let server = MariaDb::start().await;
    let campus = Campus::start(&server.url("campus")).await;
    let session = campus.log_in("admin", ADMIN_PASSWORD).await;
    let token = session.text("access_token");
    assert_eq!(campus.get("/readyz").send().await.status, 200);
    server.kill();
    let verifier = Verifier::new(&campus.jwks, campus.clock.clone() as Arc<dyn Clock>).expect("keys");
    assert!(verifier.verify(&token).is_ok(), "whoever has a token goes on");
    assert_eq!(campus.get("/api/v1/auth/jwks.json").send().await.status, 200);
    assert_eq!(campus.get("/healthz").send().await.status, 200);
    assert_eq!(campus.get("/readyz").send().await.status, 503);
    let login = campus.log_in("admin", ADMIN_PASSWORD).await;
    let refresh = json!({"refresh_token": session.text("refresh_token")});
    let refresh = campus.post("/api/v1/auth/refresh").json(&refresh).send().await;
    let me = campus.get("/api/v1/me").token(&token).send().await;
    let user = json!({"username": "x", "password": "contraseña"});
    let register = campus.post("/api/v1/auth/register").json(&user).send().await;
    for (what, answer) in [("login", login), ("refresh", refresh), ("me", me), ("register", register)] {
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{what}: {answer:?}");
        assert_eq!(answer.body["type"], "/problems/unavailable", "{what}");
        let told = answer.body.to_string();
        assert!(!told.contains("127.0.0.1") && !told.contains("mysql"), "{what} tells of the inside: {told}");
    }
    server.restart().await;
    let refresh = json!({"refresh_token": session.text("refresh_token")});
    eventually("the session goes on once the database is back", Duration::from_secs(60), async || {
        campus.post("/api/v1/auth/refresh").json(&refresh).send().await.status == 200
    })
    .await;
    assert_eq!(campus.get("/readyz").send().await.status, 200);
}

#[tokio::test]
async fn with_the_live_store_dead_everything_works_and_revocations_follow_later() {
    let plan = Plan::new();
    let faulty = plan.clone();
    let campus = Campus::start_with("sqlite", |_| (), |live| Arc::new(FaultyLive::new(live, faulty))).await;
    // Another role, which follows the list.
    let verifier = Arc::new(Verifier::new(&campus.jwks, campus.clock.clone() as Arc<dyn Clock>).expect("keys"));
    let end = CancellationToken::new();
    let follower = tokio::spawn(follow_revocations(Arc::clone(&verifier), Arc::clone(&campus.live), end.clone()));
    let (_, ana) = campus.user("ana", "student").await;
    let (eva_id, eva) = campus.user("eva", "student").await;
    assert_eq!(campus.post("/api/v1/auth/logout").token(&ana).send().await.status, 204);
    eventually("the other role knows", Duration::from_secs(30), async || verifier.verify(&ana).is_err()).await;

    for op in [Op::Put, Op::Get, Op::List, Op::Delete] {
        plan.always(op, Fault::Fail);
    }
    let ready = campus.get("/readyz").send().await;
    assert_eq!((ready.status, &ready.body["checks"]["live"]["ok"]), (200, &json!(false)), "it does without");
    let admin = campus.admin().await;
    let removed = campus.delete(&format!("/api/v1/users/{eva_id}")).token(&admin).send().await;
    assert_eq!(removed.status, 204);
    campus.until_revoked(&eva).await;
    assert!(verifier.verify(&ana).is_err(), "elsewhere the last list counts");
    assert!(verifier.verify(&eva).is_ok(), "and does not have what came after it");
    plan.clear();
    eventually("the list follows", Duration::from_secs(30), async || verifier.verify(&eva).is_err()).await;
    end.cancel();
    follower.await.expect("ends");
}

#[tokio::test]
async fn a_flush_of_the_live_store_is_healed() {
    let campus = Campus::start("sqlite").await;
    let (_, ana) = campus.user("ana", "student").await;
    assert_eq!(campus.post("/api/v1/auth/logout").token(&ana).send().await.status, 204);
    let published = async || campus.live.get(REVOCATIONS_KEY).await.expect("reads").is_some_and(|list| list.len() > 40);
    eventually("the list is published", Duration::from_secs(30), async || published().await).await;
    campus.live.delete(REVOCATIONS_KEY).await.expect("flushes");
    eventually("the list is there again", Duration::from_secs(30), async || published().await).await;
    let verifier = Arc::new(Verifier::new(&campus.jwks, campus.clock.clone() as Arc<dyn Clock>).expect("keys"));
    assert!(verifier.verify(&ana).is_ok(), "a role that has just started knows of nothing");
    let end = CancellationToken::new();
    let follower = tokio::spawn(follow_revocations(Arc::clone(&verifier), Arc::clone(&campus.live), end.clone()));
    eventually("and learns of it", Duration::from_secs(30), async || verifier.verify(&ana).is_err()).await;
    end.cancel();
    follower.await.expect("ends");
}
