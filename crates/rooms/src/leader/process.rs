//! This process by name, and the end of another one.

use std::fs;
use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::store::leader::Process;

impl Process {
    /// This process.
    pub(crate) fn current() -> io::Result<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
        let namespace = fs::read_link("/proc/self/ns/pid")?;
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        let started = started(pid).ok_or_else(|| io::Error::other("/proc says nothing of this process"))?;
        Ok(Self { node: format!("{} {}", boot.trim(), namespace.display()), pid, started })
    }

    /// Kills the process if it is on this machine, and waits up to a second until it is gone, its locks with it.
    /// False: it is elsewhere.
    pub(crate) async fn kill(&self, here: &Self) -> bool {
        if self.node != here.node {
            return false;
        }
        let Some(pid) = Pid::from_raw(self.pid) else { return false };
        // First the descriptor, then the start time: from then on the number cannot be another's.
        let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { return true };
        if started(self.pid) != Some(self.started) || self == here {
            return true;
        }
        if pidfd_send_signal(&descriptor, Signal::KILL).is_err() {
            return true;
        }
        // A descriptor of a process is readable once it has ended (pidfd_open(2)).
        let wait = move || {
            let limit = Timespec { tv_sec: 1, tv_nsec: 0 };
            poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&limit))
        };
        if !matches!(tokio::task::spawn_blocking(wait).await, Ok(Ok(1))) {
            tracing::warn!(process.pid = self.pid, "a killed process was not gone within a second");
        }
        true
    }
}

/// When a process started, in clock ticks since the boot (proc(5), field 22 of `stat`). The name in parentheses may hold
/// anything: fields are counted from its end.
fn started(pid: i32) -> Option<u64> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    line.get(line.rfind(')')? + 1..)?.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn only_the_very_process_is_killed() {
        let here = Process::current().expect("this process");
        let mut child = Command::new("sleep").arg("600").spawn().expect("starts");
        let pid = i32::try_from(child.id()).expect("a pid");
        let there = Process { node: here.node.clone(), pid, started: started(pid).expect("its start") };
        let another = Process { started: there.started + 1, ..there.clone() };
        assert!(another.kill(&here).await, "who had that number is gone");
        let elsewhere = Process { node: "another machine".to_owned(), ..there.clone() };
        assert!(!elsewhere.kill(&here).await);
        assert!(here.kill(&here).await, "nobody kills itself");
        assert!(child.try_wait().expect("asks").is_none(), "it was not the one");
        assert!(there.kill(&here).await);
        let status = child.wait().expect("ends");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    }
}
