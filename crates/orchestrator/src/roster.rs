//! What the orchestrator knows of its replicas: plain data, changed under one short lock, no I/O.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::role::Role;
use kernel::snapshot::{Endpoint, Snapshot, Upstream};
use kernel::status::{ReplicaState, ReplicaStatus, RoleStatus, Status};
use tokio_util::sync::CancellationToken;

use crate::name::Name;
use crate::process::Process;

/// One replica: a name, and the process that has it now.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) state: ReplicaState,
    /// Its process, unless it waits for its next start.
    pub(crate) process: Option<Arc<Process>>,
    /// Where the process listens; gateways have the campus's public sockets instead.
    pub(crate) address: Option<SocketAddr>,
    /// When the process was started.
    pub(crate) started: Timestamp,
    /// When the process became ready.
    pub(crate) ready_since: Option<Timestamp>,
    pub(crate) restarts: u32,
    /// The first snapshot in which the process was ready (all but gateways).
    pub(crate) announced: Option<u64>,
    /// The last snapshot this process confirmed (gateways).
    pub(crate) confirmed: u64,
    /// It said last that it leads its role.
    pub(crate) leads: bool,
    pub(crate) cpu_percent: f64,
    pub(crate) memory_bytes: u64,
    /// What went wrong last, for whoever asks why it is not ready.
    pub(crate) trouble: Option<String>,
    /// Cancelled when the replica is to drain and go.
    pub(crate) retire: CancellationToken,
}

impl Replica {
    pub(crate) fn new(restarts: u32) -> Self {
        Self {
            state: ReplicaState::Starting,
            process: None,
            address: None,
            started: Timestamp::default(),
            ready_since: None,
            restarts,
            announced: None,
            confirmed: 0,
            leads: false,
            cpu_percent: 0.0,
            memory_bytes: 0,
            trouble: None,
            retire: CancellationToken::new(),
        }
    }

    /// It counts towards what is wanted: it has not been told to go.
    pub(crate) fn stays(&self) -> bool {
        !self.retire.is_cancelled()
    }

    fn endpoint(&self, name: Name) -> Option<Endpoint> {
        let draining = self.state == ReplicaState::Draining;
        (draining || self.state == ReplicaState::Ready).then_some(())?;
        Some(Endpoint { id: name.to_string(), address: self.address?, ready_since: self.ready_since?, draining })
    }
}

/// All replicas, how many are wanted, and the snapshot that follows from them.
#[derive(Debug)]
pub(crate) struct Roster {
    pub(crate) replicas: BTreeMap<Name, Replica>,
    pub(crate) desired: BTreeMap<Role, u32>,
    /// The campus ends: nothing is started any more.
    pub(crate) ending: bool,
    snapshot: Arc<Snapshot>,
}

impl Roster {
    /// A campus without replicas whose next snapshot has a higher generation than `generation`.
    pub(crate) fn new(desired: BTreeMap<Role, u32>, generation: u64) -> Self {
        let snapshot = Arc::new(Snapshot { generation, ..Snapshot::default() });
        Self { replicas: BTreeMap::new(), desired, ending: false, snapshot }
    }

    /// The snapshot as of the last [`Roster::refresh`].
    pub(crate) const fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Makes a new snapshot if what gateways must know has changed.
    pub(crate) fn refresh(&mut self) {
        let upstreams = Role::ALL
            .into_iter()
            .filter(|role| *role != Role::Gateway)
            .map(|role| Upstream {
                role,
                protocol: role.manifest().protocol,
                replicas: self.of(role).filter_map(|(name, replica)| replica.endpoint(name)).collect(),
            })
            .collect();
        let mut fresh = Snapshot {
            generation: self.snapshot.generation,
            routes: Snapshot::routes_of_manifests(),
            upstreams,
            gateways: self.ready(Role::Gateway),
        };
        if fresh != *self.snapshot {
            fresh.generation += 1;
            self.snapshot = Arc::new(fresh);
        }
        let generation = self.snapshot.generation;
        for replica in self.replicas.values_mut() {
            replica.announced =
                (replica.state == ReplicaState::Ready).then_some(replica.announced.unwrap_or(generation));
        }
    }

    /// Whether a replica is ready and every ready gateway knows it: only then does a request reach it. Gateways that are
    /// just starting do not count, they are told of everybody before they are ready themselves.
    pub(crate) fn in_service(&self, name: Name, replica: &Replica) -> bool {
        let told = |announced| {
            let mut gateways = self.of(Role::Gateway).filter(|(_, gateway)| gateway.state == ReplicaState::Ready);
            gateways.all(|(_, gateway)| gateway.confirmed >= announced)
        };
        replica.state == ReplicaState::Ready && (name.role == Role::Gateway || replica.announced.is_some_and(told))
    }

    /// A role's replicas in the order of their numbers.
    pub(crate) fn of(&self, role: Role) -> impl Iterator<Item = (Name, &Replica)> {
        let (first, last) = (Name { role, ordinal: 0 }, Name { role, ordinal: u32::MAX });
        self.replicas.range(first..=last).map(|(name, replica)| (*name, replica))
    }

    /// How many replicas of a role are in service.
    pub(crate) fn ready(&self, role: Role) -> u32 {
        let ready = self.of(role).filter(|(name, replica)| self.in_service(*name, replica)).count();
        u32::try_from(ready).unwrap_or(u32::MAX)
    }

    /// How many are wanted.
    pub(crate) fn desired(&self, role: Role) -> u32 {
        self.desired.get(&role).copied().unwrap_or(0)
    }

    /// The lowest number that no replica of the role has.
    pub(crate) fn free_name(&self, role: Role) -> Name {
        let mut name = Name { role, ordinal: 1 };
        while self.replicas.contains_key(&name) {
            name.ordinal += 1;
        }
        name
    }

    /// How many replicas must be added, and which must go, to have the number wanted: first those that get no traffic,
    /// then those with the highest numbers.
    pub(crate) fn difference(&self, role: Role) -> (u32, Vec<Name>) {
        let mut staying: Vec<(bool, Name)> = self
            .of(role)
            .filter(|(_, replica)| replica.stays())
            .map(|(name, replica)| (replica.state == ReplicaState::Ready, name))
            .collect();
        staying.sort_by_key(|(ready, name)| (!ready, name.ordinal));
        let desired = usize::try_from(self.desired(role)).unwrap_or(usize::MAX);
        let missing = u32::try_from(desired.saturating_sub(staying.len())).unwrap_or(u32::MAX);
        let surplus = staying.into_iter().skip(desired).map(|(_, name)| name).collect();
        (missing, surplus)
    }

    /// Whether every gateway that could still send a request has confirmed a snapshot. One that drains takes no new
    /// ones.
    pub(crate) fn confirmed(&self, generation: u64) -> bool {
        self.of(Role::Gateway).all(|(_, gateway)| {
            gateway.process.is_none() || gateway.state == ReplicaState::Draining || gateway.confirmed >= generation
        })
    }

    /// The state of the campus for people and gateways.
    pub(crate) fn status(&self, node: &str, endpoints: &BTreeMap<String, String>, now: Timestamp) -> Status {
        let roles: Vec<RoleStatus> = Role::ALL
            .into_iter()
            .map(|role| RoleStatus {
                role,
                ready: self.ready(role) > 0,
                desired: self.desired(role),
                replicas: self.of(role).map(|(name, replica)| self.status_of(name, replica, node, now)).collect(),
            })
            .collect();
        Status {
            node: node.to_owned(),
            ready: !self.ending && roles.iter().all(|role| role.ready || role.desired == 0),
            operating: roles.iter().any(|role| role.ready && role.role != Role::Gateway),
            endpoints: endpoints.clone(),
            roles,
            transfers: None,
        }
    }

    fn status_of(&self, name: Name, replica: &Replica, node: &str, now: Timestamp) -> ReplicaStatus {
        let uptime = if replica.process.is_some() { now.since(replica.started) } else { Duration::ZERO };
        let unknown = replica.state == ReplicaState::Ready && !self.in_service(name, replica);
        ReplicaStatus {
            id: name.to_string(),
            pid: replica.process.as_ref().map(|process| process.pid()),
            node: node.to_owned(),
            address: replica.address,
            state: if unknown { ReplicaState::Unready } else { replica.state },
            leader: replica.leads && replica.state == ReplicaState::Ready,
            cpu_percent: replica.cpu_percent,
            memory_bytes: replica.memory_bytes,
            restarts: replica.restarts,
            uptime_ms: u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Whether every replica that is wanted is ready: what `bedel up` waits for before it says so.
#[must_use]
pub fn all_ready(status: &Status) -> bool {
    status.roles.iter().all(|role| {
        let ready = role.replicas.iter().filter(|replica| replica.state == ReplicaState::Ready).count();
        u32::try_from(ready).is_ok_and(|ready| ready >= role.desired)
    })
}

#[cfg(test)]
mod tests;
