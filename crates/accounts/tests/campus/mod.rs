//! A service of accounts as `bedel` wires it, without sockets: requests go through the whole router.

#![expect(dead_code, reason = "each test program uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use accounts::{Deps, ensure_admin};
use api::auth::{Signer, Verifier, generate_keys};
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use kernel::clock::{Clock, ManualClock};
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use kernel::secret::Secret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const ADMIN_PASSWORD: &str = "un secreto largo";
pub(crate) const NOON: i64 = 1_700_000_000_000_000;

pub(crate) struct Campus {
    pub(crate) router: Router,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) live: Arc<dyn Live>,
    pub(crate) signer: Signer,
    pub(crate) jwks: String,
    pub(crate) ids: IdSource,
    pub(crate) sql: store::Sql,
    pub(crate) lifecycle: Lifecycle,
    folder: TempDir,
}

impl Drop for Campus {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    /// `field code` of each wrong field.
    pub(crate) fn faults(&self) -> Vec<String> {
        let faults = self.body["errors"].as_array().cloned().unwrap_or_default();
        let word = |fault: &Value, key: &str| fault[key].as_str().unwrap_or_default().to_owned();
        faults.iter().map(|fault| format!("{} {}", word(fault, "field"), word(fault, "code"))).collect()
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.body[key].as_str().unwrap_or_else(|| panic!("{key} in {self:?}")).to_owned()
    }
}

/// One request being put together.
pub(crate) struct Ask<'c> {
    campus: &'c Campus,
    request: http::request::Builder,
    body: Body,
}

impl Ask<'_> {
    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw(&body.to_string())
    }

    pub(crate) fn raw(self, body: &str) -> Self {
        Self { body: Body::from(body.to_owned()), ..self.header("content-type", "application/json") }
    }

    pub(crate) async fn send(self) -> Answer {
        let request = self.request.body(self.body).expect("builds");
        let response = self.campus.router.clone().oneshot(request).await.expect("answers");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

impl Campus {
    pub(crate) async fn start(sql_url: &str) -> Self {
        let tweak = |settings: &mut config::Accounts| {
            settings.failures_per_account = 3;
            settings.failures_per_address = 12;
        };
        Self::start_with(sql_url, tweak, |live| live).await
    }

    pub(crate) async fn start_with(
        sql_url: &str,
        tweak: impl FnOnce(&mut config::Accounts),
        decorate: impl FnOnce(Arc<dyn Live>) -> Arc<dyn Live>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        data.create().expect("the data folder");
        let clock = Arc::new(ManualClock::at_micros(NOON));
        let time = Arc::clone(&clock) as Arc<dyn Clock>;
        let ids = IdSource::from_os(Arc::clone(&time));
        let settings = config::Sql { url: Secret::new(sql_url.to_owned()), connections: 4 };
        let sql = store::Sql::open("accounts", &settings, &data).await.expect("opens");
        store::migrate(&sql, accounts::migrations()).await.expect("migrates");
        let made = ensure_admin(&sql, &time, &ids, Secret::new(ADMIN_PASSWORD.to_owned())).await.expect("an admin");
        assert!(made, "there was no user before");
        let live = store::open_live(&config::Live::default(), &data, Arc::clone(&time)).await.expect("live");
        let live = decorate(live);
        let (pem, jwks) = generate_keys(&ids);
        let signer = Signer::from_pem(&pem).expect("a key");
        let verifier = Arc::new(Verifier::new(&jwks, Arc::clone(&time)).expect("keys"));
        let lifecycle = Lifecycle::new();
        let mut settings = config::Accounts::default();
        tweak(&mut settings);
        let (routes, checks) = accounts::build(Deps {
            sql: sql.clone(),
            live: Arc::clone(&live),
            clock: time,
            ids: ids.clone(),
            verifier: Arc::clone(&verifier),
            signer: signer.clone(),
            settings,
            lifecycle: lifecycle.clone(),
        });
        let service = api::Service::new("accounts", "accounts-1", verifier).routes(routes).checks(checks);
        Self { router: service.build(), clock, live, signer, jwks, ids, sql, lifecycle, folder }
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        Ask { campus: self, request: Request::builder().method(method).uri(path), body: Body::empty() }
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Ask<'_> {
        self.ask(Method::POST, path)
    }

    pub(crate) fn patch(&self, path: &str) -> Ask<'_> {
        self.ask(Method::PATCH, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Ask<'_> {
        self.ask(Method::DELETE, path)
    }

    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login").json(&json!({"username": username, "password": password})).send().await
    }

    /// The administrator's access token.
    pub(crate) async fn admin(&self) -> String {
        self.log_in("admin", ADMIN_PASSWORD).await.text("access_token")
    }

    /// Makes a user with the password `contraseña`; returns the id and an access token.
    pub(crate) async fn user(&self, username: &str, role: &str) -> (String, String) {
        let new = json!({"username": username, "password": "contraseña", "role": role});
        let made = self.post("/api/v1/users").token(&self.admin().await).json(&new).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        (made.text("id"), self.log_in(username, "contraseña").await.text("access_token"))
    }

    /// Waits until a token is no longer believed: the list of revocations is read beside the requests.
    pub(crate) async fn until_revoked(&self, token: &str) {
        testkit::process::eventually("the token is revoked", Duration::from_secs(20), async || {
            self.get("/api/v1/me").token(token).send().await.status == 401
        })
        .await;
    }
}
