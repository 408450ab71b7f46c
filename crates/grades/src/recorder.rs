//! Where a checked record becomes durable: what waits is written together.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use async_trait::async_trait;
use kernel::clock::Clock;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use store::Sql;
use tokio::sync::{mpsc, oneshot};

use crate::failure::Failure;
use crate::model::{Record, RepeatKey, Route, Rules, Stored, Submission};

mod transaction;
mod writer;

use writer::Writer;

/// Writers of different shards do not wait for each other's tallies. There are few replicas, so that most have their own.
const SHARDS: u64 = 16;

/// One way in. The record is durable when `record` returns `Ok`; after any failure it may be sent again.
#[async_trait]
pub trait Ingest: Send + Sync {
    /// Which way it is.
    fn route(&self) -> Route;

    /// Keeps a record, after checking it against the rules. If the caller is dropped, the record may be kept nevertheless.
    ///
    /// # Errors
    /// What is wrong with it, or why it could not be kept.
    async fn record(&self, submission: Submission) -> Result<Stored, Failure>;
}

/// What a recorder is made of.
pub struct RecorderDeps {
    /// The records.
    pub sql: Sql,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: IdSource,
    /// What records must follow.
    pub rules: Rules,
    /// The route that this process serves.
    pub route: Route,
    /// The replica's name.
    pub replica: String,
    /// Records that may wait, at most; more are refused at once.
    pub queue: u32,
    /// The writer runs within it: until nobody can ask any more, or the hard token.
    pub lifecycle: Lifecycle,
}

/// Writes to SQL, everything that waits in one transaction. Clones share the queue.
#[derive(Clone)]
pub struct Recorder {
    rules: Rules,
    route: Route,
    queue: mpsc::Sender<Waiting>,
}

/// A record that waits to be written, and whoever wants to know.
struct Waiting {
    record: Record,
    by: Arc<str>,
    key: Option<RepeatKey>,
    answer: oneshot::Sender<Result<Stored, Failure>>,
}

impl Recorder {
    /// Starts the writer.
    #[must_use]
    pub fn spawn(deps: RecorderDeps) -> Self {
        let (queue, waiting) = mpsc::channel(usize::try_from(deps.queue).unwrap_or(usize::MAX).max(1));
        let writer =
            Writer { sql: deps.sql, clock: deps.clock, ids: deps.ids, route: deps.route, shard: shard(&deps.replica) };
        let hard = deps.lifecycle.hard().clone();
        deps.lifecycle.spawn_essential("grades.writer", writer.run(waiting, hard));
        Self { rules: deps.rules, route: deps.route, queue }
    }
}

#[async_trait]
impl Ingest for Recorder {
    fn route(&self) -> Route {
        self.route
    }

    async fn record(&self, submission: Submission) -> Result<Stored, Failure> {
        let Submission { record, by, key, .. } = submission;
        let record = self.rules.check(record).map_err(Failure::Invalid)?;
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { record, by, key, answer }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Failure::Busy,
            mpsc::error::TrySendError::Closed(_) => ENDING,
        })?;
        answered.await.unwrap_or(Err(ENDING))
    }
}

const ENDING: Failure = Failure::Away("This replica is ending: try again.");

fn shard(replica: &str) -> u8 {
    let mut hasher = DefaultHasher::new();
    replica.hash(&mut hasher);
    u8::try_from(hasher.finish() % SHARDS).unwrap_or(0)
}
