use std::time::Duration;

use api::auth::{UserRole, Verifier};
use serde_json::{Value, json};

use crate::campus::{ADMIN_PASSWORD, Answer, Campus};

async fn refresh(campus: &Campus, token: &str) -> Answer {
    campus.post("/api/v1/auth/refresh").json(&json!({"refresh_token": token})).send().await
}

pub(crate) async fn logging_in_gives_tokens_that_the_keys_verify(campus: &Campus) {
    let answer = campus.log_in(" ADMIN ", ADMIN_PASSWORD).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((answer.text("token_type").as_str(), &answer.body["expires_in"]), ("Bearer", &json!(600)));
    assert_eq!(answer.header("cache-control"), "no-store");
    let keys = campus.get("/api/v1/auth/jwks.json").send().await;
    assert_eq!(keys.body.to_string(), serde_json::from_str::<Value>(&campus.jwks).expect("JSON").to_string());
    let verifier = Verifier::new(&keys.body.to_string(), campus.clock.clone()).expect("keys");
    let caller = verifier.verify(&answer.text("access_token")).expect("believed");
    assert_eq!((caller.username.as_str(), caller.role, caller.scopes), ("admin", UserRole::Admin, None));
    let me = campus.get("/api/v1/me").token(&answer.text("access_token")).send().await;
    assert_eq!((me.status, me.text("id")), (200, caller.user.to_string()));
    let mut fields: Vec<&str> = me.body.as_object().expect("an object").keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["carnet", "courses", "created_at", "email", "id", "name", "role", "username"]);
    let (wrong, unknown) = (campus.log_in("admin", "x").await, campus.log_in("nobody", "x").await);
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.body["detail"], unknown.body["detail"], "they do not tell whether the user exists");
}

pub(crate) async fn a_refresh_token_is_good_once(campus: &Campus) {
    let first = campus.log_in("admin", ADMIN_PASSWORD).await;
    let second = refresh(campus, &first.text("refresh_token")).await;
    assert_eq!(second.status, 200, "{second:?}");
    let third = refresh(campus, &second.text("refresh_token")).await;
    assert_eq!(third.status, 200);
    let other = campus.log_in("admin", ADMIN_PASSWORD).await;
    // Somebody comes with the first one again: whoever has the third one is put out as well.
    assert_eq!(refresh(campus, &first.text("refresh_token")).await.status, 401);
    assert_eq!(refresh(campus, &third.text("refresh_token")).await.status, 401);
    campus.until_revoked(&third.text("access_token")).await;
    assert_eq!(refresh(campus, &other.text("refresh_token")).await.status, 200, "other sessions go on");
    for made_up in ["", "x", "bdr_x.y.z", &first.text("access_token")] {
        assert_eq!(refresh(campus, made_up).await.status, 401);
    }
    assert_eq!(campus.post("/api/v1/auth/refresh").send().await.status, 401, "no token at all");
}

pub(crate) async fn an_answer_that_was_lost_does_not_end_the_session(campus: &Campus) {
    let first = campus.log_in("admin", ADMIN_PASSWORD).await.text("refresh_token");
    let lost = refresh(campus, &first).await.text("refresh_token");
    campus.clock.advance(Duration::from_secs(9));
    let again = refresh(campus, &first).await;
    assert_eq!(again.status, 200, "its successor was not used, so the answer was lost");
    assert_eq!(refresh(campus, &again.text("refresh_token")).await.status, 200);
    assert_eq!(refresh(campus, &lost).await.status, 401, "the lost one is used up");

    let first = campus.log_in("admin", ADMIN_PASSWORD).await.text("refresh_token");
    let second = refresh(campus, &first).await.text("refresh_token");
    campus.clock.advance(Duration::from_secs(11));
    assert_eq!(refresh(campus, &first).await.status, 401, "nobody waits that long for an answer");
    assert_eq!(refresh(campus, &second).await.status, 401);
}

pub(crate) async fn a_session_ends_when_its_time_is_over(campus: &Campus) {
    let answer = campus.log_in("admin", ADMIN_PASSWORD).await;
    campus.clock.advance(Duration::from_secs(599));
    assert_eq!(campus.get("/api/v1/me").token(&answer.text("access_token")).send().await.status, 200);
    campus.clock.advance(Duration::from_secs(1));
    let expired = campus.get("/api/v1/me").token(&answer.text("access_token")).send().await;
    assert_eq!(expired.status, 401);
    assert!(expired.header("www-authenticate").contains("expired"));
    campus.clock.advance(Duration::from_secs(29 * 86_400));
    let renewed = refresh(campus, &answer.text("refresh_token")).await;
    assert_eq!(renewed.status, 200);
    campus.clock.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(refresh(campus, &renewed.text("refresh_token")).await.status, 401);
}

pub(crate) async fn logging_out_ends_one_session_or_all(campus: &Campus) {
    let [one, two, three, four] = [(); 4].map(|()| campus.log_in("admin", ADMIN_PASSWORD));
    let (one, two, three, four) = (one.await, two.await, three.await, four.await);
    let body = json!({"refresh_token": one.text("refresh_token")});
    let out = campus.post("/api/v1/auth/logout").json(&body).send().await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").starts_with("__Host-bedel=; ") && out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(refresh(campus, &one.text("refresh_token")).await.status, 401);
    campus.until_revoked(&one.text("access_token")).await;
    assert_eq!(campus.post("/api/v1/auth/logout").json(&body).send().await.status, 204, "it may be said twice");
    let out = campus.post("/api/v1/auth/logout").token(&two.text("access_token")).send().await;
    assert_eq!(out.status, 204);
    assert_eq!(refresh(campus, &two.text("refresh_token")).await.status, 401);
    assert_eq!(campus.get("/api/v1/me").token(&three.text("access_token")).send().await.status, 200);
    let everywhere = campus.post("/api/v1/auth/logout").json(&json!({"everywhere": true}));
    assert_eq!(everywhere.send().await.status, 401, "whose sessions?");
    let everywhere = campus.post("/api/v1/auth/logout").token(&three.text("access_token"));
    assert_eq!(everywhere.json(&json!({"everywhere": true})).send().await.status, 204);
    for answer in [&three, &four] {
        assert_eq!(refresh(campus, &answer.text("refresh_token")).await.status, 401);
        campus.until_revoked(&answer.text("access_token")).await;
    }
    assert_eq!(campus.log_in("admin", ADMIN_PASSWORD).await.status, 200, "the user may come again");
}

pub(crate) async fn the_cookie_carries_the_refresh_token(campus: &Campus) {
    let answer = campus.log_in("admin", ADMIN_PASSWORD).await;
    let set = answer.header("set-cookie").to_owned();
    for part in ["; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite=Lax;", "; Max-Age=2592000"] {
        assert!(set.contains(part), "{part} in {set}");
    }
    let cookie = set.split(';').next().expect("a cookie");
    assert_eq!(cookie, format!("__Host-bedel={}", answer.text("refresh_token")));
    let renewed = campus.post("/api/v1/auth/refresh").header("cookie", cookie).send().await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let cookie = renewed.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    assert_eq!(campus.post("/api/v1/auth/logout").header("cookie", &cookie).send().await.status, 204);
    assert_eq!(campus.post("/api/v1/auth/refresh").header("cookie", &cookie).send().await.status, 401);
}
