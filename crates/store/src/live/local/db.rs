//! The file.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kernel::data_dir::DataDir;
use kernel::live::LiveError;
use rustix::fs::{FlockOperation, flock};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{self, ConnectOptions, SqlitePool};

use super::super::failed;

const TABLES: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS entry (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL, expires_at INTEGER)",
    "CREATE TABLE IF NOT EXISTS counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL, expires_at INTEGER)",
    "CREATE TABLE IF NOT EXISTS channel (name TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS subscriber (channel TEXT NOT NULL, socket TEXT NOT NULL, PRIMARY KEY (channel, socket)) \
     WITHOUT ROWID",
];

pub(super) struct Db {
    pub(super) writer: SqlitePool,
    pub(super) reader: SqlitePool,
    /// Which file it is, however the path is reused.
    inode: u64,
}

impl Db {
    pub(super) async fn open(data: &DataDir) -> Result<Self, LiveError> {
        let (path, folder) = (data.live(), folder(data));
        let preparing = tokio::task::spawn_blocking(move || prepare(&path, &folder)).await;
        // Held until the tables are there.
        let _lock = preparing
            .map_err(|error| failed("open the live store", error))?
            .map_err(|error| failed("open the live store", error))?;
        let options = SqliteConnectOptions::new()
            .filename(data.live())
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off)
            .busy_timeout(Duration::from_secs(2))
            // KiB when negative.
            .pragma("cache_size", "-256")
            .disable_statement_logging();
        let pool = || {
            SqlitePoolOptions::new()
                .max_connections(1)
                .min_connections(0)
                .idle_timeout(None)
                .max_lifetime(None)
                .acquire_timeout(Duration::from_secs(5))
                .test_before_acquire(false)
        };
        let refused = |error: sqlx::Error| failed("open the live store", error);
        let writer = pool().connect_with(options.clone()).await.map_err(refused)?;
        for table in TABLES {
            sqlx::query(table).execute(&writer).await.map_err(refused)?;
        }
        let reader = pool().connect_lazy_with(options.pragma("query_only", "ON"));
        let inode = std::fs::metadata(data.live()).map_err(|error| failed("open the live store", error))?.ino();
        Ok(Self { writer, reader, inode })
    }

    /// Whether the path still leads to this file.
    pub(super) fn is_current(&self, data: &DataDir) -> bool {
        std::fs::metadata(data.live()).is_ok_and(|found| found.ino() == self.inode)
    }
}

/// The folder of the sockets.
pub(super) fn open_folder(data: &DataDir) -> io::Result<File> {
    File::open(folder(data))
}

fn folder(data: &DataDir) -> PathBuf {
    data.run().join("live")
}

/// Makes the file, or makes it anew after a reboot: it was not synced, so it may be damaged.
fn prepare(path: &Path, folder: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let private =
        |path: &Path| OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let lock = private(&folder.join("lock"))?;
    while let Err(error) = flock(&lock, FlockOperation::LockExclusive) {
        if error != rustix::io::Errno::INTR {
            return Err(error.into());
        }
    }
    let boot = std::fs::read("/proc/sys/kernel/random/boot_id")?;
    let seen = folder.join("boot");
    if std::fs::read(&seen).ok().as_ref() != Some(&boot) {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            match std::fs::remove_file(PathBuf::from(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        kernel::data_dir::replace_file(&seen, &boot)?;
    }
    // A journal without its file belongs to one that was removed.
    if !path.exists() {
        for suffix in ["-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            drop(std::fs::remove_file(PathBuf::from(name)));
        }
    }
    private(path)?;
    Ok(lock)
}
