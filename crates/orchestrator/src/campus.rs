//! Configuration → build (everything bound, nothing running) → run.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use kernel::clock::Clock;
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::lifecycle::Lifecycle;
use kernel::role::Role;
use kernel::status::{ReplicaState, Status};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use tokio::net::UnixListener;
use tokio::sync::watch;

use crate::adopt;
use crate::autoscale;
use crate::control;
use crate::doors::Doors;
use crate::launch::Launch;
use crate::name::Name;
use crate::proc;
use crate::record::{self, Record};
use crate::rollout;
use crate::roster::{Replica, Roster};
use crate::sample;
use crate::supervisor::{Parts, Supervisor};

/// The longest path of a Unix socket (unix(7)), its final zero left out.
const LONGEST_SOCKET_PATH: usize = 107;
/// A killed orchestrator may have sent snapshots that it did not write down any more; nobody can have sent so many.
const GENERATION_STRIDE: u64 = 1_000;
/// What ending takes beside the drain times.
const SLACK: Duration = Duration::from_secs(15);

/// What a campus is built of.
pub struct Deps {
    /// Where everything lies.
    pub data: DataDir,
    /// How it is supervised.
    pub settings: config::Orchestrator,
    /// How its replicas are started.
    pub launch: Launch,
    /// Public sockets by name (`http`, `https`), in the order in which gateways get them. Port 0 takes any free one.
    pub public: Vec<(String, SocketAddr)>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// This machine's name.
    pub node: String,
    /// Transfers in progress, for the status: `None` while nobody knows.
    pub transfers: watch::Receiver<Option<u64>>,
}

/// Why a campus cannot be started. Nothing was started, and what lives was left alone.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Another orchestrator has the data folder.
    #[error(
        "an orchestrator{} is already running on {data}: see `bedel status --data {data}`, end it with \
         `bedel down --data {data}`, or choose another --data", .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default(), data = .data.display()
    )]
    Running {
        /// The folder.
        data: PathBuf,
        /// Its process, if it said.
        pid: Option<i32>,
    },
    /// The data folder cannot be used.
    #[error("cannot use {path} for the campus's data: make it writable or choose another folder with --data", path = .path.display())]
    Data {
        /// The folder, or what is in it.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The data folder's path is too long for the sockets in it.
    #[error("the path {path} is longer than the {LONGEST_SOCKET_PATH} bytes a socket's may have: choose a shorter --data", path = .path.display())]
    PathTooLong {
        /// The longest of the sockets.
        path: PathBuf,
    },
    /// A public address belongs to another program.
    #[error(
        "the {name} address {address} is taken by another program: end that program (`ss -ltnp` names it) or choose \
         another address{}", if name == "http" { " with --listen" } else { " in the settings (gateway.listen_tls)" }
    )]
    AddressTaken {
        /// `http` or `https`.
        name: String,
        /// Which.
        address: SocketAddr,
    },
    /// A public address cannot be listened on.
    #[error("cannot listen on the {name} address {address}: choose another address (--listen, gateway.listen_tls)")]
    Address {
        /// `http` or `https`.
        name: String,
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl BuildError {
    pub(crate) fn data(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Data { path: path.into(), source }
    }
}

/// A campus of which everything is bound and nothing runs that did not run before.
pub struct Campus {
    supervisor: Arc<Supervisor>,
    control: UnixListener,
    boot_id: String,
    adopted: usize,
    /// Held as long as this process lives; its descriptor is closed in every child.
    lock: File,
}

impl Campus {
    /// Takes the data folder's lock, adopts what a killed orchestrator left running, gets or binds the public sockets.
    ///
    /// # Errors
    /// Says what is wrong and what to do; nothing was started.
    pub async fn build(deps: Deps) -> Result<Self, BuildError> {
        let Deps { data, settings, launch, public, clock, node, transfers } = deps;
        data.create().map_err(|error| BuildError::data(data.root(), error))?;
        // Replicas are told the folder by a path that does not depend on where they stand.
        let data = match data.root().canonicalize() {
            Ok(root) => DataDir::new(root),
            Err(error) => return Err(BuildError::data(data.root(), error)),
        };
        // A gateway binds its socket under a name with its process's number first.
        let longest = data.gateway_socket("gateway-99").with_extension("sock.4194304");
        if longest.as_os_str().len() > LONGEST_SOCKET_PATH {
            return Err(BuildError::PathTooLong { path: longest });
        }
        let lock = lock(&data)?;
        let boot_id = proc::boot_id().map_err(|error| BuildError::data("/proc", error))?;
        let former = Record::load(&data, &boot_id);
        let living = adopt::living(&former);
        let running: Vec<i32> = living.iter().map(|(_, replica)| replica.process.pid()).collect();
        let kept = adopt::take_doors(&data).await;
        // Before the doors are bound: a stray gateway that does not hand them over still has them.
        adopt::end_strays(&data, &running).await;
        let doors = Doors::open(&public, kept)?;
        let control =
            control::bind(&data.control_socket()).map_err(|error| BuildError::data(data.control_socket(), error))?;
        let adopted = running.len();
        let roster = roster_of(&data, &settings, &former, living);
        let supervisor = Supervisor::new(Parts { data, settings, launch, node, clock, doors, roster, transfers });
        Ok(Self { supervisor, control, boot_id, adopted, lock })
    }

    /// Public addresses by name.
    #[must_use]
    pub fn endpoints(&self) -> BTreeMap<String, String> {
        self.supervisor.doors.endpoints().clone()
    }

    /// How many replicas were running already and are taken over.
    #[must_use]
    pub const fn adopted(&self) -> usize {
        self.adopted
    }

    /// A view of the campus that can be kept while it runs.
    #[must_use]
    pub fn view(&self) -> View {
        View(Arc::clone(&self.supervisor))
    }

    /// Runs the campus until a signal, `Command::Down` or the lifecycle's soft token ends it, and drains it then. No
    /// replica is left when this returns.
    pub async fn run(self, lifecycle: Lifecycle) -> ExitCode {
        let Self { supervisor, control, boot_id, adopted, lock } = self;
        tracing::info!(replicas.adopted = adopted, "the campus starts");
        lifecycle.spawn_essential("record", write_down(Arc::clone(&supervisor), boot_id));
        lifecycle.spawn_essential("sample", sample::sample(Arc::clone(&supervisor)));
        lifecycle.spawn_essential("control", control::serve(control, Arc::clone(&supervisor), lifecycle.clone()));
        let known: Vec<Name> = supervisor.read(|roster| roster.replicas.keys().copied().collect());
        for name in known {
            supervisor.watch_over(name, &lifecycle);
        }
        for role in Role::ALL {
            supervisor.reconcile(role, &lifecycle);
        }
        lifecycle.spawn_essential("autoscale", autoscale::autoscale(Arc::clone(&supervisor), lifecycle.clone()));
        let (ending, soft) = (Arc::clone(&supervisor), lifecycle.soft().clone());
        lifecycle.spawn(async move {
            soft.cancelled().await;
            rollout::end(&ending).await;
            ending.empty.cancel();
        });
        let longest = Role::ALL.into_iter().map(|role| role.manifest().drain).max().unwrap_or_default();
        let code = lifecycle.run_to_end(longest * 2 + SLACK).await;
        // After a second signal, or when time was over, somebody may be left.
        adopt::end_strays(&supervisor.data, &[]).await;
        drop(lock);
        code
    }
}

/// Looks at a running campus.
#[derive(Clone)]
pub struct View(Arc<Supervisor>);

impl View {
    /// The state now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// Waits until every replica that is wanted is ready; false if the campus is ended before.
    pub async fn all_ready(&self) -> bool {
        let ready = |roster: &Roster| Role::ALL.into_iter().all(|role| roster.ready(role) >= roster.desired(role));
        self.0.until(|roster| (roster.ending || ready(roster)).then_some(!roster.ending)).await
    }
}

/// Takes the lock that the one orchestrator of a data folder holds.
pub(crate) fn lock(data: &DataDir) -> Result<File, BuildError> {
    let path = data.run().join("orchestrator.lock");
    let failed = |error| BuildError::data(&path, error);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            return Err(BuildError::Running { data: data.root().to_owned(), pid: pid.trim().parse().ok() });
        }
        Err(error) => return Err(failed(error.into())),
    }
    file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(failed)?;
    Ok(file)
}

/// The roster to go on with: what lives, what died meanwhile under its old name, and the numbers that were wanted.
///
/// Numbers set by `bedel scale` or the autoscaler hold as long as the campus lives, whoever orchestrates it; a campus
/// that starts afresh takes those of the settings.
fn roster_of(
    data: &DataDir,
    settings: &config::Orchestrator,
    former: &Record,
    living: Vec<(Name, adopt::Living)>,
) -> Roster {
    let fresh = living.is_empty();
    let desired = Role::ALL.into_iter().map(|role| {
        let set = settings.replicas.of(role);
        (role, if fresh { set } else { former.desired.get(&role).copied().unwrap_or(set) })
    });
    let mut roster = Roster::new(desired.collect(), record::last_generation(data) + GENERATION_STRIDE);
    if fresh {
        return roster;
    }
    for (name, found) in living {
        let mut replica = Replica::new(found.entry.restarts);
        replica.process = Some(Arc::new(found.process));
        replica.address = found.entry.address;
        replica.started = found.entry.started;
        replica.ready_since = found.entry.ready_since;
        // Believed until its next probe: gateways must not lose it because its orchestrator was replaced.
        replica.state = found.entry.state;
        if found.entry.state == ReplicaState::Draining {
            replica.retire.cancel();
        }
        roster.replicas.insert(name, replica);
    }
    for entry in &former.replicas {
        if let Ok(name) = entry.id.parse::<Name>()
            && entry.state != ReplicaState::Draining
            && roster.difference(name.role).0 > 0
        {
            roster.replicas.entry(name).or_insert_with(|| Replica::new(entry.restarts.saturating_add(1)));
        }
    }
    roster
}

/// Keeps `replicas.json` and `snapshot.json` true until no replica is left, then removes what must not be found later.
async fn write_down(supervisor: Arc<Supervisor>, boot_id: String) {
    let mut changes = supervisor.changes();
    let mut written = (Record::default(), 0);
    loop {
        changes.mark_unchanged();
        let (record, snapshot) =
            supervisor.read(|roster| (Record::of(roster, &boot_id), Arc::clone(roster.snapshot())));
        if snapshot.generation != written.1 {
            log_failure(&supervisor.data.snapshot(), record::replace(&supervisor.data.snapshot(), &*snapshot));
            written.1 = snapshot.generation;
        }
        if record != written.0 {
            let path = Record::path(&supervisor.data);
            log_failure(&path, record::replace(&path, &record));
            written.0 = record;
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = supervisor.empty.cancelled() => break,
        }
    }
    remove_traces(&supervisor.data);
    supervisor.ended.cancel();
}

fn log_failure(path: &std::path::Path, outcome: io::Result<()>) {
    if let Err(error) = outcome {
        tracing::error!(file = %path.display(), error = %error, "the campus's state could not be written");
    }
}

/// What must not be found by whoever comes after a campus that ended. The snapshot stays: its generation must rise.
pub(crate) fn remove_traces(data: &DataDir) {
    let _ = std::fs::remove_file(data.control_socket());
    let _ = std::fs::remove_file(Record::path(data));
    for socket in adopt::gateway_sockets(data) {
        let _ = std::fs::remove_file(socket);
    }
}
