//! A database, servers and agents on it, as processes would have them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::auth::{Claims, Signer, TokenKind, UserRole, Verifier, generate_keys};
use backup::agent::{Agent, Identity, Options};
use backup::{Authority, Deps, EnrollToken, build};
use kernel::clock::{Clock, SystemClock, Timestamp};
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Sql;
use testkit::mariadb::MariaDb;
use testkit::process::eventually;
use tokio::net::TcpListener;

pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Campus {
    folder: tempfile::TempDir,
    pub(crate) data: DataDir,
    pub(crate) url: String,
    signer: Signer,
    pub(crate) jwks: String,
    /// For its servers it is day: nothing is rehearsed unasked.
    pub(crate) day: Ahead,
    _maria: Option<MariaDb>,
}

/// As a campus has them.
pub(crate) fn settings() -> config::Backups {
    config::Backups::default()
}

/// One server.
pub(crate) struct Server {
    pub(crate) http: SocketAddr,
    leads: Arc<dyn Fn() -> bool + Send + Sync>,
    pub(crate) lifecycle: Lifecycle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

/// One agent.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    pub(crate) lifecycle: Lifecycle,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

impl Campus {
    pub(crate) async fn sqlite() -> Self {
        Self::migrated("sqlite".to_owned(), None).await
    }

    pub(crate) async fn mariadb() -> Self {
        let maria = MariaDb::start().await;
        Self::migrated(maria.url("campus"), Some(maria)).await
    }

    async fn migrated(url: String, maria: Option<MariaDb>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path().join("data"));
        data.create().expect("the data folder");
        let (pem, jwks) = generate_keys(&ids());
        let signer = Signer::from_pem(&pem).expect("a key");
        let campus = Self { folder, data, url, signer, jwks, day: Ahead::by_day(), _maria: maria };
        store::migrate(&campus.sql().await, backup::migrations()).await.expect("migrates");
        campus
    }

    pub(crate) async fn sql(&self) -> Sql {
        open(&self.url, &self.data).await
    }

    /// A folder of the test's own.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("a path").join(name)
    }

    pub(crate) async fn server(&self, replica: &str) -> Server {
        self.server_at(self.day, replica).await
    }

    /// A server for which it is half past three at night.
    pub(crate) async fn server_at_night(&self, replica: &str) -> Server {
        self.server_at(Ahead::to(3 * 3600 + 1800), replica).await
    }

    async fn server_at(&self, ahead: Ahead, replica: &str) -> Server {
        start(Arc::new(ahead), &self.url, &self.data, &self.jwks, replica, settings()).await
    }

    /// What is told live.
    pub(crate) async fn live(&self) -> Arc<dyn Live> {
        open_live(&self.data).await
    }

    pub(crate) fn token(&self, role: UserRole) -> String {
        let now = SystemClock.now().as_seconds();
        let ids = ids();
        self.signer.sign(&Claims {
            sub: ids.next(),
            username: "ana".to_owned(),
            role,
            scopes: None,
            iat: now,
            exp: now + 3600,
            jti: ids.next().to_string(),
            sid: Some(ids.next().to_string()),
            kind: TokenKind::Access,
            courses: Vec::new(),
            carnet: None,
        })
    }

    /// Someone at a server.
    pub(crate) fn at(&self, server: &Server, role: UserRole) -> Http {
        Http { base: format!("http://{}", server.http), token: self.token(role), client: reqwest::Client::new() }
    }

    /// A word with which a node may enrol.
    pub(crate) async fn enroll_token(&self, server: &Server) -> String {
        self.at(server, UserRole::Admin).enroll_token().await
    }

    /// An enrolled agent that may give everything below `allow`.
    pub(crate) async fn node(&self, server: &Server, name: &str, allow: &Path) -> Node {
        let state = self.path(name);
        Identity::enrol(&self.enroll_token(server).await, &state).await.expect("enrols");
        serve_agent(&state, allow, "127.0.0.1:0").await
    }
}

/// Serves as the agent whose identity is in `state`.
pub(crate) async fn serve_agent(state: &Path, allow: &Path, listen: &str) -> Node {
    serve_with(Options { allow: vec![allow.to_owned()], state: state.to_owned(), hooks: None, limit: None }, listen)
        .await
}

/// The same, in its own way.
pub(crate) async fn serve_with(options: Options, listen: &str) -> Node {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let identity = Identity::load(&options.state).expect("an identity");
    let agent = Agent::new(options, &identity, clock, ids()).expect("an agent");
    let listener = TcpListener::bind(listen).await.expect("binds");
    let (address, lifecycle) = (listener.local_addr().expect("an address"), Lifecycle::new());
    tokio::spawn(agent.serve(listener, lifecycle.clone()));
    Node { address, lifecycle }
}

pub(crate) fn ids() -> IdSource {
    IdSource::from_os(Arc::new(SystemClock))
}

async fn open(url: &str, data: &DataDir) -> Sql {
    let config = config::Sql { url: Secret::new(url.to_owned()), connections: 4 };
    Sql::open("backups", &config, data).await.expect("opens")
}

async fn open_live(data: &DataDir) -> Arc<dyn Live> {
    store::open_live(&config::Live::default(), data, Arc::new(SystemClock)).await.expect("live")
}

/// A clock that is so many seconds ahead, less than a day of them.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Ahead(u64);

impl Ahead {
    /// As little as brings the day, since certificates of the future are not believed.
    fn by_day() -> Self {
        let hour = SystemClock.now().as_seconds().unsigned_abs() % 86_400 / 3600;
        Self(if (1..6).contains(&hour) { 6 * 3600 } else { 0 })
    }

    /// Of so many seconds after midnight, UTC.
    fn to(time_of_day: u64) -> Self {
        const DAY: u64 = 86_400;
        let now = SystemClock.now().as_seconds().unsigned_abs() % DAY;
        Self((time_of_day + DAY - now) % DAY)
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(Duration::from_secs(self.0))
    }
}

/// A server on a database that was migrated, by a clock of its own; tokens go by the system's.
pub(crate) async fn start(
    clock: Arc<dyn Clock>,
    url: &str,
    data: &DataDir,
    jwks: &str,
    replica: &str,
    settings: config::Backups,
) -> Server {
    let lifecycle = Lifecycle::new();
    let door = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let http = door.local_addr().expect("an address");
    let built = build(Deps {
        sql: open(url, data).await,
        folder: data.backups(),
        authority: Authority::ensure(&data.keys(), clock.now()).expect("an authority"),
        clock,
        ids: ids(),
        settings,
        live: open_live(data).await,
        replica: replica.to_owned(),
        http: Some(http),
        client: reqwest::Client::new(),
        lifecycle: lifecycle.clone(),
    })
    .expect("builds");
    let verifier = Arc::new(Verifier::new(jwks, Arc::new(SystemClock)).expect("keys"));
    let service = api::Service::new("backup-server", replica, verifier).routes(built.routes).checks(built.checks);
    tokio::spawn(api::serve(door, service.build(), lifecycle.clone()));
    Server { http, leads: built.leads, lifecycle }
}

impl Server {
    /// Waits until it leads.
    pub(crate) async fn leads(&self) {
        eventually("it leads", PATIENCE, async || (self.leads)()).await;
    }

    pub(crate) fn is_leading(&self) -> bool {
        (self.leads)()
    }
}

/// Someone who asks over HTTP.
pub(crate) struct Http {
    pub(crate) base: String,
    pub(crate) token: String,
    pub(crate) client: reqwest::Client,
}

impl Http {
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}/api/v1/backups{path}", self.base)).bearer_auth(&self.token)
    }

    async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.expect("answers");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        Self::answer(self.request(reqwest::Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        Self::answer(self.request(reqwest::Method::POST, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> (u16, Value) {
        Self::answer(self.request(reqwest::Method::PATCH, path).json(body)).await
    }

    /// Rehearses a backup; gives how it ended.
    pub(crate) async fn rehearse(&self, id: &str) -> Value {
        let (status, attempt) = self.post(&format!("/{id}/rehearse"), &Value::Null).await;
        assert_eq!((status, &attempt["kind"]), (202, &json!("rehearsal")), "{attempt}");
        self.ended(&attempt).await
    }

    /// The open alert of a kind, once there is one.
    pub(crate) async fn alert(&self, kind: &str) -> Value {
        let mut found = Value::Null;
        eventually(kind, PATIENCE, async || {
            let open = self.get("/alerts?open=true").await.1;
            found = open["items"].as_array().and_then(|all| all.iter().find(|one| one["kind"] == kind)).cloned().into();
            found.is_object()
        })
        .await;
        found
    }

    /// Waits until nothing is wrong.
    pub(crate) async fn nothing_is_wrong(&self) {
        eventually("no alert is open", PATIENCE, async || self.get("/alerts?open=true").await.1["items"] == json!([]))
            .await;
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        Self::answer(self.request(reqwest::Method::DELETE, path)).await
    }

    /// A word with which a node may enrol.
    pub(crate) async fn enroll_token(&self) -> String {
        let (status, made) = self.post("/enroll-tokens", &Value::Null).await;
        assert_eq!(status, 201, "{made}");
        EnrollToken {
            url: self.base.clone(),
            ca: made["ca"].as_str().expect("a digest").to_owned(),
            id: made["id"].as_str().expect("an id").parse().expect("an id"),
            secret: made["secret"].as_str().expect("a secret").to_owned(),
        }
        .encode()
    }

    /// Registers a folder; gives the target's id.
    pub(crate) async fn register(&self, address: SocketAddr, path: &Path) -> String {
        self.register_every(address, path, 60).await
    }

    /// The same, with the minutes between two backups.
    pub(crate) async fn register_every(&self, address: SocketAddr, path: &Path, minutes: u32) -> String {
        let (host, port) = (address.ip().to_string(), address.port());
        let body = json!({"host": host, "port": port, "path": path, "every_minutes": minutes});
        let (status, made) = self.post("/targets", &body).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().expect("an id").to_owned()
    }

    /// The attempt once it has ended.
    pub(crate) async fn ended(&self, attempt: &Value) -> Value {
        let path = format!("/log/{}", attempt["id"].as_str().expect("an id"));
        let mut last = Value::Null;
        eventually("the attempt ends", PATIENCE, async || {
            last = self.get(&path).await.1;
            last["ended_at"].is_string()
        })
        .await;
        last
    }

    /// Backs up now; gives how it ended.
    pub(crate) async fn run(&self, target: &str) -> Value {
        let (status, attempt) = self.post(&format!("/targets/{target}/run"), &Value::Null).await;
        assert_eq!(status, 202, "{attempt}");
        self.ended(&attempt).await
    }

    /// Backs up until that succeeds.
    pub(crate) async fn succeed(&self, target: &str) {
        eventually("a backup", PATIENCE, async || {
            matches!(self.run(target).await["outcome"].as_str(), Some("done" | "unchanged"))
        })
        .await;
    }

    /// The id of the newest backup.
    pub(crate) async fn newest(&self) -> String {
        let listed = self.get("?limit=1").await.1;
        listed["items"][0]["id"].as_str().unwrap_or_else(|| panic!("no backup: {listed}")).to_owned()
    }

    /// The first attempt that ended with this outcome.
    pub(crate) async fn attempt(&self, outcome: &str) -> Value {
        let mut found = Value::Null;
        eventually(outcome, PATIENCE, async || {
            found = self.get(&format!("/log?outcome={outcome}")).await.1["items"][0].clone();
            found.is_object()
        })
        .await;
        found
    }

    /// A backup's archive.
    pub(crate) async fn archive(&self, id: &str) -> Vec<u8> {
        let answer = self.request(reqwest::Method::GET, &format!("/{id}/archive.tgz")).send().await.expect("answers");
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "application/gzip");
        assert!(!answer.headers().contains_key("content-encoding"));
        let length = answer.content_length();
        let bytes = answer.bytes().await.expect("all of it").to_vec();
        assert_eq!(length, Some(bytes.len() as u64));
        bytes
    }
}
