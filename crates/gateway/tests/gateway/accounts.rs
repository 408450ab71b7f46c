//! What a token changes: its account's limit, the status and the metrics.

use std::sync::Arc;

use api::auth::{Claims, Signer, TokenKind, UserRole, Verifier, generate_keys};
use http::StatusCode;
use kernel::clock::{Clock, SystemClock};
use kernel::id::{Id, IdSource};

use crate::stage::{Stage, crypto, files, listener, named};

struct Tokens {
    signer: Signer,
    clock: Arc<dyn Clock>,
    ids: IdSource,
}

impl Tokens {
    fn make() -> (Self, Arc<Verifier>) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = IdSource::from_os(Arc::clone(&clock));
        let (pem, jwks) = generate_keys(&ids);
        let verifier = Verifier::new(&jwks, Arc::clone(&clock)).expect("keys");
        (Self { signer: Signer::from_pem(&pem).expect("a key"), clock, ids }, Arc::new(verifier))
    }

    fn of(&self, user: Id, role: UserRole) -> String {
        let now = self.clock.now().as_seconds();
        self.signer.sign(&Claims {
            sub: user,
            username: "ana".to_owned(),
            role,
            courses: Vec::new(),
            carnet: None,
            scopes: None,
            iat: now,
            exp: now + 600,
            jti: self.ids.next().to_string(),
            sid: None,
            kind: TokenKind::Access,
        })
    }
}

#[tokio::test]
async fn one_account_over_its_limit_leaves_the_others_alone() {
    crypto();
    let (tokens, verifier) = Tokens::make();
    let settings = kernel::config::Gateway { requests_per_account: 2, ..Default::default() };
    let routes = files(1, &[named("a")]);
    let stage = Stage::on(listener(), listener(), routes, settings, "gateway-1", Some(verifier)).await;
    let (greedy, modest) = (tokens.ids.next(), tokens.ids.next());
    let client = reqwest::Client::new();
    let status = |token: String| {
        let request = client.get(stage.url("/api/v1/files")).bearer_auth(token);
        async move { request.send().await.expect("answers").status() }
    };
    let forged = "e30.e30.e30".to_owned();
    let mut seen = Vec::new();
    for _ in 0..20 {
        // Several tokens of one account share its limit.
        seen.push(status(tokens.of(greedy, UserRole::Student)).await);
    }
    assert!(seen.contains(&StatusCode::TOO_MANY_REQUESTS), "{seen:?}");
    assert_eq!(status(tokens.of(modest, UserRole::Student)).await, StatusCode::OK);
    assert_eq!(status(forged).await, StatusCode::OK, "a forged token counts against nobody");
}

#[tokio::test]
async fn administrators_see_addresses_and_others_do_not() {
    crypto();
    let (tokens, verifier) = Tokens::make();
    let routes = files(1, &[named("a")]);
    let stage = Stage::on(listener(), listener(), routes, Default::default(), "gateway-1", Some(verifier)).await;
    let client = reqwest::Client::new();
    let status = |role| {
        let request = client.get(stage.url("/api/v1/status")).bearer_auth(tokens.of(tokens.ids.next(), role));
        async move { request.send().await.expect("answers").text().await.expect("reads") }
    };
    assert!(status(UserRole::Admin).await.contains("files-1"));
    assert!(!status(UserRole::Student).await.contains("\"pid\""));
}
