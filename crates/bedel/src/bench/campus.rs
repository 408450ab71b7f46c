//! Two servers and a process of faculties, started as the orchestrator starts them, on ports that are free.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use kernel::clock::SystemClock;
use kernel::config::{self, Pattern};
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use rooms::keys::{Campus as Keys, KeyPair, ensure_campus, read_public};
use rooms::message::{Heartbeat, TOPIC};
use rooms::wire::{Address, Key, Subscriber};
use store::Sql;
use tokio::process::{Child, Command};

use crate::keys;

/// Programmes of a faculty.
pub(super) const PROGRAMMES: u32 = 5;
/// Ports of one campus: faculties, servers, heartbeats, and the faculties' HTTP.
const BLOCK: u16 = 16;
const SERVERS_AT: u16 = 10;
const HEARTBEATS_AT: u16 = 12;
const HTTP_AT: u16 = 14;
/// Where blocks are looked for: below what systems choose for connections.
const BLOCKS: std::ops::Range<u16> = 12_000..32_000;
/// How long a process may take until it answers.
const START: Duration = Duration::from_secs(30);

/// The processes, and the folder they share; all are gone when it is dropped.
pub(super) struct Campus {
    base: u16,
    keys: Keys,
    /// By number, from 0.
    servers: Vec<Child>,
    faculties: Child,
    /// The last: first those who write there end.
    folder: Folder,
}

/// A folder that is removed.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("bedel: {} could not be removed: {error}", self.0.display());
        }
    }
}

impl Campus {
    /// Starts it, and waits until a server leads and every faculty listens.
    pub(super) async fn start(pattern: Pattern, faculties: u32) -> anyhow::Result<Self> {
        let ids = IdSource::from_os(Arc::new(SystemClock));
        let folder = Folder(std::env::temp_dir().join(format!("bedel-bench-{}", ids.next())));
        let data = DataDir::new(&folder.0);
        data.create()?;
        keys::ensure_token_keys(&data, &ids)?;
        let keys = Keys::new(data.rooms(), faculties, PROGRAMMES);
        ensure_campus(&keys, &ids)?;
        let sql = Sql::open("rooms", &config::Sql::default(), &data).await?;
        store::migrate(&sql, rooms::migrations()).await?;
        drop(sql);
        let base = free_block()?;
        let settings = format!(
            "[rooms]\npattern = \"{}\"\nfaculties = {faculties}\nprograms = {PROGRAMMES}\nfaculty_listen = \"{}\"\nlisten = \
             \"{}\"\nheartbeat_listen = \"{}\"\n",
            name(pattern),
            loopback(base),
            loopback(base + SERVERS_AT),
            loopback(base + HEARTBEATS_AT),
        );
        std::fs::write(folder.0.join("bedel.toml"), settings)?;
        let servers = vec![spawn(&folder.0, "rooms-server", 1, 0)?, spawn(&folder.0, "rooms-server", 2, 0)?];
        let faculties_process = spawn(&folder.0, "rooms-faculty", 1, base + HTTP_AT)?;
        let campus = Self { base, keys, servers, faculties: faculties_process, folder };
        campus.leader().await?;
        for number in 0..u16::try_from(faculties)? {
            campus.listening(base + number).await?;
        }
        campus.listening(base + HTTP_AT).await?;
        campus.beats(0).await?;
        campus.beats(1).await?;
        Ok(campus)
    }

    /// Where a faculty takes requests; the first is 1.
    pub(super) fn faculty(&self, number: u32) -> Address {
        loopback(self.base + u16::try_from(number - 1).unwrap_or(u16::MAX)).into()
    }

    /// Where the faculties' process answers HTTP.
    pub(super) fn http(&self) -> SocketAddr {
        loopback(self.base + HTTP_AT)
    }

    /// Where the server that leads takes transactions.
    pub(super) async fn server(&self) -> anyhow::Result<Address> {
        Ok(loopback(self.base + SERVERS_AT + u16::try_from(self.leader().await?)?).into())
    }

    /// What `who` shows to `whom`.
    pub(super) fn key(&self, who: &str, whom: &str) -> anyhow::Result<Key> {
        key(&self.keys.keys(), who, whom)
    }

    /// The processes by what they do.
    pub(super) fn processes(&self) -> Vec<(String, u32)> {
        let servers = self.servers.iter().enumerate().map(|(place, child)| (format!("server {}", place + 1), child));
        let all = servers.chain([("faculties".to_owned(), &self.faculties)]);
        let mut found: Vec<_> = all.filter_map(|(name, child)| Some((name, child.id()?))).collect();
        found.push(("programmes".to_owned(), std::process::id()));
        found
    }

    /// Which server leads, from 0: by its heartbeats.
    pub(super) async fn leader(&self) -> anyhow::Result<usize> {
        let limit = Instant::now() + START;
        while Instant::now() < limit {
            for place in 0..self.servers.len() {
                if let Some(beat) = self.heartbeat(place).await?
                    && beat.active
                {
                    return Ok(place);
                }
            }
        }
        bail!("no server leads; the logs say why:\n{}", self.last_words())
    }

    /// Kills the server as `kill -9` does, and reaps it.
    pub(super) async fn kill(&mut self, place: usize) -> anyhow::Result<()> {
        self.servers[place].kill().await.context("a server could not be killed")
    }

    /// Starts a killed server again, and waits until it beats.
    pub(super) async fn restart(&mut self, place: usize) -> anyhow::Result<()> {
        self.servers[place] = spawn(&self.folder.0, "rooms-server", place + 1, 0)?;
        self.beats(place).await
    }

    async fn beats(&self, place: usize) -> anyhow::Result<()> {
        let limit = Instant::now() + START;
        while self.heartbeat(place).await?.is_none() {
            if Instant::now() > limit {
                bail!("a server does not start; the logs say why:\n{}", self.last_words());
            }
        }
        Ok(())
    }

    /// The next heartbeat of a server, if one comes within a second.
    async fn heartbeat(&self, place: usize) -> anyhow::Result<Option<Heartbeat>> {
        let at = loopback(self.base + HEARTBEATS_AT + u16::try_from(place)?);
        let key = self.key(&Keys::faculty(1), "server")?;
        let subscriber = Subscriber::connect(&at.into(), &key, TOPIC).await?;
        let heard = tokio::time::timeout(Duration::from_secs(1), subscriber.receive()).await;
        Ok(heard.ok().transpose()?.as_deref().and_then(Heartbeat::read))
    }

    async fn listening(&self, port: u16) -> anyhow::Result<()> {
        let limit = Instant::now() + START;
        while tokio::net::TcpStream::connect(loopback(port)).await.is_err() {
            if Instant::now() > limit {
                bail!("nobody listens on {port}; the logs say why:\n{}", self.last_words());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn last_words(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(log(&self.folder.0, name)).unwrap_or_default();
        let logs = ["rooms-server-1", "rooms-server-2", "rooms-faculty-1"].map(read).concat();
        let lines: Vec<&str> = logs.lines().filter(|line| line.contains("WARN") || line.contains("rror")).collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// What `who` shows to `whom`, by the keys of a folder.
pub(super) fn key(folder: &Path, who: &str, whom: &str) -> anyhow::Result<Key> {
    let server = read_public(&folder.join(format!("{whom}.pub")))?;
    Ok(Key::Curve { keys: KeyPair::read(&KeyPair::path(folder, who))?, server })
}

/// A pattern as the settings call it.
pub(super) const fn name(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::Async => "async",
        Pattern::Broker => "broker",
    }
}

fn log(folder: &Path, replica: &str) -> PathBuf {
    folder.join("logs").join(format!("{replica}.log"))
}

fn spawn(folder: &Path, role: &str, number: usize, http: u16) -> anyhow::Result<Child> {
    let replica = format!("{role}-{number}");
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log(folder, &replica))?;
    let mut command = Command::new(std::env::current_exe().context("this program's place is not known")?);
    command
        .args(["run", role, "--replica", &replica, "--listen", &loopback(http).to_string(), "--data"])
        .arg(folder)
        .arg("--config")
        .arg(folder.join("bedel.toml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true);
    // The settings of another campus are not those of this one.
    for (variable, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BEDEL_")) {
        command.env_remove(variable);
    }
    command.spawn().with_context(|| format!("{replica} could not be started"))
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port)
}

/// The first of so many ports in a row that nobody has.
fn free_block() -> anyhow::Result<u16> {
    let free = |base: &u16| (0..BLOCK).all(|place| TcpListener::bind(loopback(base + place)).is_ok());
    let found = BLOCKS.step_by(usize::from(BLOCK)).find(free);
    found.with_context(|| format!("no {BLOCK} free ports in a row from {} to {}", BLOCKS.start, BLOCKS.end))
}
