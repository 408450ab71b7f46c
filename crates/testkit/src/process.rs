//! Child processes that do not outlive their test.

use std::env;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A child process; killed and reaped when dropped.
#[derive(Debug)]
pub struct Guard {
    child: Child,
}

impl Guard {
    /// Starts `command`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn spawn(command: &mut Command) -> Self {
        match command.spawn() {
            Ok(child) => Self { child },
            Err(error) => panic!("cannot start {:?}: {error}", command.get_program()),
        }
    }

    /// Starts this test program again as a child that runs the test `test` alone, with `variable` (its name and its value)
    /// in its environment; what it prints is added to `log`.
    ///
    /// # Panics
    /// If it cannot be started, or the log not be written.
    pub fn again(test: &str, variable: (&str, &str), log: &Path) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(log).expect("a log");
        let mut command = Command::new(env::current_exe().expect("this program"));
        command
            .args(["--exact", test, "--nocapture"])
            .env(variable.0, variable.1)
            .stdout(log.try_clone().expect("the log"))
            .stderr(log);
        Self::spawn(&mut command)
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its pipes, where the command asked for some.
    pub const fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends a signal; nothing happens if the process has been reaped.
    pub fn signal(&mut self, signal: Signal) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
    }

    /// `kill -9`, and waits for the end.
    pub fn kill9(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGSTOP: the process keeps its sockets and locks and does nothing.
    pub fn stop(&mut self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn cont(&mut self) {
        self.signal(Signal::CONT);
    }

    /// How it ended, `None` while it lives.
    ///
    /// # Panics
    /// If the kernel does not know the child.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours")
    }

    /// SIGTERM, then waits for the end.
    ///
    /// # Panics
    /// If the process is still there after `limit`.
    pub async fn terminate(&mut self, limit: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait(limit).await
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// If the process is still there after `limit`.
    pub async fn wait(&mut self, limit: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(begun.elapsed() < limit, "process {} still lives after {limit:?}", self.id());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Waits until `done` says so.
///
/// # Panics
/// If it does not within `limit`; the message names `what`.
pub async fn eventually(what: &str, limit: Duration, mut done: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !done().await {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Where a tool is: in `PATH`, or where Debian keeps servers, which an ordinary user's `PATH` leaves out.
///
/// # Panics
/// If it is nowhere; the message says what to install.
#[must_use]
pub fn tool(name: &str, package: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: `apt-get install {package}`, or run `make test`, which does"))
}

/// Runs a command to its end and returns what it wrote to its standard output.
///
/// # Panics
/// If it fails; the message holds what it wrote to its standard error.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {:?}: {error}", command.get_program()));
    assert!(
        output.status.success(),
        "{command:?} failed with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether this process is the root user's.
#[must_use]
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Where things that outlive a test run are kept: `target/testkit`.
pub(crate) fn cache() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let cache = target.join("testkit");
    std::fs::create_dir_all(&cache).unwrap_or_else(|error| panic!("cannot make {}: {error}", cache.display()));
    cache
}

/// A command that runs as root.
pub(crate) fn privileged(name: &str, package: &str) -> Command {
    let program = tool(name, package);
    let mut command = if is_root() {
        Command::new(program)
    } else {
        let mut sudo = Command::new(tool("sudo", "sudo"));
        // Without a terminal there is nobody to ask: `-n` makes that an error that says so.
        sudo.arg("-n").arg(program);
        sudo
    };
    command.stdin(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    fn state(id: u32) -> String {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().unwrap_or_default().chars().take(1).collect()
    }

    #[tokio::test]
    async fn a_guard_stops_continues_and_ends_its_process() {
        let mut guard = Guard::spawn(Command::new("sleep").arg("600"));
        guard.stop();
        eventually("stopped", Duration::from_secs(10), async || state(guard.id()) == "T").await;
        guard.cont();
        eventually("running", Duration::from_secs(10), async || state(guard.id()) == "S").await;
        assert_eq!(guard.terminate(Duration::from_secs(10)).await.signal(), Some(15));
    }

    #[test]
    fn dropping_a_guard_kills_and_reaps() {
        let guard = Guard::spawn(Command::new("sleep").arg("600"));
        let id = guard.id();
        drop(guard);
        assert_eq!(state(id), "", "process {id} is still there");
    }

    #[test]
    #[should_panic(expected = "apt-get install nothing-of-the-kind")]
    fn a_missing_tool_says_what_to_install() {
        let _ = tool("no-such-tool", "nothing-of-the-kind");
    }
}
