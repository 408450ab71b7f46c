//! Replicas that somebody else starts and stops: Compose, Kubernetes, systemd. There is no orchestrator to tell where
//! they are, so their names are asked for, and what is found takes the place of its snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use kernel::clock::{Clock, Timestamp};
use kernel::control::{GatewayCommand, GatewayReply, ask};
use kernel::data_dir::{DataDir, replace_file};
use kernel::role::Role;
use kernel::snapshot::{Endpoint, Snapshot, Upstream};

/// How often names are asked for again.
const INTERVAL: Duration = Duration::from_secs(2);
/// How long a gateway may take to follow a snapshot.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the replicas of a role are: `ROLE=HOST:PORT`. Every address of the host is a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    role: Role,
    place: String,
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text}: ROLE=HOST:PORT is expected, such as files=files:8080");
        let (role, place) = text.split_once('=').ok_or_else(wrong)?;
        let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
        if host.is_empty() || port.parse::<u16>().is_err() {
            return Err(wrong());
        }
        Ok(Self {
            role: role.parse().map_err(|unknown: kernel::role::UnknownRole| unknown.to_string())?,
            place: place.to_owned(),
        })
    }
}

/// Everybody who was found, and since when.
#[derive(Debug, Default)]
struct Known(BTreeMap<Role, BTreeMap<SocketAddr, Timestamp>>);

impl Known {
    /// Takes over what a name stands for now. A name that stands for nothing at the moment may be a name server's
    /// failure: whoever was there stays, and is found out by the gateway if gone.
    fn learn(&mut self, role: Role, found: &BTreeSet<SocketAddr>, now: Timestamp) {
        let known = self.0.entry(role).or_default();
        if found.is_empty() {
            return;
        }
        known.retain(|address, _| found.contains(address));
        for address in found {
            known.entry(*address).or_insert(now);
        }
    }

    /// What a gateway needs to reach them. Roles that nobody named have no route.
    fn snapshot(&self) -> Snapshot {
        let mut routes = Snapshot::routes_of_manifests();
        for route in &mut routes {
            route.targets.retain(|target| self.0.contains_key(&target.role));
        }
        routes.retain(|route| !route.targets.is_empty());
        let endpoint = |role: Role, (address, since): (&SocketAddr, &Timestamp)| Endpoint {
            id: format!("{role}-{address}"),
            address: *address,
            ready_since: *since,
            draining: false,
        };
        let upstreams = self.0.iter().filter(|(role, _)| **role != Role::Gateway).map(|(role, replicas)| Upstream {
            role: *role,
            protocol: role.manifest().protocol,
            replicas: replicas.iter().map(|replica| endpoint(*role, replica)).collect(),
        });
        let gateways = self.0.get(&Role::Gateway).map_or(0, BTreeMap::len).max(1);
        let gateways = u32::try_from(gateways).unwrap_or(u32::MAX);
        Snapshot { generation: 0, upstreams: upstreams.collect(), routes, gateways }
    }
}

/// The peers of one process.
pub(super) struct Peers {
    named: Vec<Peer>,
    known: Known,
    /// What was written last.
    current: Snapshot,
    file: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Peers {
    /// Looks for everybody once and writes down who was found, so that whoever starts now knows the way.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) async fn find(named: Vec<Peer>, data: &DataDir, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let (known, current) = (Known::default(), Snapshot::default());
        let mut peers = Self { named, known, current, file: data.snapshot(), clock };
        peers.look().await?;
        Ok(peers)
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let mut found: BTreeMap<Role, BTreeSet<SocketAddr>> = BTreeMap::new();
        for peer in &self.named {
            let all = found.entry(peer.role).or_default();
            match tokio::net::lookup_host(&peer.place).await {
                Ok(addresses) => all.extend(addresses),
                Err(error) => tracing::debug!(peer.place = peer.place, error = %error, "a peer's name was not found"),
            }
        }
        for (role, addresses) in &found {
            self.known.learn(*role, addresses, now);
        }
        let fresh = Snapshot { generation: self.current.generation, ..self.known.snapshot() };
        if fresh != self.current {
            // Above those of a process that was here before and wrote to the same place.
            let generation = u64::try_from(now.as_micros()).unwrap_or(0).max(self.current.generation + 1);
            self.current = Snapshot { generation, ..fresh };
            let text = serde_json::to_vec(&self.current)?;
            replace_file(&self.file, &text).with_context(|| format!("cannot write {}", self.file.display()))?;
            let replicas: usize = self.current.upstreams.iter().map(|upstream| upstream.replicas.len()).sum();
            tracing::info!(peers.replicas = replicas, "peers found");
        }
        Ok(())
    }

    /// Goes on looking, and tells the gateway of this process if it is one.
    pub(super) async fn follow(mut self, gateway: Option<PathBuf>) {
        let mut told = 0;
        loop {
            if let Some(socket) = &gateway
                && told < self.current.generation
            {
                let command = GatewayCommand::Snapshot(Box::new(self.current.clone()));
                match ask(socket, &command, PATIENCE).await {
                    Ok(GatewayReply::Done) => told = self.current.generation,
                    Ok(other) => tracing::warn!(answer = ?other, "the gateway did not follow its peers"),
                    Err(error) => tracing::warn!(error = %error, "the gateway could not be told of its peers"),
                }
            }
            tokio::time::sleep(INTERVAL).await;
            if let Err(error) = self.look().await {
                tracing::warn!(error = format!("{error:#}"), "peers could not be written down");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ports: &[u16]) -> BTreeSet<SocketAddr> {
        ports.iter().map(|port| SocketAddr::from(([10, 0, 0, 1], *port))).collect()
    }

    #[test]
    fn a_peer_is_a_role_and_a_place() {
        let files = Peer { role: Role::Files, place: "files:8080".to_owned() };
        assert_eq!("files=files:8080".parse(), Ok(files));
        for (wrong, why) in
            [("files", "ROLE=HOST:PORT"), ("files=:1", "ROLE="), ("files=a:b", "ROLE="), ("x=a:1", "no role")]
        {
            let error = wrong.parse::<Peer>().expect_err(wrong);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn who_stays_keeps_its_time_and_a_silent_name_server_removes_nobody() {
        let (first, later) = (Timestamp::from_micros(1), Timestamp::from_micros(2));
        let mut known = Known::default();
        known.learn(Role::Files, &addresses(&[1, 2]), first);
        known.learn(Role::Files, &addresses(&[2, 3]), later);
        known.learn(Role::Files, &BTreeSet::new(), later);
        let snapshot = known.snapshot();
        let files: Vec<_> =
            snapshot.upstreams[0].replicas.iter().map(|one| (one.address.port(), one.ready_since)).collect();
        assert_eq!(files, [(2, first), (3, later)]);
    }

    #[test]
    fn only_named_roles_have_routes() {
        let mut known = Known::default();
        known.learn(Role::GradesRedis, &addresses(&[1]), Timestamp::default());
        known.learn(Role::Gateway, &addresses(&[2, 3]), Timestamp::default());
        let snapshot = known.snapshot();
        assert_eq!(snapshot.gateways, 2);
        assert_eq!(snapshot.upstreams.len(), 1);
        let roles: BTreeSet<Role> =
            snapshot.routes.iter().flat_map(|route| &route.targets).map(|target| target.role).collect();
        assert_eq!(roles, BTreeSet::from([Role::GradesRedis]));
        assert!(snapshot.routes.iter().any(|route| route.path == "/api/v1/grades/route2"));
    }

    #[tokio::test]
    async fn what_is_found_is_written_once_per_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        data.create().expect("creates");
        let named = vec![
            "files=127.0.0.1:9000".parse().expect("a peer"),
            "accounts=no-such-host.invalid:1".parse().expect("a peer"),
        ];
        let mut peers = Peers::find(named, &data, Arc::new(kernel::clock::SystemClock)).await.expect("finds");
        let read =
            || serde_json::from_slice::<Snapshot>(&std::fs::read(data.snapshot()).expect("there")).expect("JSON");
        let first = read();
        assert_eq!(first.upstreams.len(), 2);
        assert_eq!(first.upstreams.iter().map(|upstream| upstream.replicas.len()).sum::<usize>(), 1);
        peers.look().await.expect("looks again");
        assert_eq!(read(), first);
    }
}
