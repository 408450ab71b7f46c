use std::sync::Arc;
use std::time::Duration;

use api::auth::{Verifier, follow_revocations};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::campus::Campus;

pub(crate) async fn api_tokens_are_shown_once_and_do_what_their_scopes_say(campus: &Campus) {
    let admin = campus.admin().await;
    let new = json!({"name": " carga ", "scopes": ["users:read", "grades:write", "users:read"], "expires_in_days": 30});
    let made = campus.post("/api/v1/tokens").token(&admin).json(&new).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("cache-control"), "no-store");
    let token = made.text("token");
    assert!(token.starts_with("bdl_"));
    assert_eq!(made.body["scopes"], json!(["grades:write", "users:read"]));
    assert_eq!((made.text("name"), made.text("expires_at")), ("carga".into(), "2023-12-14T22:13:20Z".into()));
    assert_eq!(made.text("hint"), format!("bdl_…{}", &token[token.len() - 6..]));
    let listed = campus.get("/api/v1/tokens").token(&admin).send().await;
    let mut expected = made.body.clone();
    expected.as_object_mut().expect("an object").remove("token");
    assert_eq!(listed.body, json!({"items": [expected], "next_cursor": null}), "the token itself is gone");

    assert_eq!(campus.get("/api/v1/users").token(&token).send().await.status, 200);
    assert_eq!(campus.get("/api/v1/me").token(&token).send().await.text("username"), "admin");
    let user = json!({"username": "x", "password": "contraseña", "role": "student"});
    let refused = campus.post("/api/v1/users").token(&token).json(&user).send().await;
    assert_eq!(refused.status, 403);
    assert!(refused.text("detail").contains("users:write"), "{refused:?}");
    assert_eq!(
        campus.post("/api/v1/tokens").token(&token).json(&new).send().await.status,
        403,
        "no token from a token"
    );
    assert_eq!(campus.get("/api/v1/tokens").token(&token).send().await.status, 403);

    let path = format!("/api/v1/tokens/{}", made.text("id"));
    assert_eq!(campus.delete(&path).token(&token).send().await.status, 403);
    assert_eq!(campus.delete(&path).token(&admin).send().await.status, 204);
    assert_eq!(campus.delete(&path).token(&admin).send().await.status, 404);
    campus.until_revoked(&token).await;
}

pub(crate) async fn a_repeated_request_gets_the_same_token(campus: &Campus) {
    let admin = campus.admin().await;
    let make = async |key: &str, body: &Value| {
        campus.post("/api/v1/tokens").token(&admin).header("idempotency-key", key).json(body).send().await
    };
    let body = json!({"name": "t", "scopes": ["files:read"]});
    let (first, second) = (make("k", &body).await, make("k", &body).await);
    assert_eq!((first.status, second.status, &first.body), (201, 201, &second.body));
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_ne!(make("l", &body).await.text("token"), first.text("token"));
    assert_eq!(make("k", &json!({"name": "u", "scopes": ["files:read"]})).await.status, 422);
    let path = format!("/api/v1/tokens/{}", first.text("id"));
    assert_eq!(campus.delete(&path).token(&admin).send().await.status, 204);
    assert_eq!(make("k", &body).await.status, 404, "what was revoked does not come back");
}

pub(crate) async fn the_last_use_is_collected(campus: &Campus) {
    let admin = campus.admin().await;
    let new = json!({"name": "t", "scopes": ["files:read"]});
    let made = campus.post("/api/v1/tokens").token(&admin).json(&new).send().await;
    // Another role sees the token.
    let verifier = Arc::new(Verifier::new(&campus.jwks, campus.clock.clone()).expect("keys"));
    verifier.verify(&made.text("token")).expect("believed");
    let end = CancellationToken::new();
    let follower = tokio::spawn(follow_revocations(Arc::clone(&verifier), Arc::clone(&campus.live), end.clone()));
    testkit::process::eventually("the use is written down", Duration::from_secs(120), async || {
        let listed = campus.get("/api/v1/tokens").token(&admin).send().await;
        listed.body["items"][0]["last_used_at"] == json!("2023-11-14T22:13:20Z")
    })
    .await;
    end.cancel();
    follower.await.expect("ends");
}

pub(crate) async fn what_is_wrong_with_a_token_is_told(campus: &Campus) {
    let admin = campus.admin().await;
    for (body, faults) in [
        (
            json!({"name": "", "scopes": [], "expires_in_days": 0}),
            vec!["/name too_short", "/scopes too_short", "/expires_in_days range"],
        ),
        (
            json!({"name": "a\u{7}", "scopes": ["files:read", "all"], "expires_in_days": 366}),
            vec!["/name characters", "/scopes/1 choice", "/expires_in_days range"],
        ),
        (json!({"scopes": ["files:read"]}), vec!["/name missing"]),
        (json!({"name": "x", "scopes": "files:read"}), vec!["/scopes type"]),
        (json!({"name": "x", "scopes": ["files:read"], "role": "admin"}), vec!["/role unknown"]),
    ] {
        let refused = campus.post("/api/v1/tokens").token(&admin).json(&body).send().await;
        assert_eq!(
            (refused.status, refused.faults()),
            (422, faults.into_iter().map(str::to_owned).collect()),
            "{body}"
        );
    }
    let listed = campus.get("/api/v1/tokens").token(&admin).send().await;
    assert_eq!(listed.body["items"], json!([]));
}

pub(crate) async fn others_tokens_are_not_there(campus: &Campus) {
    let (_, ana) = campus.user("ana", "student").await;
    let (_, eva) = campus.user("eva", "student").await;
    let new = json!({"name": "t", "scopes": ["files:read"]});
    let made = campus.post("/api/v1/tokens").token(&ana).json(&new).send().await;
    let path = format!("/api/v1/tokens/{}", made.text("id"));
    assert_eq!(campus.get("/api/v1/tokens").token(&eva).send().await.body["items"], json!([]));
    assert_eq!(campus.delete(&path).token(&eva).send().await.status, 404);
    assert_eq!(campus.delete("/api/v1/tokens/x").token(&eva).send().await.status, 404);
    assert_eq!(campus.delete(&path).token(&campus.admin().await).send().await.status, 204, "an administrator may");
}
