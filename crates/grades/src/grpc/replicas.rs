//! Where the replicas of `grades-grpc-server` are: in the routing snapshot, which whoever orchestrates keeps in a file.
//! Nobody is asked, so nobody need be alive for it.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::role::Role;
use kernel::snapshot::Snapshot;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the snapshot's file is looked at; looking costs one `stat`.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One process of `grades-grpc-server`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Replica {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// When it became ready: another process at the same address is another replica.
    pub(super) ready_since: Timestamp,
}

/// Follows the replicas that the snapshot at `path` names, until `end`.
pub(super) fn follow(
    path: PathBuf,
    end: CancellationToken,
) -> (watch::Receiver<BTreeSet<Replica>>, impl Future<Output = ()> + Send) {
    let (told, replicas) = watch::channel(BTreeSet::new());
    (replicas, async move {
        end.run_until_cancelled(follow_file(path, told)).await;
    })
}

async fn follow_file(path: PathBuf, told: watch::Sender<BTreeSet<Replica>>) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut seen = None;
    loop {
        look.tick().await;
        let Ok(state) = std::fs::metadata(&path) else { continue };
        let state = version(&state);
        if seen == Some(state) {
            continue;
        }
        // It is replaced whole, so half of it is never read.
        let json = std::fs::read(&path).map_err(|error| error.to_string());
        match json.and_then(|json| serde_json::from_slice(&json).map_err(|error| error.to_string())) {
            Ok(snapshot) => {
                seen = Some(state);
                tell(&told, of(&snapshot));
            }
            Err(error) => tracing::debug!(error, "the routing snapshot could not be read"),
        }
    }
}

/// What differs when a file was replaced.
fn version(state: &Metadata) -> (u64, i64, i64, u64) {
    (state.ino(), state.mtime(), state.mtime_nsec(), state.len())
}

/// Those that take requests.
fn of(snapshot: &Snapshot) -> BTreeSet<Replica> {
    let servers = snapshot.upstreams.iter().filter(|upstream| upstream.role == Role::GradesGrpcServer);
    let open = servers.flat_map(|upstream| &upstream.replicas).filter(|replica| !replica.draining);
    open.map(|replica| Replica { address: replica.address, ready_since: replica.ready_since }).collect()
}

fn tell(told: &watch::Sender<BTreeSet<Replica>>, found: BTreeSet<Replica>) {
    told.send_if_modified(|known| {
        let changed = *known != found;
        if changed {
            tracing::info!(servers = found.len(), "the gRPC servers are others now");
            *known = found;
        }
        changed
    });
}

#[cfg(test)]
mod tests {
    use kernel::data_dir::replace_file;
    use kernel::role::Protocol;
    use kernel::snapshot::{Endpoint, Upstream};

    use super::*;

    fn snapshot(ports: &[(u16, bool)]) -> Vec<u8> {
        let replicas = ports.iter().map(|(port, draining)| Endpoint {
            id: format!("grades-grpc-server-{port}"),
            address: SocketAddr::from(([127, 0, 0, 1], *port)),
            ready_since: Timestamp::from_micros(1),
            draining: *draining,
        });
        let upstream = Upstream { role: Role::GradesGrpcServer, protocol: Protocol::H2c, replicas: replicas.collect() };
        serde_json::to_vec(&Snapshot { upstreams: vec![upstream], ..Snapshot::default() }).expect("serialises")
    }

    #[tokio::test]
    async fn replicas_that_come_and_go_are_seen_and_those_that_drain_are_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("snapshot.json");
        let end = CancellationToken::new();
        let (mut replicas, following) = follow(path.clone(), end.clone());
        let following = tokio::spawn(following);
        assert_eq!(replicas.borrow().len(), 0, "nobody wrote it yet");
        for ports in [vec![(1, false)], vec![(1, false), (2, false)], vec![(1, true), (2, false)]] {
            replace_file(&path, &snapshot(&ports)).expect("writes");
            let open: Vec<u16> = ports.iter().filter(|(_, draining)| !draining).map(|(port, _)| *port).collect();
            let seen = replicas.wait_for(|seen| seen.iter().map(|one| one.address.port()).eq(open.iter().copied()));
            tokio::time::timeout(Duration::from_secs(60), seen).await.expect("is seen").expect("it follows");
        }
        end.cancel();
        following.await.expect("ends");
    }
}
