//! Group commit: everything that waits shares one transaction and one fsync.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kernel::error::Kind;
use sea_orm::{DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tokio::sync::{mpsc, oneshot};

use super::super::file_lock::{FileLock, Held};
use super::super::op::{self, Failed, Op};
use super::checkpoint::Rests;
use super::{Access, connect};
use crate::error::{DbContext, StoreError};

/// A group is closed at this many ops or after this long, so that other processes get their turn.
const GROUP: usize = 512;
const GROUP_TIME: Duration = Duration::from_millis(20);

/// How long a group waits for the lock before its callers are told to try again.
const LOCK_LIMIT: Duration = Duration::from_secs(10);

/// A caller's op.
pub(super) struct Job {
    service: &'static str,
    limit: Duration,
    op: Box<Op>,
    answer: oneshot::Sender<Result<(), Failed>>,
    outcome: Option<Result<(), Failed>>,
}

impl Job {
    pub(super) const fn new(
        service: &'static str,
        limit: Duration,
        op: Box<Op>,
        answer: oneshot::Sender<Result<(), Failed>>,
    ) -> Self {
        Self { service, limit, op, answer, outcome: None }
    }

    /// Whether its caller still waits.
    fn wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    /// Runs the op; false if it must be rolled back.
    async fn run(&mut self, transaction: &DatabaseTransaction) -> bool {
        // Nothing else writes while a transaction is open here, so SQLite never asks for a repeat.
        let (outcome, _repeat) = op::run(self.service, self.limit, &*self.op, transaction).await;
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    /// Replaces whatever came out by `error`, unless the op had failed by itself.
    fn fail(&mut self, error: StoreError) {
        if !matches!(self.outcome, Some(Err(_))) {
            self.outcome = Some(Err(error.into()));
        }
    }

    /// Tells the caller.
    fn answer(self) {
        if let Some(outcome) = self.outcome {
            // A caller that left does not want to know.
            drop(self.answer.send(outcome));
        }
    }
}

/// The one task of a process that writes to a file.
pub(super) struct Writer {
    path: PathBuf,
    lock: FileLock,
    /// `None` after a failure that leaves the connection's state unknown; made anew by the next group.
    connection: Option<DatabaseConnection>,
    /// A lock that was asked for and has not come yet.
    asked: Option<oneshot::Receiver<io::Result<Held>>>,
    rests: Rests,
}

impl Writer {
    /// Connects under the lock: two that give a new file its journal at once refuse each other.
    pub(super) async fn open(path: PathBuf, lock: FileLock, rests: Rests) -> Result<Self, StoreError> {
        let mut writer = Self { path, lock, connection: None, asked: None, rests };
        let _held = writer.held().await?;
        writer.connection = Some(connect(&writer.path, Access::Write).await?);
        Ok(writer)
    }

    /// Writes until every handle is gone.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.recv().await {
            let mut group = vec![first];
            let committed = self.commit(&mut group, &mut jobs).await;
            if let Err(error) = &committed {
                tracing::warn!(error = %error, cause = ?std::error::Error::source(error), group.ops = group.len(), "a group of writes failed");
                for job in &mut group {
                    job.fail(error.clone());
                }
            }
            for job in group {
                job.answer();
            }
            // Nobody waits for this, and under the lock nobody adds to the journal meanwhile.
            if let (Ok(_held), Some(connection)) = (&committed, &self.connection) {
                self.rests.copy(connection).await;
            }
        }
        if let Some(connection) = self.connection {
            drop(connection.close().await);
        }
    }

    async fn commit(&mut self, group: &mut Vec<Job>, jobs: &mut mpsc::Receiver<Job>) -> Result<Held, StoreError> {
        let held = match self.held().await {
            Ok(held) => held,
            Err(error) => {
                // Everyone who waits has waited as long.
                while let Ok(job) = jobs.try_recv() {
                    group.push(job);
                }
                return Err(error);
            }
        };
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.path, Access::Write).await?,
        };
        let committed = run_group(&connection, group, jobs).await;
        match &committed {
            Ok(()) => self.connection = Some(connection),
            // SQLite may have rolled back by itself, and sqlx would not know.
            Err(_) => drop(connection.close().await),
        }
        committed.map(|()| held)
    }

    async fn held(&mut self) -> Result<Held, StoreError> {
        let asked = self.asked.get_or_insert_with(|| self.lock.ask());
        let Ok(answer) = tokio::time::timeout(LOCK_LIMIT, asked).await else {
            return Err(StoreError::bare(Kind::Unavailable, "write: another process holds the database's lock"));
        };
        self.asked = None;
        match answer {
            Ok(Ok(held)) => Ok(held),
            Ok(Err(error)) => Err(StoreError::new(Kind::Unavailable, "write: lock the database", error)),
            Err(_) => Err(StoreError::bare(Kind::Unavailable, "write: the lock's thread has ended")),
        }
    }
}

async fn run_group(
    connection: &DatabaseConnection,
    group: &mut Vec<Job>,
    jobs: &mut mpsc::Receiver<Job>,
) -> Result<(), StoreError> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = connection.begin_with_options(immediate).await.context("write: begin")?;
    let began = Instant::now();
    let mut place = 0;
    while place < group.len() {
        let job = &mut group[place];
        place += 1;
        if job.wanted() {
            let savepoint =
                transaction.begin_with_options(TransactionOptions::default()).await.context("write: savepoint")?;
            if job.run(&savepoint).await {
                savepoint.commit().await.context("write: keep an op")?;
            } else {
                savepoint.rollback().await.context("write: undo an op")?;
            }
        }
        if place == group.len() && place < GROUP && began.elapsed() < GROUP_TIME {
            while group.len() < GROUP {
                let Ok(job) = jobs.try_recv() else { break };
                group.push(job);
            }
        }
    }
    transaction.commit().await.context("write: commit")
}
