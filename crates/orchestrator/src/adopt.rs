//! Taking over what a killed orchestrator left running.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use kernel::data_dir::DataDir;
use kernel::role::Role;
use rustix::process::Pid;
use tokio::time::timeout;

use crate::doors;
use crate::launch::{MARK, mark};
use crate::name::Name;
use crate::proc;
use crate::process::{Identity, Process};
use crate::record::{Entry, Record};

/// A replica of the record that still runs.
pub(crate) struct Living {
    pub(crate) entry: Entry,
    pub(crate) process: Process,
}

/// Those of the record's replicas that still run.
pub(crate) fn living(record: &Record) -> Vec<(Name, Living)> {
    let adopt = |entry: &Entry| {
        let name = entry.id.parse().ok()?;
        match Process::adopt(entry.identity) {
            Ok(process) => Some((name, Living { entry: entry.clone(), process: process? })),
            Err(error) => {
                tracing::error!(replica.id = %entry.id, error = %error, "a replica could not be adopted");
                None
            }
        }
    };
    record.replicas.iter().filter_map(adopt).collect()
}

/// The public sockets, from the first gateway that hands them over; nothing if none does. Every socket in the folder is
/// tried, whether or not a record names its gateway.
pub(crate) async fn take_doors(data: &DataDir) -> Vec<(String, TcpListener)> {
    for socket in gateway_sockets(data) {
        let path = socket.clone();
        match tokio::task::spawn_blocking(move || doors::take_from(&path)).await {
            Ok(Ok(taken)) => {
                tracing::info!(socket = %socket.display(), doors = taken.len(), "public sockets taken over");
                return taken;
            }
            Ok(Err(error)) => tracing::warn!(socket = %socket.display(), error = %error, "a gateway gave no sockets"),
            Err(error) => tracing::error!(socket = %socket.display(), error = %error, "a gateway was not asked"),
        }
    }
    Vec::new()
}

/// Control sockets of gateways, dead or alive.
pub(crate) fn gateway_sockets(data: &DataDir) -> Vec<PathBuf> {
    let gateway = |path: &PathBuf| {
        let stem = path.file_stem().and_then(OsStr::to_str);
        path.extension() == Some(OsStr::new("sock"))
            && stem.is_some_and(|stem| stem.parse().is_ok_and(|name: Name| name.role == Role::Gateway))
    };
    let entries = std::fs::read_dir(data.run()).into_iter().flatten().flatten();
    let mut sockets: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(gateway).collect();
    sockets.sort();
    sockets
}

/// Kills processes that carry this campus's mark and that nobody knows: those whose start was not written down when
/// their orchestrator was killed, or whose record is lost.
pub(crate) async fn end_strays(data: &DataDir, running: &[i32]) -> usize {
    // What a replica started itself is in its group and inherited the mark.
    let group = |pid: i32| Some(rustix::process::getpgid(Pid::from_raw(pid)).ok()?.as_raw_nonzero().get());
    let known = |pid: i32| running.iter().any(|known| *known == pid || Some(*known) == group(pid));
    let strays: Vec<Process> = proc::with_environment(MARK, &mark(data))
        .into_iter()
        .filter(|pid| !known(*pid) && u32::try_from(*pid) != Ok(std::process::id()))
        .filter_map(|pid| Process::adopt(Identity::of(pid)?).ok()?)
        .collect();
    let count = strays.len();
    for stray in strays {
        tracing::warn!(process.pid = stray.pid(), "killing a replica that no record knows");
        stray.kill();
        // SIGKILL needs no patience, except for a process that hangs in the kernel.
        let _ = timeout(Duration::from_secs(5), stray.ended()).await;
    }
    count
}
