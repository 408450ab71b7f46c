//! A campus of files replicas in one process, reached over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::auth::{Claims, Signer, TokenKind, UserRole, Verifier, generate_keys};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use kernel::blobs::Blobs;
use kernel::clock::{Clock, SystemClock};
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::id::{Id, IdSource};
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use kernel::secret::Secret;
use serde_json::Value;
use store::fault::{FaultyBlobs, FaultyLive, Plan};
use store::{LocalBlobs, Sql};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What a test sends a body through, bit by bit.
pub(crate) type Sender = mpsc::Sender<Result<Frame<Bytes>, std::io::Error>>;
/// A request on its way; dropping it breaks its connection.
pub(crate) type Pending = AbortOnDrop<Result<Answer, hyper::Error>>;
pub(crate) type Body = StreamBody<futures::stream::BoxStream<'static, Result<Frame<Bytes>, std::io::Error>>>;

/// Shared by the replicas of a test: data folder, keys, settings, faults.
pub(crate) struct Campus {
    _folder: tempfile::TempDir,
    pub(crate) data: DataDir,
    pub(crate) settings: config::Files,
    pub(crate) blob_faults: Plan,
    pub(crate) live_faults: Plan,
    pub(crate) ids: IdSource,
    sql: config::Sql,
    signer: Signer,
    jwks: String,
}

/// A replica that serves until it is dropped.
pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    pub(crate) jobs: files::Jobs,
    pub(crate) sql: Sql,
    pub(crate) lifecycle: Lifecycle,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.lifecycle.stop();
        self.lifecycle.hard().cancel();
    }
}

/// A user with a token.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: Id,
    pub(crate) token: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{:?} {:?}", self.headers, self.body);
        self
    }
}

impl Campus {
    pub(crate) async fn new(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        data.create().expect("creates");
        let ids = IdSource::from_os(Arc::new(SystemClock));
        let (pem, jwks) = generate_keys(&ids);
        let settings = config::Files { reserve: 0, ..config::Files::default() };
        let sql = config::Sql { url: Secret::new(url.to_owned()), ..config::Sql::default() };
        let opened = Sql::open("files", &sql, &data).await.expect("opens");
        store::migrate(&opened, files::migrations()).await.expect("migrates");
        Self {
            signer: Signer::from_pem(&pem).expect("our key"),
            blob_faults: Plan::new(),
            live_faults: Plan::new(),
            _folder: folder,
            data,
            settings,
            ids,
            sql,
            jwks,
        }
    }

    pub(crate) async fn replica(&self, name: &str) -> Replica {
        self.replica_at(name, Arc::new(SystemClock)).await
    }

    pub(crate) async fn replica_at(&self, name: &str, clock: Arc<dyn Clock>) -> Replica {
        let lifecycle = Lifecycle::new();
        let sql = Sql::open("files", &self.sql, &self.data).await.expect("opens");
        let blobs: Arc<dyn Blobs> = Arc::new(LocalBlobs::open(self.data.blobs()).expect("opens"));
        let live = store::open_live(&config::Live::default(), &self.data, Arc::new(SystemClock)).await.expect("opens");
        let live: Arc<dyn Live> = Arc::new(FaultyLive::new(live, self.live_faults.clone()));
        let verifier = Arc::new(Verifier::new(&self.jwks, Arc::new(SystemClock)).expect("our key"));
        let built = files::build(files::Deps {
            sql: sql.clone(),
            blobs: Arc::new(FaultyBlobs::new(blobs, self.blob_faults.clone())),
            live,
            clock,
            ids: IdSource::from_os(Arc::new(SystemClock)),
            verifier: Arc::clone(&verifier),
            settings: self.settings.clone(),
            data: self.data.clone(),
            lifecycle: lifecycle.clone(),
            replica: name.to_owned(),
        })
        .expect("builds");
        let service = api::Service::new("files", name, verifier)
            .routes(built.routes)
            .checks(built.checks)
            .lifecycle(lifecycle.clone());
        built.counts.register(&service.metrics());
        let router = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("has one");
        tokio::spawn(api::serve(listener, router, lifecycle.clone()));
        Replica { address, jobs: built.jobs, sql, lifecycle }
    }

    pub(crate) fn user(&self, name: &str, role: UserRole) -> User {
        self.token(name, role, TokenKind::Access, None, 600)
    }

    pub(crate) fn student(&self, name: &str) -> User {
        self.user(name, UserRole::Student)
    }

    pub(crate) fn token(
        &self,
        name: &str,
        role: UserRole,
        kind: TokenKind,
        scopes: Option<Vec<String>>,
        seconds: i64,
    ) -> User {
        let id = self.ids.next();
        let now = SystemClock.now().as_seconds();
        let claims = Claims {
            sub: id,
            username: name.to_owned(),
            role,
            courses: Vec::new(),
            carnet: None,
            scopes,
            iat: now - 1,
            exp: now + seconds,
            jti: self.ids.next().to_string(),
            sid: None,
            kind,
        };
        User { id, token: self.signer.sign(&claims) }
    }

    /// All blobs there are, in bytes.
    pub(crate) async fn blobs(&self) -> Vec<String> {
        let blobs = LocalBlobs::open(self.data.blobs()).expect("opens");
        let mut keys: Vec<String> =
            blobs.list("uploads/").await.expect("lists").iter().map(|key| key.as_str().to_owned()).collect();
        keys.sort();
        keys
    }
}

/// A body of some bytes.
pub(crate) fn bytes(data: impl Into<Bytes>) -> Body {
    let data = data.into();
    // In frames of 64 KiB, as a network would give them.
    let frames: Vec<Result<Frame<Bytes>, std::io::Error>> = (0..data.len())
        .step_by(64 << 10)
        .map(|at| Ok(Frame::data(data.slice(at..data.len().min(at + (64 << 10))))))
        .collect();
    StreamBody::new(Box::pin(futures::stream::iter(frames)))
}

pub(crate) fn empty() -> Body {
    bytes(Bytes::new())
}

/// A body that is sent bit by bit, and breaks off when asked to.
pub(crate) fn slowly() -> (Sender, Body) {
    let (send, receive) = mpsc::channel(1);
    let stream = futures::stream::unfold(receive, |mut receive| async move {
        let item = receive.recv().await?;
        Some((item, receive))
    });
    (send, StreamBody::new(Box::pin(stream)))
}

/// Sends a request on a connection of its own and reads the answer.
pub(crate) async fn send(address: SocketAddr, request: Request<Body>) -> Answer {
    try_send(address, request).await.expect("an answer")
}

pub(crate) async fn try_send(address: SocketAddr, request: Request<Body>) -> Result<Answer, hyper::Error> {
    let stream = TcpStream::connect(address).await.expect("connects");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = AbortOnDrop(tokio::spawn(connection));
    let response = sender.send_request(request).await?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    drop(connection);
    Ok(Answer { status: parts.status, headers: parts.headers, body })
}

pub(crate) struct AbortOnDrop<T>(pub(crate) JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Breaks a request off: its connection is gone before its body can end in good order.
pub(crate) async fn cut(answer: Pending, sender: Sender) {
    drop(answer);
    sender.closed().await;
}

pub(crate) fn request(
    user: Option<&User>,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> Request<Body> {
    let mut builder = Request::builder().method(method).uri(path).header("host", "campus");
    if let Some(user) = user {
        builder = builder.header("authorization", format!("Bearer {}", user.token));
    }
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body).expect("builds")
}

pub(crate) async fn get(replica: &Replica, user: Option<&User>, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(replica.address, request(user, Method::GET, path, headers, empty())).await
}

pub(crate) async fn call(
    replica: &Replica,
    user: Option<&User>,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let body = body.into();
    let length = body.len().to_string();
    let mut headers = headers.to_vec();
    if !body.is_empty() || method == Method::PUT {
        headers.push(("content-length", length.as_str()));
    }
    send(replica.address, request(user, method, path, &headers, bytes(body))).await
}

/// A request with a JSON body.
pub(crate) async fn json(replica: &Replica, user: Option<&User>, method: Method, path: &str, body: &Value) -> Answer {
    call(replica, user, method, path, &[("content-type", "application/json")], body.to_string()).await
}

/// What kind of problem an answer tells of.
pub(crate) fn problem(answer: &Answer) -> String {
    answer.json()["type"].as_str().unwrap_or_default().trim_start_matches("/problems/").to_owned()
}

pub(crate) const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
pub(crate) const OFFSET_STREAM: (&str, &str) = ("content-type", "application/offset+octet-stream");

/// Begins an upload; its path.
pub(crate) async fn create(replica: &Replica, user: &User, length: u64, metadata: &str) -> String {
    let length = length.to_string();
    let mut headers = vec![TUS, ("upload-length", length.as_str())];
    if !metadata.is_empty() {
        headers.push(("upload-metadata", metadata));
    }
    let answer = call(replica, Some(user), Method::POST, "/api/v1/uploads", &headers, "").await.expect(201);
    answer.header("location").to_owned()
}

pub(crate) async fn patch(replica: &Replica, user: &User, path: &str, offset: u64, body: impl Into<Bytes>) -> Answer {
    let offset = offset.to_string();
    let headers = [TUS, OFFSET_STREAM, ("upload-offset", offset.as_str())];
    call(replica, Some(user), Method::PATCH, path, &headers, body).await
}

/// A PATCH whose body the test sends bit by bit.
pub(crate) fn patch_slowly(replica: &Replica, user: &User, path: &str, offset: u64) -> (Sender, Pending) {
    let (sender, body) = slowly();
    let offset = offset.to_string();
    let headers = [TUS, OFFSET_STREAM, ("upload-offset", offset.as_str())];
    let request = request(Some(user), Method::PATCH, path, &headers, body);
    (sender, AbortOnDrop(tokio::spawn(try_send(replica.address, request))))
}

pub(crate) async fn head(replica: &Replica, user: &User, path: &str) -> Answer {
    send(replica.address, request(Some(user), Method::HEAD, path, &[TUS], empty())).await
}

pub(crate) async fn offset(replica: &Replica, user: &User, path: &str) -> u64 {
    head(replica, user, path).await.expect(200).header("upload-offset").parse().expect("a number")
}

/// A whole file at once; what the catalogue says of it.
pub(crate) async fn put(replica: &Replica, user: &User, query: &str, body: impl Into<Bytes>) -> Value {
    call(replica, Some(user), Method::PUT, &format!("/api/v1/files?{query}"), &[], body).await.expect(201).json()
}

pub(crate) fn meta(pairs: &[(&str, &str)]) -> String {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    pairs.iter().map(|(key, value)| format!("{key} {}", encode(value))).collect::<Vec<_>>().join(",")
}

pub(crate) fn sha256(data: &[u8]) -> String {
    use sha2::Digest as _;
    files::model::digest::hex(&sha2::Sha256::digest(data))
}

/// Reads the beginning of an answer's body and goes away; the answer's status.
pub(crate) async fn read_a_little(replica: &Replica, user: Option<&User>, path: &str, headers: &[(&str, &str)]) -> u16 {
    let (status, mut body, connection) = begin_to_read(replica, user, path, headers).await;
    drop(body.frame().await);
    drop((body, connection));
    status
}

/// Asks and does not read: what the server can send is what the sockets hold.
pub(crate) async fn begin_to_read(
    replica: &Replica,
    user: Option<&User>,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, hyper::body::Incoming, AbortOnDrop<Result<(), hyper::Error>>) {
    let stream = TcpStream::connect(replica.address).await.expect("connects");
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.expect("shakes hands");
    let connection = AbortOnDrop(tokio::spawn(connection));
    let response = sender.send_request(request(user, Method::GET, path, headers, empty())).await.expect("an answer");
    (response.status().as_u16(), response.into_body(), connection)
}

/// Changes the database behind the service's back.
pub(crate) async fn execute(replica: &Replica, sql: &str) {
    use sea_orm::ConnectionTrait;
    use store::DbContext;
    let sql = sql.to_owned();
    let write = replica.sql.write(move |tx| {
        let sql = sql.clone();
        Box::pin(async move {
            tx.execute_unprepared(&sql).await.context("test")?;
            Ok::<_, store::StoreError>(())
        })
    });
    write.await.expect("writes");
}

/// Asks again until it is so: for what another task does in its own time.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    testkit::process::eventually(what, Duration::from_secs(20), async || is_so().await).await;
}

pub(crate) fn frame(data: impl Into<Bytes>) -> Result<Frame<Bytes>, std::io::Error> {
    Ok(Frame::data(data.into()))
}
