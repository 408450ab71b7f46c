//! What all of the orchestrator's tasks share, and the one way to change it.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::clock::Clock;
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::lifecycle::Lifecycle;
use kernel::role::Role;
use kernel::snapshot::Snapshot;
use kernel::status::{ReplicaState, Status};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::doors::Doors;
use crate::launch::Launch;
use crate::name::Name;
use crate::process::Process;
use crate::roster::{Replica, Roster};
use crate::supervise::supervise;

pub(crate) struct Supervisor {
    pub(crate) data: DataDir,
    pub(crate) settings: config::Orchestrator,
    pub(crate) launch: Launch,
    pub(crate) node: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) doors: Doors,
    /// Cancelled when no replica is left.
    pub(crate) empty: CancellationToken,
    /// Cancelled after that, when nothing on disk speaks of them any more.
    pub(crate) ended: CancellationToken,
    roster: Mutex<Roster>,
    /// Counts the roster's changes.
    changes: watch::Sender<u64>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    /// Held while a role's set of replicas is being changed.
    rollouts: BTreeMap<Role, tokio::sync::Mutex<()>>,
    transfers: watch::Receiver<Option<u64>>,
}

/// What a [`Supervisor`] is made of.
pub(crate) struct Parts {
    pub(crate) data: DataDir,
    pub(crate) settings: config::Orchestrator,
    pub(crate) launch: Launch,
    pub(crate) node: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) doors: Doors,
    pub(crate) roster: Roster,
    pub(crate) transfers: watch::Receiver<Option<u64>>,
}

impl Supervisor {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let Parts { data, settings, launch, node, clock, doors, mut roster, transfers } = parts;
        roster.refresh();
        Arc::new(Self {
            data,
            settings,
            launch,
            node,
            clock,
            doors,
            empty: CancellationToken::new(),
            ended: CancellationToken::new(),
            changes: watch::Sender::new(0),
            snapshots: watch::Sender::new(Arc::clone(roster.snapshot())),
            rollouts: Role::ALL.into_iter().map(|role| (role, tokio::sync::Mutex::new(()))).collect(),
            roster: Mutex::new(roster),
            transfers,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the roster.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Roster) -> T) -> T {
        look(&self.lock())
    }

    /// Notes figures that nobody waits for.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Roster)) {
        note(&mut self.lock());
    }

    /// Changes the roster; the snapshot that follows is on its way to the gateways when this returns.
    pub(crate) fn alter<T>(&self, change: impl FnOnce(&mut Roster) -> T) -> T {
        let mut roster = self.lock();
        let result = change(&mut roster);
        roster.refresh();
        // Under the lock, so that no older snapshot can follow a newer one.
        self.snapshots.send_if_modified(|sent| {
            let fresh = roster.snapshot();
            let newer = fresh.generation > sent.generation;
            if newer {
                *sent = Arc::clone(fresh);
            }
            newer
        });
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Waits until the roster answers the question.
    pub(crate) async fn until<T>(&self, mut question: impl FnMut(&Roster) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            if let Some(answer) = self.read(&mut question) {
                return answer;
            }
            // The sender is a field of ours, so it cannot be gone.
            let _ = changes.changed().await;
        }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.subscribe()
    }

    /// Whoever changes a role's set of replicas holds this; one who need not wait skips the role instead.
    pub(crate) fn rollout(&self, role: Role) -> &tokio::sync::Mutex<()> {
        &self.rollouts[&role]
    }

    pub(crate) fn status(&self) -> Status {
        let transfers = *self.transfers.borrow();
        Status { transfers, ..self.read(|roster| roster.status(&self.node, self.doors.endpoints(), self.clock.now())) }
    }

    /// Notes whether a replica leads its role.
    pub(crate) fn observe_lead(&self, name: Name, leads: bool) {
        if self.read(|roster| roster.replicas.get(&name).is_some_and(|replica| replica.leads != leads)) {
            self.note(|roster| {
                if let Some(replica) = roster.replicas.get_mut(&name) {
                    replica.leads = leads;
                }
            });
        }
    }

    /// Notes what a replica is found to be; nothing happens if that is not news.
    pub(crate) fn observe(&self, name: Name, state: ReplicaState, trouble: Option<&str>) {
        let news = self.read(|roster| {
            roster
                .replicas
                .get(&name)
                .is_some_and(|replica| replica.state != state || replica.trouble.as_deref() != trouble)
        });
        if !news {
            return;
        }
        let now = self.clock.now();
        let before = self.alter(|roster| {
            let replica = roster.replicas.get_mut(&name)?;
            if state == ReplicaState::Ready && replica.ready_since.is_none() {
                replica.ready_since = Some(now);
            }
            replica.trouble = trouble.map(str::to_owned);
            Some(std::mem::replace(&mut replica.state, state))
        });
        match (before, state) {
            (Some(before), ReplicaState::Ready) if before != state => {
                tracing::info!(replica.id = %name, "ready");
            }
            (Some(ReplicaState::Ready), _) => {
                tracing::warn!(replica.id = %name, detail = trouble.unwrap_or_default(), "no longer ready");
            }
            _ => {}
        }
    }

    /// Starts a process for a replica and enters it in the roster.
    pub(crate) async fn start(self: &Arc<Self>, name: Name) -> io::Result<Arc<Process>> {
        let supervisor = Arc::clone(self);
        let starting = tokio::task::spawn_blocking(move || supervisor.start_blocking(name));
        starting.await.map_err(io::Error::other)?
    }

    fn start_blocking(&self, name: Name) -> io::Result<Arc<Process>> {
        let (listeners, address) = if name.role == Role::Gateway {
            // What a gateway that was killed left behind; nobody else can have this name now.
            match std::fs::remove_file(self.data.gateway_socket(&name.to_string())) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => (self.doors.copies()?, None),
            }
        } else {
            let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
            let address = listener.local_addr()?;
            (vec![("http".to_owned(), listener)], Some(address))
        };
        let process = Arc::new(self.launch.start(&self.data, name, listeners)?);
        let now = self.clock.now();
        self.alter(|roster| {
            if let Some(replica) = roster.replicas.get_mut(&name) {
                replica.state = ReplicaState::Starting;
                replica.process = Some(Arc::clone(&process));
                replica.address = address;
                replica.started = now;
                replica.ready_since = None;
                replica.confirmed = 0;
            }
        });
        tracing::info!(replica.id = %name, process.pid = process.pid(), "started");
        Ok(process)
    }

    /// Brings a role to the number of replicas wanted. The caller holds the role's rollout.
    pub(crate) fn reconcile(self: &Arc<Self>, role: Role, lifecycle: &Lifecycle) {
        let missing = self.alter(|roster| {
            let (missing, surplus) = roster.difference(role);
            for name in surplus {
                if let Some(replica) = roster.replicas.get(&name) {
                    replica.retire.cancel();
                }
            }
            missing
        });
        for _ in 0..missing {
            self.add(role, 0, lifecycle);
        }
    }

    /// One more replica of a role; `None` when the campus ends.
    pub(crate) fn add(self: &Arc<Self>, role: Role, restarts: u32, lifecycle: &Lifecycle) -> Option<Name> {
        let name = self.alter(|roster| {
            if roster.ending {
                return None;
            }
            let name = roster.free_name(role);
            roster.replicas.insert(name, Replica::new(restarts));
            Some(name)
        })?;
        self.watch_over(name, lifecycle);
        Some(name)
    }

    /// Supervises a replica that is in the roster until it has gone from it.
    pub(crate) fn watch_over(self: &Arc<Self>, name: Name, lifecycle: &Lifecycle) {
        let (supervisor, hard) = (Arc::clone(self), lifecycle.hard().clone());
        lifecycle.spawn(async move {
            // A panic is a bug, but must not leave a process that nobody watches: it is in the roster and taken up anew.
            while let Err(error) = tokio::spawn(supervise(Arc::clone(&supervisor), name, hard.clone())).await {
                tracing::error!(replica.id = %name, error = %error, "supervision failed: beginning anew");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }

    pub(crate) const fn startup_timeout(&self) -> Duration {
        Duration::from_millis(self.settings.startup_timeout_ms)
    }
}
