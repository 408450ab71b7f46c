//! A data folder, a campus on it, and waits that end.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use kernel::clock::SystemClock;
use kernel::config;
use kernel::control::{Command, Reply, ask};
use kernel::data_dir::DataDir;
use kernel::lifecycle::Lifecycle;
use kernel::role::Role;
use kernel::status::{ReplicaState, ReplicaStatus, Status};
use orchestrator::{BuildError, Campus, Deps, Launch, View};
use rustix::process::{Pid, Signal};
use tokio::task::JoinHandle;

use crate::replica;

/// Nothing here takes nearly as long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder and what is needed to start campuses on it. Whatever still runs there at the end is killed.
pub(crate) struct Bed {
    folder: tempfile::TempDir,
    pub(crate) settings: config::Orchestrator,
}

impl Bed {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("data/orders")).expect("creates");
        replica::write_launcher(&folder.path().join("launch"));
        Self { folder, settings: Self::settings() }
    }

    pub(crate) fn settings() -> config::Orchestrator {
        config::Orchestrator {
            probe_interval_ms: 50,
            probe_timeout_ms: 2_000,
            startup_timeout_ms: 30_000,
            ..config::Orchestrator::default()
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("data").canonicalize().expect("exists")
    }

    pub(crate) fn data(&self) -> DataDir {
        DataDir::new(self.root())
    }

    pub(crate) fn deps(&self) -> Deps {
        deps(self.root(), self.folder.path().join("launch"), self.settings.clone())
    }

    /// Tells replicas to misbehave, from now on.
    pub(crate) fn order(&self, order: &str) {
        std::fs::write(self.root().join("orders").join(order), b"").expect("writes");
    }

    pub(crate) fn revoke(&self, order: &str) {
        std::fs::remove_file(self.root().join("orders").join(order)).expect("was ordered");
    }

    pub(crate) async fn build(&self) -> Result<Campus, BuildError> {
        Campus::build(self.deps()).await
    }

    /// A campus inside this process.
    pub(crate) async fn up(&self) -> Running {
        let campus = self.build().await.expect("is built");
        let address = campus.endpoints()["http"].parse().expect("an address");
        let (view, lifecycle) = (campus.view(), Lifecycle::new());
        let run = tokio::spawn(campus.run(lifecycle.clone()));
        assert!(within("the campus is ready", view.all_ready()).await);
        Running { view, lifecycle, run, address, data: self.data() }
    }

    /// Every process that carries this folder's mark.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let mark = format!("BEDEL_REPLICA_OF={}", self.root().display());
        let pids = std::fs::read_dir("/proc").expect("is readable").flatten();
        pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid: &i32| {
                let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                lives(*pid) && environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
            })
            .collect()
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        // After a failed test a campus may still run and start again what is killed: that is to end by itself.
        for role in Role::ALL {
            self.order(&format!("crash-{role}"));
        }
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            for pid in left {
                signal(pid, Signal::KILL);
            }
        }
    }
}

/// What any orchestrator on a test's folder is built of.
pub(crate) fn deps(root: PathBuf, program: PathBuf, settings: config::Orchestrator) -> Deps {
    Deps {
        data: DataDir::new(root),
        settings,
        launch: Launch { program, arguments: Vec::new(), environment: Vec::new() },
        public: vec![("http".to_owned(), SocketAddr::from(([127, 0, 0, 1], 0)))],
        clock: Arc::new(SystemClock),
        node: "here".to_owned(),
        transfers: tokio::sync::watch::channel(None).1,
    }
}

/// A campus that runs inside this process.
pub(crate) struct Running {
    pub(crate) view: View,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) run: JoinHandle<ExitCode>,
    pub(crate) address: SocketAddr,
    data: DataDir,
}

impl Running {
    pub(crate) async fn ask(&self, command: Command) -> Reply {
        ask(&self.data.control_socket(), &command, PATIENCE).await.expect("answers")
    }

    /// Ends the campus and waits for it.
    pub(crate) async fn stop(self) {
        self.lifecycle.stop();
        let code = within("the campus ends", self.run).await.expect("does not panic");
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
    }

    /// Waits until a replica is as described.
    pub(crate) async fn until(&self, what: &str, id: &str, wanted: impl Fn(&ReplicaStatus) -> bool) -> ReplicaStatus {
        until(what, || find(&self.view.status(), id).filter(&wanted)).await
    }
}

pub(crate) fn find(status: &Status, id: &str) -> Option<ReplicaStatus> {
    status.roles.iter().flat_map(|role| &role.replicas).find(|replica| replica.id == id).cloned()
}

pub(crate) fn of_role(status: &Status, role: Role) -> Vec<ReplicaStatus> {
    status.roles.iter().filter(|other| other.role == role).flat_map(|role| role.replicas.clone()).collect()
}

pub(crate) fn pids(status: &Status) -> Vec<i32> {
    status.roles.iter().flat_map(|role| &role.replicas).filter_map(|replica| replica.pid).collect()
}

pub(crate) fn ready(replica: &ReplicaStatus) -> bool {
    replica.state == ReplicaState::Ready
}

/// A bounded wait.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(result) => result,
        Err(_) => panic!("waited in vain: {what}"),
    }
}

/// A bounded wait for something to be there.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}

pub(crate) fn signal(pid: i32, signal: Signal) {
    // One that has ended meanwhile is as good as signalled.
    let _ = rustix::process::kill_process(Pid::from_raw(pid).expect("a pid"), signal);
}

/// Whether a process runs or can run again.
pub(crate) fn lives(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|line| line.rsplit(')').next()?.trim_start().chars().next())
        .is_some_and(|state| state != 'Z' && state != 'X')
}
