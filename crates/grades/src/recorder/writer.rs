//! The one task of a process that writes grades.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::clock::Clock;
use kernel::error::Kind;
use kernel::id::IdSource;
use store::{Sql, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Waiting;
use super::transaction::{Answers, Batch, settle};
use crate::failure::Failure;
use crate::model::batch::Line;
use crate::model::{Route, Stored};
use crate::store::batch::Stamp;

/// Records of one transaction, at most.
const BATCH: usize = 512;
/// How long a batch is tried again while the database is away, before everybody is told to come again.
const PATIENCE: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// How often a batch begins anew because another writer met the same students at the same time. Each time that one got through.
const MEETINGS: u32 = 20;

type Asker = oneshot::Sender<Result<Stored, Failure>>;

pub(super) struct Writer {
    pub(super) sql: Sql,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: IdSource,
    pub(super) route: Route,
    pub(super) shard: u8,
}

impl Writer {
    /// Writes until nobody can ask any more.
    pub(super) async fn run(self, mut waiting: mpsc::Receiver<Waiting>, hard: CancellationToken) {
        let mut group = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                () = hard.cancelled() => return,
                first = waiting.recv() => match first {
                    Some(first) => group.push(first),
                    None => return,
                },
            }
            gather(&mut group, &mut waiting).await;
            let (lines, askers) = self.lines(group.drain(..));
            let answers = self.keep(lines).await;
            let away = answers.iter().any(|answer| matches!(answer, Err(Failure::Store(error)) if passes(error)));
            for (asker, answer) in askers.into_iter().zip(answers) {
                tell(asker, answer);
            }
            if away {
                // Whoever waited behind them has waited as long.
                while let Ok(Waiting { answer, .. }) = waiting.try_recv() {
                    tell(answer, Err(Failure::Away("The database of the grades is away: try again.")));
                }
            }
        }
    }

    fn lines(&self, group: impl Iterator<Item = Waiting>) -> (Vec<Line>, Vec<Asker>) {
        group.map(|Waiting { record, by, key, answer }| (Line { id: self.ids.next(), record, by, key }, answer)).unzip()
    }

    /// Keeps records together; if what one of them says cannot be kept, the others are kept without it.
    fn keep(&self, lines: Vec<Line>) -> BoxFuture<'_, Answers> {
        async move {
            let batch = Arc::new(Batch { id: self.ids.next(), lines });
            match self.commit(&batch).await {
                Ok(answers) => answers,
                Err(error) if batch.lines.len() == 1 || passes(&error) => {
                    let failed = || Err(Failure::Store(error.clone()));
                    std::iter::repeat_with(failed).take(batch.lines.len()).collect()
                }
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(error = %error, cause, batch.records = batch.lines.len(), "a batch is divided");
                    let (left, right) = batch.lines.split_at(batch.lines.len() / 2);
                    let mut answers = self.keep(left.to_vec()).await;
                    answers.extend(self.keep(right.to_vec()).await);
                    answers
                }
            }
        }
        .boxed()
    }

    /// One batch, as often as it takes. It takes effect once, also when a commit's answer was lost.
    async fn commit(&self, batch: &Arc<Batch>) -> Result<Answers, StoreError> {
        let began = Instant::now();
        let (mut pause, mut meetings) = (FIRST_PAUSE, 0);
        // What an attempt would have answered had its commit been heard of.
        let unheard: Arc<Mutex<Option<Answers>>> = Arc::default();
        loop {
            let stamp = Stamp { shard: self.shard, route: self.route, at: self.clock.now() };
            let (given, heard) = (Arc::clone(batch), Arc::clone(&unheard));
            let outcome = self
                .sql
                .write(move |transaction| {
                    let (batch, unheard) = (Arc::clone(&given), Arc::clone(&heard));
                    async move {
                        let before = unheard.lock().unwrap_or_else(PoisonError::into_inner).clone();
                        let answers = settle(transaction, &batch, stamp, before).await?;
                        *unheard.lock().unwrap_or_else(PoisonError::into_inner) = Some(answers.clone());
                        Ok::<_, StoreError>(answers)
                    }
                    .boxed()
                })
                .await;
            match outcome {
                Err(error) if error.kind == Kind::Conflict && meetings < MEETINGS => meetings += 1,
                Err(error) if passes(&error) && began.elapsed() < PATIENCE => {
                    tracing::warn!(error = %error, batch.records = batch.lines.len(), "a batch is tried again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PATIENCE / 4);
                }
                settled => return settled,
            }
        }
    }
}

/// Takes whatever waits. Whoever heard of the last commit and asks again can do so first, as long as somebody does: batches
/// are as large as the load, since what a batch costs, however small, is what a hundred records do.
async fn gather(group: &mut Vec<Waiting>, waiting: &mut mpsc::Receiver<Waiting>) {
    let mut before = 0;
    while before < group.len() && group.len() < BATCH {
        before = group.len();
        tokio::task::yield_now().await;
        while group.len() < BATCH
            && let Ok(next) = waiting.try_recv()
        {
            group.push(next);
        }
    }
}

/// Whether the same may succeed later: no record is to blame.
fn passes(error: &StoreError) -> bool {
    matches!(error.kind, Kind::Unavailable | Kind::NoSpace)
}

/// An asker that left does not want to know.
fn tell(asker: Asker, answer: Result<Stored, Failure>) {
    drop(asker.send(answer));
}
