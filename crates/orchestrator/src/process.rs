//! One running process, held by a pidfd: its number cannot come to mean another process.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use serde::{Deserialize, Serialize};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::proc::Stat;

/// What names a process for the life of a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Its number.
    pub(crate) pid: i32,
    /// When it started, in clock ticks since boot.
    pub(crate) start_time: u64,
}

impl Identity {
    /// The process that has this number now, if it is not dead.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Stat::of(pid).filter(Stat::alive).map(|stat| Self { pid, start_time: stat.start_time })
    }
}

/// A process of ours, be it our child or the child of an orchestrator before us.
#[derive(Debug)]
pub(crate) struct Process {
    identity: Identity,
    pidfd: AsyncFd<OwnedFd>,
}

impl Process {
    /// Takes hold of a child that was just spawned. It cannot have been reaped, so its number is its own.
    pub(crate) fn of_child(pid: u32) -> io::Result<Self> {
        let pid = i32::try_from(pid).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let pidfd = open(pid)?;
        // A child that died at once is a zombie, whose start time is still to be read.
        let start_time = Stat::of(pid).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?.start_time;
        Self::hold(Identity { pid, start_time }, pidfd)
    }

    /// Takes hold of a process that somebody else started; `None` when it is gone or its number is another's now.
    ///
    /// The pidfd is opened first and the identity compared after: between the two nothing can change hands.
    pub(crate) fn adopt(identity: Identity) -> io::Result<Option<Self>> {
        let pidfd = match open(identity.pid) {
            Ok(pidfd) => pidfd,
            Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => return Ok(None),
            Err(error) => return Err(error),
        };
        if Identity::of(identity.pid) != Some(identity) {
            return Ok(None);
        }
        Self::hold(identity, pidfd).map(Some)
    }

    #[expect(deprecated, reason = "the replacement is unsafe; an OwnedFd keeps the promise it asks for")]
    fn hold(identity: Identity, pidfd: OwnedFd) -> io::Result<Self> {
        Ok(Self { identity, pidfd: AsyncFd::with_interest(pidfd, Interest::READABLE)? })
    }

    pub(crate) const fn identity(&self) -> Identity {
        self.identity
    }

    pub(crate) const fn pid(&self) -> i32 {
        self.identity.pid
    }

    /// Sends a signal to the process itself; one that has ended is no error.
    pub(crate) fn signal(&self, signal: Signal) {
        match rustix::process::pidfd_send_signal(self.pidfd.as_fd(), signal) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => tracing::error!(process.pid = self.pid(), error = %error, "a signal could not be sent"),
        }
    }

    /// Ends the process and whatever it started in its group, at once.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
        // The group keeps its number while its leader is not reaped, which only `ended` does.
        if let Some(group) = Pid::from_raw(self.pid())
            && self.is_leader_unreaped()
        {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }

    fn is_leader_unreaped(&self) -> bool {
        Stat::of(self.pid()).is_some_and(|stat| stat.start_time == self.identity.start_time)
    }

    /// Waits until the process has ended, takes down what it left in its group, reaps it if it is our child, and says
    /// how it ended. May be awaited by several and again.
    pub(crate) async fn ended(&self) -> String {
        if self.pidfd.readable().await.map(|mut guard| guard.retain_ready()).is_err() {
            return "ended".to_owned();
        }
        self.kill();
        match rustix::process::waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED) {
            Ok(Some(status)) => match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => format!("ended with code {code}"),
                (_, Some(signal)) => format!("was ended by signal {signal}"),
                _ => "ended".to_owned(),
            },
            _ => "ended".to_owned(),
        }
    }
}

fn open(pid: i32) -> io::Result<OwnedFd> {
    let pid = Pid::from_raw(pid).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok(rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> std::process::Child {
        std::process::Command::new("sleep").arg("600").spawn().expect("starts")
    }

    #[tokio::test]
    async fn a_child_that_is_killed_is_reaped_and_says_how_it_ended() {
        let mut child = sleeper();
        let process = Process::of_child(child.id()).expect("is held");
        process.signal(Signal::KILL);
        assert_eq!(process.ended().await, "was ended by signal 9");
        assert_eq!(Stat::of(process.pid()), None, "no zombie is left");
        process.signal(Signal::TERM);
        assert_eq!(process.ended().await, "ended");
        assert!(child.wait().is_err(), "nothing is left to reap");
    }

    #[tokio::test]
    async fn only_the_very_process_is_adopted() {
        let mut child = sleeper();
        let identity = Identity::of(i32::try_from(child.id()).expect("fits")).expect("is running");
        let other = Identity { start_time: identity.start_time + 1, ..identity };
        assert!(Process::adopt(other).expect("no failure").is_none(), "its number means another process now");
        let adopted = Process::adopt(identity).expect("no failure").expect("is there");
        child.kill().expect("is killed");
        adopted.pidfd.readable().await.expect("ends").retain_ready();
        assert!(Process::adopt(identity).expect("no failure").is_none(), "a zombie is not adopted");
        child.wait().expect("is reaped");
        assert!(Process::adopt(identity).expect("no failure").is_none(), "what is gone is not adopted");
    }
}
