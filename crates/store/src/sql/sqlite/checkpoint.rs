//! Checkpoints beside the writer, so that no commit waits for one.
//!
//! SQLite by itself copies the journal into the file within the commit that made it too long: thousands of pages and a
//! sync, while everybody waits. Here another connection copies them while commits go on. It can hardly ever copy the last
//! ones, and only an empty journal begins anew; so the writer copies the few that are left, after it has answered.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tokio::sync::mpsc;

use crate::error::{DbContext, StoreError};

/// From so many pages on (128 MiB) the writer does it within a commit, in case that nobody else can.
pub(super) const BY_THE_WRITER: u32 = 32_768;

/// The journal's length is looked at this often, while there are commits.
const EVERY: Duration = Duration::from_millis(250);
/// Passes in a row, at most: each leaves fewer pages, unless writers are as fast.
const PASSES: usize = 4;
/// The page's size unless a file was made otherwise, which it is not.
const PAGE: u64 = 4_096;

/// Lengths of the journal, in pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    /// So many are worth copying.
    worth: i64,
    /// So few are left to the writer.
    rest: i64,
    /// From so many on, the journal is to begin anew.
    long: i64,
}

impl Default for Lengths {
    fn default() -> Self {
        Self { worth: 4_096, rest: 256, long: 8_192 }
    }
}

/// What the writer does for the checkpoints.
pub(super) struct Rests {
    committed: mpsc::Sender<()>,
    due: Arc<AtomicBool>,
}

impl Rests {
    /// After a commit, under the file's lock: copies what is left of the journal, if it is time.
    pub(super) async fn copy(&self, connection: &DatabaseConnection) {
        // If it is full, it is known.
        let _ = self.committed.try_send(());
        if self.due.swap(false, Ordering::Relaxed)
            && let Err(error) = ask(connection, "PASSIVE").await
        {
            tracing::warn!(error = %error, "the end of the journal was not copied");
        }
    }
}

/// Copies most of the journal of a file, in one process of those that write to it.
pub(super) struct Checkpointer {
    journal: PathBuf,
    connection: DatabaseConnection,
    lengths: Lengths,
    committed: mpsc::Receiver<()>,
    due: Arc<AtomicBool>,
}

impl Checkpointer {
    pub(super) fn new(path: &Path, connection: DatabaseConnection, lengths: Lengths) -> (Self, Rests) {
        let mut journal = path.as_os_str().to_owned();
        journal.push("-wal");
        let (told, committed) = mpsc::channel(1);
        let due = Arc::<AtomicBool>::default();
        let rests = Rests { committed: told, due: Arc::clone(&due) };
        (Self { journal: journal.into(), connection, lengths, committed, due }, rests)
    }

    /// Copies until the writer has ended.
    pub(super) async fn run(mut self) {
        while self.committed.recv().await.is_some() {
            if let Err(error) = self.pass().await {
                tracing::warn!(error = %error, cause = ?std::error::Error::source(&error), "the journal was not copied");
            }
            tokio::time::sleep(EVERY).await;
        }
        drop(self.connection.close().await);
    }

    /// Copies if there is enough.
    async fn pass(&self) -> Result<(), StoreError> {
        // A short file has few pages; a long one may have few as well, which only SQLite knows.
        let file = std::fs::metadata(&self.journal).map_or(0, |journal| journal.len() / PAGE);
        if i64::try_from(file).is_ok_and(|pages| pages < self.lengths.worth) {
            return Ok(());
        }
        let mut journal = ask(&self.connection, "NOOP").await?;
        if journal.left() < self.lengths.worth {
            return Ok(());
        }
        for _ in 0..PASSES {
            journal = ask(&self.connection, "PASSIVE").await?;
            if journal.left() <= self.lengths.rest {
                break;
            }
        }
        self.due.store(journal.pages >= self.lengths.long, Ordering::Relaxed);
        Ok(())
    }
}

/// How long the journal is, and how much of it is in the file.
struct Journal {
    pages: i64,
    copied: i64,
}

impl Journal {
    const fn left(&self) -> i64 {
        self.pages.saturating_sub(self.copied)
    }
}

/// Another process may be at it: then this one has done nothing, and knows nothing.
async fn ask(connection: &DatabaseConnection, mode: &str) -> Result<Journal, StoreError> {
    let what = "checkpoint";
    let pragma = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA wal_checkpoint({mode})"));
    let row = connection.query_one_raw(pragma).await.context(what)?;
    let Some(row) = row else { return Ok(Journal { pages: 0, copied: 0 }) };
    let number = |place| row.try_get_by_index::<i64>(place).context(what);
    Ok(Journal { pages: number(1)?, copied: number(2)? })
}

#[cfg(test)]
mod tests;
