//! SQLite: a file, one writer task a process, and readers.

use std::fs::OpenOptions;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kernel::error::Kind;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use tokio::sync::{mpsc, oneshot};

use super::file_lock::FileLock;
use super::op::{Failed, Op};
use crate::error::{DbContext, StoreError};

mod checkpoint;
mod group;

use checkpoint::{Checkpointer, Lengths};
use group::Job;

/// Writes that wait beyond this many are pushed back to their callers, who wait in `write`.
const QUEUE: usize = 1024;

/// Connections for reading, at most. They are made when needed and closed after a minute.
const READERS: u32 = 2;

/// Statements that a connection keeps prepared: groups of rows come in many lengths.
const STATEMENTS: usize = 256;

pub(super) struct Sqlite {
    readers: DatabaseConnection,
    queue: mpsc::Sender<Job>,
    service: &'static str,
}

impl Sqlite {
    pub(super) async fn open(service: &'static str, folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(format!("{service}.db"));
        let lock = prepare(folder, &path)
            .map_err(|error| StoreError::new(Kind::Unavailable, "open the database's file", error))?;
        let readers = connect(&path, Access::Read).await?;
        let checkpoints = connect(&path, Access::Checkpoint).await?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (checkpointer, rests) = Checkpointer::new(&path, checkpoints, Lengths::default());
        let writer = group::Writer::open(path, lock, rests).await?;
        tokio::spawn(checkpointer.run());
        tokio::spawn(writer.run(jobs));
        Ok(Self { readers, queue, service })
    }

    pub(super) const fn reader(&self) -> &DatabaseConnection {
        &self.readers
    }

    pub(super) async fn write(&self, limit: Duration, op: Box<Op>) -> Result<(), Failed> {
        let gone = || Failed::Store(StoreError::bare(Kind::Unavailable, "write: the writer has ended"));
        let (answer, answered) = oneshot::channel();
        self.queue.send(Job::new(self.service, limit, op, answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn prepare(folder: &Path, path: &PathBuf) -> std::io::Result<FileLock> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // SQLite gives the journal the mode of the file.
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let mut lock = path.clone().into_os_string();
    lock.push(".lock");
    FileLock::open(Path::new(&lock))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Write,
    Read,
    /// Made when needed, as readers are, but neither reads nor writes rows.
    Checkpoint,
}

async fn connect(path: &Path, access: Access) -> Result<DatabaseConnection, StoreError> {
    let file = path.to_owned();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options
        .max_connections(if access == Access::Read { READERS } else { 1 })
        .min_connections(0)
        .idle_timeout((access != Access::Write).then(|| Duration::from_secs(60)))
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy(access != Access::Write)
        .test_before_acquire(false)
        .record_stmt_in_spans(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            let options = options
                .filename(&file)
                .in_memory(false)
                // On by the address of memory: readers and the writer would lock each other's tables, and a checkpoint all.
                .shared_cache(false)
                .create_if_missing(false)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(5))
                .statement_cache_capacity(STATEMENTS);
            // Sizes are KiB when negative, and memory is taken when there are so many pages to keep.
            match access {
                Access::Write => options
                    .pragma("cache_size", "-16384")
                    // What a savepoint would restore: else a file, with every page that an op changes.
                    .pragma("temp_store", "MEMORY")
                    .pragma("wal_autocheckpoint", checkpoint::BY_THE_WRITER.to_string()),
                Access::Read | Access::Checkpoint => options.pragma("cache_size", "-1024").pragma("query_only", "ON"),
            }
        });
    Database::connect(options).await.context("open the database")
}
