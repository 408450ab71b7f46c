//! Starting one replica.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use command_fds::{CommandFdExt, FdMapping};
use kernel::data_dir::DataDir;

use crate::name::Name;
use crate::process::Process;

/// How the replicas' executable is called. A replica's command line is
/// `PROGRAM run ROLE --replica NAME --data DIR ARGUMENTS… --listen-fd http=3 [--listen-fd https=4]`.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The executable.
    pub program: PathBuf,
    /// What every replica is given besides, such as `--config FILE`.
    pub arguments: Vec<OsString>,
    /// Variables set besides the orchestrator's own.
    pub environment: Vec<(OsString, OsString)>,
}

/// The variable that marks a process as a replica of the campus in a data folder, so that none is ever lost.
pub(crate) const MARK: &str = "BEDEL_REPLICA_OF";

/// The first descriptor handed down.
const FIRST_FD: i32 = 3;

/// The value of [`MARK`]: the folder's path without links or dots, else two spellings would be two campuses.
pub(crate) fn mark(data: &DataDir) -> String {
    data.root().canonicalize().unwrap_or_else(|_| data.root().to_owned()).display().to_string()
}

impl Launch {
    /// Starts a replica with `listeners` as its descriptors 3, 4, …; the caller's copies are closed.
    ///
    /// Its output goes to a file, not to a pipe, and nothing ties its life to ours: it must outlive an orchestrator that
    /// is killed.
    pub(crate) fn start(
        &self,
        data: &DataDir,
        name: Name,
        listeners: Vec<(String, TcpListener)>,
    ) -> io::Result<Process> {
        let path = data.logs().join(format!("{name}.log"));
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display())))?;
        let mut command = Command::new(&self.program);
        command.arg("run").arg(name.role.name()).arg("--replica").arg(name.to_string());
        command.arg("--data").arg(data.root()).args(&self.arguments);
        let mut mappings = Vec::with_capacity(listeners.len());
        for ((listener_name, listener), child_fd) in listeners.into_iter().zip(FIRST_FD..) {
            listener.set_nonblocking(true)?;
            command.arg("--listen-fd").arg(format!("{listener_name}={child_fd}"));
            mappings.push(FdMapping { parent_fd: OwnedFd::from(listener), child_fd });
        }
        command.env(MARK, mark(data)).envs(self.environment.iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        command.fd_mappings(mappings).map_err(io::Error::other)?;
        let child = command.spawn().map_err(|error| {
            io::Error::new(error.kind(), format!("cannot start {}: {error}", self.program.display()))
        })?;
        Process::of_child(child.id())
    }
}
