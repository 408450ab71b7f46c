//! What all connections share.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use kernel::clock::Clock;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::snapshot::Snapshot;
use kernel::status::Status;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::access_log::AccessLog;
use crate::balance::rng::Dice;
use crate::door::watch::Registry;
use crate::limits::{Buckets, Connections};
use crate::metrics::Metrics;
use crate::route::Table;

/// How long the acknowledgement of a snapshot waits for requests that were given to a replica and are not on a
/// connection yet.
const HANDOVER: std::time::Duration = std::time::Duration::from_secs(1);

/// The load balancer's state.
pub(crate) struct Gateway {
    pub(crate) settings: kernel::config::Gateway,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) dice: Dice,
    pub(crate) tls: TlsAcceptor,
    pub(crate) table: ArcSwap<Table>,
    pub(crate) swapping: tokio::sync::Mutex<()>,
    /// Told once the orchestrator has sent a snapshot.
    pub(crate) heard: tokio::sync::watch::Sender<bool>,
    pub(crate) status: ArcSwapOption<(Status, Instant)>,
    pub(crate) verifier: Option<Arc<api::auth::Verifier>>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) addresses: Buckets<std::net::IpAddr>,
    pub(crate) accounts: Buckets<kernel::id::Id>,
    pub(crate) metrics: Metrics,
    pub(crate) access: Arc<AccessLog>,
    pub(crate) access_on: bool,
    /// The HTTP door is on an address others can reach: it redirects browsers and takes no credentials.
    pub(crate) exposed: bool,
    /// The HTTPS door's port, for redirections.
    pub(crate) https_port: u16,
}

impl Gateway {
    /// Routes by `snapshot` from now on. Returns once no new request can use the former one, and whatever it gave to a
    /// replica that now drains is on a connection. False if the snapshot is older than the present one.
    pub(crate) async fn follow(&self, snapshot: &Snapshot) -> bool {
        let _one_at_a_time = self.swapping.lock().await;
        let former = self.table.load_full();
        if snapshot.generation < former.generation {
            return false;
        }
        let table = Table::compile(snapshot, &former, self.clock.now(), Instant::now());
        let replicas: Vec<_> = former.clusters.iter().flat_map(|cluster| cluster.replicas.clone()).collect();
        self.table.store(Arc::new(table));
        let kept = |replica: &_| {
            let table = self.table.load();
            table.clusters.iter().flat_map(|cluster| &cluster.replicas).any(|other| Arc::ptr_eq(other, replica))
        };
        let leaving: Vec<_> = replicas.into_iter().filter(|old| old.is_draining() || !kept(old)).collect();
        for replica in leaving.iter().filter(|replica| !kept(replica)) {
            replica.set_draining(true);
        }
        // `store` has paid back what readers borrowed, so that those still choosing by the former table are counted.
        let settled = async {
            while Arc::strong_count(&former) > 1 || leaving.iter().any(|replica| replica.starting() > 0) {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        if tokio::time::timeout(HANDOVER, settled).await.is_err() {
            tracing::warn!(generation = snapshot.generation, "requests were still on their way to leaving replicas");
        }
        true
    }
}
