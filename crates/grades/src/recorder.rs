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

/// Shards of a route: writers of different ones do not wait for each other's tallies.
const SHARDS: u64 = 32;

/// Records that may wait in a process; one more is told to come again.
pub const QUEUE: u32 = 8_192;

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
        let writer = Writer {
            sql: deps.sql,
            clock: deps.clock,
            ids: deps.ids,
            route: deps.route,
            shard: shard(deps.route, &deps.replica),
        };
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

/// The replicas of a campus have a shard each, by their numbers; names without a number share by chance.
fn shard(route: Route, replica: &str) -> u8 {
    let chance = || {
        let mut hasher = DefaultHasher::new();
        replica.hash(&mut hasher);
        hasher.finish()
    };
    let number = replica.rsplit_once('-').and_then(|(_, number)| number.parse().ok());
    let first = match route {
        Route::Grpc => 0,
        Route::Redis => SHARDS,
    };
    u8::try_from(first + number.unwrap_or_else(chance) % SHARDS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_replicas_of_a_campus_have_shards_of_their_own() {
        let named = [(Route::Grpc, "grades-grpc-server"), (Route::Redis, "grades-redis")];
        let shards: BTreeSet<u8> = named
            .into_iter()
            .flat_map(|(route, role)| (1..=4).map(move |number| shard(route, &format!("{role}-{number}"))))
            .collect();
        assert_eq!(shards.len(), 8);
        let pod = shard(Route::Redis, "grades-redis-7f9c-x2x4l");
        assert_eq!(pod, shard(Route::Redis, "grades-redis-7f9c-x2x4l"));
        assert_ne!(pod, shard(Route::Grpc, "grades-redis-7f9c-x2x4l"));
    }
}
