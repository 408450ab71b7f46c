//! A gateway on free ports, and replicas that behave as a test wants.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway::{AccessLog, Deps, TlsSource};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kernel::clock::{Clock, SystemClock, Timestamp};
use kernel::control::{GatewayCommand, GatewayReply, ask};
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::role::{Protocol, Role};
use kernel::snapshot::{Endpoint, Route, Snapshot, Target, Upstream};

/// A gateway in this process.
pub(crate) struct Stage {
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) socket: PathBuf,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) folder: Arc<tempfile::TempDir>,
}

pub(crate) fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("binds")
}

pub(crate) fn endpoint(id: &str, address: SocketAddr) -> Endpoint {
    Endpoint { id: id.to_owned(), address, ready_since: Timestamp::default(), draining: false }
}

/// `/` leads to the portal, `/api/v1/files` to files, for those of the roles that are given.
pub(crate) fn snapshot(generation: u64, roles: &[(Role, Vec<Endpoint>)], protocol: Protocol) -> Snapshot {
    let route = |path: &str, role| Route {
        path: path.to_owned(),
        exact: false,
        method: None,
        targets: vec![Target { role, weight: 1 }],
    };
    let upstreams =
        roles.iter().map(|(role, replicas)| Upstream { role: *role, protocol, replicas: replicas.clone() }).collect();
    let routes = vec![route("/", Role::Portal), route("/api/v1/files", Role::Files)];
    Snapshot { generation, routes, upstreams, gateways: 1 }
}

/// Files replicas only, all in HTTP/1.1.
pub(crate) fn files(generation: u64, addresses: &[SocketAddr]) -> Snapshot {
    let replicas =
        addresses.iter().enumerate().map(|(place, address)| endpoint(&format!("files-{}", place + 1), *address));
    snapshot(generation, &[(Role::Files, replicas.collect())], Protocol::Http1)
}

impl Stage {
    pub(crate) async fn start(snapshot: Snapshot, settings: kernel::config::Gateway) -> Self {
        Self::on(listener(), listener(), snapshot, settings, "gateway-1", None).await
    }

    pub(crate) async fn on(
        http: TcpListener,
        https: TcpListener,
        snapshot: Snapshot,
        settings: kernel::config::Gateway,
        replica: &str,
        verifier: Option<Arc<api::auth::Verifier>>,
    ) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let lifecycle = Lifecycle::new();
        let (http_address, https_address) =
            (http.local_addr().expect("an address"), https.local_addr().expect("an address"));
        let socket = folder.path().join("gateway.sock");
        let deps = Deps {
            http,
            https,
            control_socket: socket.clone(),
            snapshot: Some(snapshot),
            tls: TlsSource::SelfSigned { folder: folder.path().to_owned(), names: Vec::new() },
            settings,
            replica: replica.to_owned(),
            verifier,
            ids: IdSource::from_os(Arc::clone(&clock)),
            clock,
            lifecycle: lifecycle.clone(),
            access: AccessLog::off(),
        };
        gateway::run(deps).await.expect("starts");
        Self { http: http_address, https: https_address, socket, lifecycle, folder }
    }

    pub(crate) async fn follow(&self, snapshot: Snapshot) -> GatewayReply {
        let command = GatewayCommand::Snapshot(Box::new(snapshot));
        ask(&self.socket, &command, Duration::from_secs(20)).await.expect("acknowledged")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    /// The gateway's metrics as name-with-labels → value.
    pub(crate) async fn metrics(&self) -> BTreeMap<String, f64> {
        let text = reqwest::get(self.url("/-/metrics")).await.expect("answers").text().await.expect("reads");
        let values = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        values.map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.lifecycle.stop();
        self.lifecycle.hard().cancel();
    }
}

/// The provider rustls wants before the first client.
pub(crate) fn crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Serves HTTP/1.1 with `answer` until the test ends.
pub(crate) fn serve<F, A>(answer: F) -> SocketAddr
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let listener = listener();
    let address = listener.local_addr().expect("an address");
    serve_on(listener, answer);
    address
}

/// The same on a given listener; aborting the handle closes the listener and all connections.
pub(crate) fn serve_on<F, A>(listener: TcpListener, answer: F) -> tokio::task::JoinHandle<()>
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    listener.set_nonblocking(true).expect("is a socket");
    let listener = tokio::net::TcpListener::from_std(listener).expect("registers");
    tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.expect("accepts");
            let answer = answer.clone();
            connections.spawn(async move {
                let service = service_fn(move |request| {
                    let answering = answer(request);
                    async move { Ok::<_, Infallible>(answering.await) }
                });
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

/// A replica that says its name.
pub(crate) fn named(name: &'static str) -> SocketAddr {
    serve(move |_| async move { Response::new(Full::from(name)) })
}
