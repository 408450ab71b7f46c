//! A real Redis.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::claim::Claim;
use crate::process::{Guard, eventually, tool};

/// A Redis of its own folder and port that keeps nothing on disk; ended with this value.
#[derive(Debug)]
pub struct Redis {
    port: Claim,
    folder: tempfile::TempDir,
    server: Mutex<Guard>,
}

impl Redis {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// If it cannot be started.
    pub async fn start() -> Self {
        let port = Claim::port();
        let folder = tempfile::tempdir().expect("temporary folder");
        let server = Mutex::new(spawn(&folder, port.number()));
        let redis = Self { port, folder, server };
        redis.wait().await;
        redis
    }

    /// `redis://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port())
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port.number()
    }

    /// Forgets everything.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn flush(&self) {
        let answer = ask(self.port(), "FLUSHALL");
        assert_eq!(answer.as_deref(), Some("+OK"), "redis did not flush");
    }

    /// `kill -9`; connections to its port are refused until [`restart`](Self::restart).
    pub fn kill(&self) {
        self.guard().kill9();
    }

    /// SIGSTOP: connections are accepted and nothing is answered.
    pub fn pause(&self) {
        self.guard().stop();
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.guard().cont();
    }

    /// Kills it if it lives and starts it empty on the same port.
    ///
    /// # Panics
    /// If it cannot be started.
    pub async fn restart(&self) {
        self.kill();
        *self.guard() = spawn(&self.folder, self.port());
        self.wait().await;
    }

    fn guard(&self) -> std::sync::MutexGuard<'_, Guard> {
        self.server.lock().expect("no test panicked while holding the server")
    }

    async fn wait(&self) {
        eventually("redis-server answers", Duration::from_secs(60), async || {
            let ended = self.guard().ended();
            assert!(ended.is_none(), "redis-server ended: {ended:?}\n{}", self.log());
            ask(self.port(), "PING").as_deref() == Some("+PONG")
        })
        .await;
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

fn spawn(folder: &tempfile::TempDir, port: u16) -> Guard {
    let folder = folder.path();
    Guard::spawn(
        Command::new(tool("redis-server", "redis-server"))
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(folder)
            .arg("--logfile")
            .arg(folder.join("log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )
}

/// The first line of the answer, `None` if there is none.
fn ask(port: u16, command: &str) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
    let mut answer = [0; 512];
    let count = stream.read(&mut answer).ok()?;
    String::from_utf8_lossy(&answer[..count]).lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_answers_is_flushed_dies_and_comes_back() {
        let redis = Redis::start().await;
        assert_eq!(ask(redis.port(), "SET a b").as_deref(), Some("+OK"));
        redis.flush();
        assert_eq!(ask(redis.port(), "EXISTS a").as_deref(), Some(":0"));
        redis.kill();
        assert_eq!(ask(redis.port(), "PING"), None);
        redis.restart().await;
        assert_eq!(ask(redis.port(), "PING").as_deref(), Some("+PONG"));
    }
}
