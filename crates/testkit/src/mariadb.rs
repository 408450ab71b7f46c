//! A real MariaDB.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::claim::Claim;
use crate::process::{Guard, cache, eventually, is_root, run, tool};

const PACKAGE: &str = "mariadb-server-core mariadb-client-core";
/// What the server must not read from `/etc`, and sizes at which a start takes a second and tens of megabytes.
const SETTINGS: [&str; 10] = [
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=8M",
    "--innodb-log-buffer-size=2M",
    "--innodb-flush-log-at-trx-commit=2", // survives kill -9, which is all that tests do to it
    "--key-buffer-size=1M",
    "--aria-pagecache-buffer-size=1M",
    "--performance-schema=OFF",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_bin",
];

/// A MariaDB of its own folder and port; ended with this value.
#[derive(Debug)]
pub struct MariaDb {
    port: Claim,
    folder: tempfile::TempDir,
    server: Mutex<Guard>,
}

impl MariaDb {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// If it cannot be started.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let data = folder.path().join("data");
        tokio::task::spawn_blocking(move || run(Command::new("cp").arg("-a").arg(template()).arg(data)))
            .await
            .expect("the template is copied");
        std::fs::write(
            folder.path().join("init.sql"),
            "CREATE USER IF NOT EXISTS bedel@'127.0.0.1' IDENTIFIED BY 'bedel';\nGRANT ALL ON *.* TO bedel@'127.0.0.1';\n",
        )
        .expect("the folder is writable");
        let port = Claim::port();
        let server = Mutex::new(spawn(folder.path(), port.number()));
        let mariadb = Self { port, folder, server };
        mariadb.wait().await;
        mariadb
    }

    /// Creates `database` if there is none, with the collation `utf8mb4_bin`, and says how to reach it over TCP.
    ///
    /// # Panics
    /// If the server does not answer.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.execute(&format!("CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"));
        format!("mysql://bedel:bedel@127.0.0.1:{}/{database}", self.port())
    }

    /// Runs statements as the server's root; returns what they print, a row a line, tabs between the columns.
    ///
    /// # Panics
    /// If the server refuses them.
    pub fn execute(&self, statements: &str) -> String {
        run(&mut self.client(statements))
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port.number()
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

    /// Kills it if it lives and starts it on the same port with the same data.
    ///
    /// # Panics
    /// If it cannot be started.
    pub async fn restart(&self) {
        self.kill();
        *self.guard() = spawn(self.folder.path(), self.port());
        self.wait().await;
    }

    fn guard(&self) -> std::sync::MutexGuard<'_, Guard> {
        self.server.lock().expect("no test panicked while holding the server")
    }

    fn client(&self, statements: &str) -> Command {
        let mut command = Command::new(tool("mariadb", PACKAGE));
        command
            .args(["--no-defaults", "--batch", "--skip-column-names", "--user=root", "--execute", statements])
            .arg(format!("--socket={}", self.folder.path().join("sock").display()))
            .stdin(Stdio::null());
        command
    }

    async fn wait(&self) {
        eventually("mariadbd answers", Duration::from_secs(120), async || {
            let ended = self.guard().ended();
            assert!(ended.is_none(), "mariadbd ended: {ended:?}\n{}", self.log());
            let answer = self.client("SELECT 1").output();
            // The socket opens before the init file has run, and with it the account of `url`.
            answer.is_ok_and(|output| output.status.success()) && self.log().contains("ready for connections")
        })
        .await;
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log.err")).unwrap_or_default()
    }
}

fn spawn(folder: &Path, port: u16) -> Guard {
    let log = folder.join("log.err");
    // Of an earlier start, whose "ready" would be taken for this one's.
    let _ = std::fs::remove_file(&log);
    let mut command = server();
    command
        .arg(format!("--datadir={}", folder.join("data").display()))
        .arg(format!("--socket={}", folder.join("sock").display()))
        .arg(format!("--pid-file={}", folder.join("pid").display()))
        .arg(format!("--init-file={}", folder.join("init.sql").display()))
        .arg(format!("--log-error={}", log.display()))
        .arg(format!("--tmpdir={}", folder.display()))
        .args(["--bind-address=127.0.0.1", &format!("--port={port}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Guard::spawn(&mut command)
}

fn server() -> Command {
    let mut command = Command::new(tool("mariadbd", PACKAGE));
    command.arg("--no-defaults").args(SETTINGS);
    if is_root() {
        command.arg("--user=root");
    }
    command
}

/// An empty data folder, made once per server version: installing takes seconds, copying does not.
fn template() -> PathBuf {
    let version = run(Command::new(tool("mariadbd", PACKAGE)).arg("--version"));
    // "/usr/sbin/mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)"
    let version = version.split_whitespace().skip_while(|word| *word != "Ver").nth(1).unwrap_or("unknown");
    let cache = cache();
    let template = cache.join(format!("mariadb-{version}"));
    let lock = File::create(cache.join("mariadb.lock")).expect("target/testkit is writable");
    lock.lock().expect("file locks work here");
    if !template.is_dir() {
        let unfinished = tempfile::tempdir_in(&cache).expect("target/testkit is writable");
        let mut install = Command::new(tool("mariadb-install-db", PACKAGE));
        // Forced: a machine whose own name cannot be looked up will do.
        install
            .args(["--no-defaults", "--force", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(SETTINGS)
            .arg(format!("--datadir={}", unfinished.path().join("data").display()))
            .stdin(Stdio::null());
        if is_root() {
            install.arg("--user=root");
        }
        run(&mut install);
        std::fs::rename(unfinished.path().join("data"), &template).expect("one file system");
    }
    template
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_keeps_its_data_when_killed_and_restarted() {
        let mariadb = MariaDb::start().await;
        let url = mariadb.url("campus");
        assert_eq!(url, format!("mysql://bedel:bedel@127.0.0.1:{}/campus", mariadb.port()));
        mariadb.execute("CREATE TABLE campus.t (a VARCHAR(9) PRIMARY KEY); INSERT INTO campus.t VALUES ('é')");
        mariadb.kill();
        mariadb.restart().await;
        assert_eq!(mariadb.execute("SELECT COUNT(*) FROM campus.t WHERE a = 'e'").trim(), "0", "utf8mb4_bin");
        assert_eq!(mariadb.execute("SELECT COUNT(*) FROM campus.t WHERE a = 'é'").trim(), "1");
        let over_tcp = run(Command::new(tool("mariadb", PACKAGE))
            .args(["--no-defaults", "--batch", "--skip-column-names", "-ubedel", "-pbedel", "-h127.0.0.1", "campus"])
            .args([&format!("-P{}", mariadb.port()), "-e", "SELECT CURRENT_USER()"]));
        assert_eq!(over_tcp.trim(), "bedel@127.0.0.1");
    }
}
