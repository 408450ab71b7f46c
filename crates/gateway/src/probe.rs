//! Active probes: of every replica each second, and at once of one that is suspected of hanging.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::role::Protocol;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::balance::cluster::Cluster;
use crate::balance::health::Cause;
use crate::balance::replica::Replica;
use crate::gateway::Gateway;

/// How often every replica is probed.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a routine probe may take: a busy machine is not a dead one.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long the probe of a suspect may take: its requests already wait.
const SUSPECT_PATIENCE: Duration = Duration::from_millis(250);
/// Silence after which a replica that owes an answer is suspected.
pub(crate) const SUSPICION: Duration = Duration::from_millis(100);
/// How long a suspect that answered is left alone: some requests just take long.
const CLEARED: Duration = Duration::from_millis(500);

/// What a probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    Well,
    /// It answers, and says that it is not well.
    Unwell,
    Silent,
}

/// Probes every replica until the process ends.
pub(crate) async fn run(gateway: Arc<Gateway>) {
    let soft = gateway.lifecycle.soft().clone();
    loop {
        tokio::select! {
            () = soft.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        let table = gateway.table.load_full();
        for cluster in &table.clusters {
            for replica in cluster.replicas.iter().filter(|replica| !replica.is_draining()) {
                replica.pool.expire(Instant::now());
                if replica.begin_suspicion() {
                    let (cluster, replica) = (Arc::clone(cluster), Arc::clone(replica));
                    tokio::spawn(async move {
                        judge(&cluster, &replica, PATIENCE).await;
                        replica.end_suspicion();
                    });
                }
            }
        }
    }
}

/// Asks a replica that keeps requests waiting whether it is alive: a hung process holds its connections open, so only
/// its silence tells.
pub(crate) fn suspect(gateway: &Gateway, cluster: &Arc<Cluster>, replica: &Arc<Replica>) {
    let speaks = Instant::now().checked_sub(SUSPICION).is_some_and(|since| replica.was_heard_since(since));
    if speaks || replica.is_ejected() || gateway.lifecycle.soft().is_cancelled() || !replica.begin_suspicion() {
        return;
    }
    let (cluster, replica) = (Arc::clone(cluster), Arc::clone(replica));
    tokio::spawn(async move {
        if judge(&cluster, &replica, SUSPECT_PATIENCE).await {
            tokio::time::sleep(CLEARED).await;
        }
        replica.end_suspicion();
    });
}

/// Probes once and draws the conclusion; true if the replica is alive.
async fn judge(cluster: &Cluster, replica: &Replica, patience: Duration) -> bool {
    let asked = Instant::now();
    let finding = probe(replica, patience).await;
    let now = Instant::now();
    if finding == Finding::Silent {
        // On a machine that has more work than time a probe may wait while answers still come.
        if replica.was_heard_since(asked) {
            return true;
        }
        if replica.is_ejected() {
            if Cluster::begin_trial(replica, now) {
                replica.eject(Cause::Silence, now);
            }
        } else {
            cluster.eject(replica, Cause::Silence, now);
        }
        return false;
    }
    if replica.is_ejected() {
        replica.health(|health| health.answered_probe(now));
        if Cluster::begin_trial(replica, now) {
            if finding == Finding::Well {
                replica.restore(now);
                tracing::info!(upstream.role = %replica.role, upstream.replica = %replica.id, "replica restored");
            } else {
                replica.eject(Cause::Failures, now);
            }
        }
    }
    true
}

async fn probe(replica: &Replica, patience: Duration) -> Finding {
    match tokio::time::timeout(patience, ask(replica)).await {
        Ok(Some(status)) if status.is_server_error() => Finding::Unwell,
        Ok(Some(_)) => Finding::Well,
        Ok(None) | Err(_) => Finding::Silent,
    }
}

/// `GET /healthz` on a connection of its own: an idle one would say nothing about accepting. Any answer is a sign of
/// life; `None` is none.
async fn ask(replica: &Replica) -> Option<StatusCode> {
    let io = TokioIo::new(TcpStream::connect(replica.address).await.ok()?);
    let request = Request::builder().uri(format!("http://{}/healthz", replica.address));
    match replica.protocol {
        Protocol::Http1 => {
            let (mut sender, driver) = hyper::client::conn::http1::handshake(io).await.ok()?;
            let request = request.uri("/healthz").header("host", replica.address.to_string());
            let asking = sender.send_request(request.body(Empty::<Bytes>::new()).ok()?);
            with_driver(asking, driver).await
        }
        Protocol::H2c => {
            let executor = TokioExecutor::new();
            let (mut sender, driver) = hyper::client::conn::http2::handshake(executor, io).await.ok()?;
            let asking = sender.send_request(request.body(Empty::<Bytes>::new()).ok()?);
            with_driver(asking, driver).await
        }
    }
}

async fn with_driver<B>(
    asking: impl Future<Output = hyper::Result<http::Response<B>>>,
    driver: impl Future,
) -> Option<StatusCode> {
    let mut asking = std::pin::pin!(asking);
    tokio::select! {
        answer = &mut asking => answer.ok().map(|response| response.status()),
        _ = driver => asking.await.ok().map(|response| response.status()),
    }
}
