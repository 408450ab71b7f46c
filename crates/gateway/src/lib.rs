#![doc = include_str!("../README.md")]

mod access_log;
mod balance;
mod control;
mod door;
mod gateway;
mod limits;
mod metrics;
mod own;
mod probe;
mod proxy;
mod route;
mod upstream;

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use kernel::clock::Clock;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::snapshot::Snapshot;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

pub use access_log::AccessLog;
pub use door::tls::{TlsError, TlsSource};

use control::Listeners;
use door::connection::Door;
use door::watch::{DRAIN_IDLE, Deadlines, Registry, SWEEP};
use door::workers::Workers;
use gateway::Gateway;

/// Everything a gateway is made of.
pub struct Deps {
    /// The public socket in clear, bound by the caller; other gateways may accept on it too.
    pub http: TcpListener,
    /// The public socket for TLS.
    pub https: TcpListener,
    /// Where the control socket is made.
    pub control_socket: PathBuf,
    /// What to route by until the orchestrator says something newer.
    pub snapshot: Option<Snapshot>,
    /// The certificate.
    pub tls: TlsSource,
    /// Settings.
    pub settings: kernel::config::Gateway,
    /// This replica's name, for the log.
    pub replica: String,
    /// Verifies tokens, for the status page, the metrics and the limits by account.
    pub verifier: Option<Arc<api::auth::Verifier>>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// Request ids and randomness.
    pub ids: IdSource,
    /// How the process ends.
    pub lifecycle: Lifecycle,
    /// Where a line per request goes.
    pub access: AccessLog,
}

/// A gateway could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A socket.
    #[error("cannot use the {what}: {source}")]
    Socket {
        /// Which.
        what: String,
        /// Why.
        source: std::io::Error,
    },
}

/// A gateway with everything bound; its threads wait.
pub struct Built {
    gateway: Arc<Gateway>,
    workers: Arc<Workers>,
    http: tokio::net::TcpListener,
    https: tokio::net::TcpListener,
    control: tokio::net::UnixListener,
    listeners: Arc<Listeners>,
    replica: String,
}

/// Builds a gateway.
///
/// # Errors
/// Names the certificate or the socket that cannot be used.
pub async fn build(deps: Deps) -> Result<Built, BuildError> {
    let socket = |what: &str| {
        let what = what.to_owned();
        move |source| BuildError::Socket { what, source }
    };
    let tls = door::tls::server_config(&deps.tls)?;
    let http_address = deps.http.local_addr().map_err(socket("HTTP socket"))?;
    let https_port = deps.https.local_addr().map_err(socket("HTTPS socket"))?.port();
    let listeners = Listeners {
        http: deps.http.try_clone().map_err(socket("HTTP socket"))?.into(),
        https: deps.https.try_clone().map_err(socket("HTTPS socket"))?.into(),
    };
    let own = |listener: TcpListener| {
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener)
    };
    let http = own(deps.http).map_err(socket("HTTP socket"))?;
    let https = own(deps.https).map_err(socket("HTTPS socket"))?;
    let shown = deps.control_socket.display().to_string();
    let control = control::bind(&deps.control_socket).map_err(socket(&format!("control socket {shown}")))?;
    let mut seed = [0; 8];
    deps.ids.fill(&mut seed);
    let now = Instant::now();
    let access_on = deps.access.is_on();
    let gateway = Arc::new(Gateway {
        settings: deps.settings,
        clock: deps.clock,
        ids: deps.ids,
        lifecycle: deps.lifecycle,
        dice: balance::rng::Dice::seeded(u64::from_le_bytes(seed)),
        tls: TlsAcceptor::from(tls),
        table: ArcSwap::default(),
        swapping: tokio::sync::Mutex::default(),
        heard: tokio::sync::watch::Sender::new(false),
        status: ArcSwapOption::empty(),
        verifier: deps.verifier,
        registry: Arc::new(Registry::new(now)),
        connections: Arc::default(),
        addresses: limits::Buckets::new(now),
        accounts: limits::Buckets::new(now),
        metrics: metrics::Metrics::default(),
        access: Arc::new(deps.access),
        access_on,
        exposed: !http_address.ip().is_loopback(),
        https_port,
    });
    if let Some(snapshot) = deps.snapshot {
        gateway.follow(&snapshot).await;
    }
    let listeners = Arc::new(listeners);
    let workers = Arc::new(Workers::start(&gateway).map_err(socket("threads"))?);
    Ok(Built { gateway, workers, http, https, control, listeners, replica: deps.replica })
}

impl Built {
    /// Starts everything on the lifecycle and returns.
    pub fn spawn(self) {
        self.spawn_when_told(Duration::ZERO);
    }

    /// The same, but the first connection is accepted only once the orchestrator has sent a snapshot, or after
    /// `patience` without one: the public sockets are shared with gateways that know the way already.
    pub fn spawn_when_told(self, patience: Duration) {
        let Self { gateway, workers, http, https, control, listeners, replica } = self;
        let lifecycle = gateway.lifecycle.clone();
        tracing::info!(gateway.replica = %replica, generation = gateway.table.load().generation, "gateway started");
        for (name, listener, door) in [("http", http, Door::Http), ("https", https, Door::Https)] {
            let (gateway, workers) = (Arc::clone(&gateway), Arc::clone(&workers));
            lifecycle.spawn_essential(name, async move {
                let mut heard = gateway.heard.subscribe();
                // Silence and an answer lead to the same: it serves as well as it knows.
                let _ = tokio::time::timeout(patience, heard.wait_for(|heard| *heard)).await.is_ok();
                door::accept::run(gateway, workers, listener, door).await;
            });
        }
        tokio::spawn(control::run(Arc::clone(&gateway), control, listeners));
        lifecycle.spawn_essential("probes", probe::run(Arc::clone(&gateway)));
        lifecycle.spawn_essential("drain", drain(Arc::clone(&gateway)));
        tokio::spawn(sweep(Arc::clone(&gateway)));
        let access = Arc::clone(&gateway.access);
        tokio::spawn(access.run(lifecycle.hard().clone()));
    }
}

/// Builds a gateway and starts it.
///
/// # Errors
/// As [`build`].
pub async fn run(deps: Deps) -> Result<(), BuildError> {
    build(deps).await?.spawn();
    Ok(())
}

async fn sweep(gateway: Arc<Gateway>) {
    let deadlines = Deadlines {
        header: Duration::from_millis(gateway.settings.header_timeout_ms),
        body_idle: Duration::from_millis(gateway.settings.body_idle_timeout_ms),
    };
    while !gateway.lifecycle.hard().is_cancelled() {
        tokio::time::sleep(SWEEP).await;
        gateway.metrics.late_connections(gateway.registry.sweep(deadlines));
    }
}

/// At the soft end: every answer says that its connection closes, then idle connections are closed.
async fn drain(gateway: Arc<Gateway>) {
    gateway.lifecycle.soft().cancelled().await;
    gateway.registry.drain();
    tokio::time::sleep(DRAIN_IDLE).await;
    gateway.registry.finish_all();
}
