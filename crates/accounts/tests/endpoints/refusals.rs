use std::sync::Arc;

use api::auth::{Claims, Signer, TokenKind, UserRole, generate_keys};
use http::Method;
use kernel::clock::Clock;
use kernel::id::IdSource;
use serde_json::json;

use crate::campus::{Campus, NOON};

const PROTECTED: [(Method, &str); 10] = [
    (Method::GET, "/api/v1/users"),
    (Method::POST, "/api/v1/users"),
    (Method::GET, "/api/v1/users/01hf7yat00e1ne1eyk1x0m0000"),
    (Method::PATCH, "/api/v1/users/01hf7yat00e1ne1eyk1x0m0000"),
    (Method::DELETE, "/api/v1/users/01hf7yat00e1ne1eyk1x0m0000"),
    (Method::GET, "/api/v1/me"),
    (Method::GET, "/api/v1/tokens"),
    (Method::POST, "/api/v1/tokens"),
    (Method::DELETE, "/api/v1/tokens/01hf7yat00e1ne1eyk1x0m0000"),
    (Method::POST, "/api/v1/auth/logout"),
];

pub(crate) async fn nobody_gets_in_without_a_believable_token(campus: &Campus) {
    let second = NOON / 1_000_000;
    let claims = Claims {
        sub: campus.ids.next(),
        username: "admin".to_owned(),
        role: UserRole::Admin,
        courses: vec![],
        carnet: None,
        scopes: None,
        iat: second - 700,
        exp: second,
        jti: "x".to_owned(),
        sid: None,
        kind: TokenKind::Access,
    };
    let strangers = IdSource::from_os(Arc::clone(&campus.clock) as Arc<dyn Clock>);
    let stranger = Signer::from_pem(&generate_keys(&strangers).0).expect("a key");
    let expired = campus.signer.sign(&claims);
    let forged = stranger.sign(&Claims { exp: second + 600, ..claims });
    for (method, path) in PROTECTED {
        let missing = campus.ask(method.clone(), path).send().await;
        assert_eq!(missing.status, 401, "{method} {path} {missing:?}");
        assert_eq!(missing.header("content-type"), "application/problem+json");
        for (token, why) in [(expired.as_str(), "expired"), (&forged, "forged"), ("x", "malformed")] {
            let refused = campus.ask(method.clone(), path).token(token).send().await;
            assert_eq!(refused.status, 401, "{method} {path} {why}");
            assert!(refused.header("www-authenticate").contains(why), "{method} {path} {refused:?}");
        }
    }
}

pub(crate) async fn bodies_that_are_not_right_are_refused(campus: &Campus) {
    let admin = campus.admin().await;
    let me = campus.get("/api/v1/me").token(&admin).send().await.text("id");
    let user = format!("/api/v1/users/{me}");
    for (method, path) in [
        (Method::POST, "/api/v1/auth/login"),
        (Method::POST, "/api/v1/auth/refresh"),
        (Method::POST, "/api/v1/auth/logout"),
        (Method::POST, "/api/v1/auth/register"),
        (Method::POST, "/api/v1/users"),
        (Method::PATCH, user.as_str()),
        (Method::POST, "/api/v1/tokens"),
    ] {
        let send = async |body: &str| campus.ask(method.clone(), path).token(&admin).raw(body).send().await;
        for broken in ["{", "{\"a\"", "nul", "{} {}"] {
            assert_eq!(send(broken).await.status, 400, "{method} {path} {broken}");
        }
        let unknown = send("{\"colour\":1}").await;
        assert_eq!((unknown.status, unknown.faults()), (422, vec!["/colour unknown".to_owned()]), "{method} {path}");
        for mistyped in ["7", "\"x\"", "true"] {
            assert_eq!(send(mistyped).await.status, 422, "{method} {path} {mistyped}");
        }
        let large = format!("{{\"name\":\"{}\"}}", "x".repeat(2 << 20));
        assert_eq!(send(&large).await.status, 413, "{method} {path}");
        let form = campus.ask(method.clone(), path).token(&admin).raw("a=1");
        assert_eq!(form.send().await.status, 400);
    }
    let login = campus.post("/api/v1/auth/login").json(&json!({"username": ["x"], "password": "y"})).send().await;
    assert_eq!((login.status, login.faults()), (422, vec!["/username type".to_owned()]));
    let login = campus.log_in(&"u".repeat(100_000), &"p".repeat(100_000)).await;
    assert_eq!(login.status, 401, "however long they are");
    assert_eq!(campus.log_in("ad\0min", "x\0").await.status, 401);
    assert_eq!(campus.get("/api/v1/users/..%2f..%2fetc").token(&admin).send().await.status, 404);
    assert_eq!(campus.ask(Method::PUT, "/api/v1/users").token(&admin).send().await.status, 405);
}

pub(crate) async fn only_administrators_manage_users(campus: &Campus) {
    for role in ["staff", "professor", "student"] {
        let (_, token) = campus.user(role, role).await;
        let new = json!({"username": "x", "password": "contraseña", "role": "student"});
        assert_eq!(campus.get("/api/v1/users").token(&token).send().await.status, 403, "{role}");
        assert_eq!(campus.post("/api/v1/users").token(&token).json(&new).send().await.status, 403, "{role}");
        let admin = campus.get("/api/v1/me").token(&campus.admin().await).send().await.text("id");
        let path = format!("/api/v1/users/{admin}");
        assert_eq!(campus.get(&path).token(&token).send().await.status, 404, "{role}");
        assert_eq!(campus.patch(&path).token(&token).json(&json!({"role": "student"})).send().await.status, 404);
        assert_eq!(campus.delete(&path).token(&token).send().await.status, 403, "{role}");
    }
}
