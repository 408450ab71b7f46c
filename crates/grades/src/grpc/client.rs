//! The HTTP side of route 1: records become batches, and batches go to a gRPC server that answers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::Check;
use async_trait::async_trait;
use kernel::lifecycle::Lifecycle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tonic::Code;

use super::batch::{Waiting, encode, fail, settle};
use super::pool::{Lane, Pool};
use super::replicas;
use crate::failure::Failure;
use crate::model::{Route, Stored, Submission};
use crate::recorder::Ingest;

/// Records in one batch.
const MOST: usize = 256;
/// How long a batch is tried, on as many servers as it takes.
const LIMIT: Duration = Duration::from_secs(5);
/// How long one server has for it: longer than a database that waits for a lock, shorter than anybody's patience.
const ATTEMPT: Duration = Duration::from_secs(3);
/// How long a caller waits in all.
const PATIENCE: Duration = Duration::from_secs(8);

const NO_SERVER: Failure = Failure::Away("No gRPC server of the grades answers: try again.");
const ENDING: Failure = Failure::Away("This process is ending: try again.");

/// One way in: through gRPC. Clones share the connections.
#[derive(Clone)]
pub struct GrpcClient {
    queue: mpsc::Sender<Waiting>,
    pool: Arc<Pool>,
}

impl GrpcClient {
    /// Follows the servers that the routing snapshot in a file names, and sends them what comes, on the lifecycle. At most
    /// `queue` records wait.
    #[must_use]
    pub fn start(snapshot: PathBuf, queue: usize, lifecycle: &Lifecycle) -> Self {
        let pool = Pool::new(Instant::now());
        let (mut replicas, following) = replicas::follow(snapshot, lifecycle.hard().clone());
        tokio::spawn(following);
        let followed = Arc::clone(&pool);
        tokio::spawn(async move {
            while replicas.changed().await.is_ok() {
                followed.set(&replicas.borrow_and_update(), Instant::now());
            }
        });
        let (queue, waiting) = mpsc::channel(queue);
        lifecycle.spawn_essential("grades.batches", send_all(waiting, Arc::clone(&pool), lifecycle.clone()));
        Self { queue, pool }
    }

    /// Without a server this route is out of service, and the gateway gives its share to the other.
    #[must_use]
    pub fn check(&self) -> Check {
        let pool = Arc::clone(&self.pool);
        Check::required("grpc-server", move || {
            let served = pool.is_served();
            async move { if served { Ok(()) } else { Err("no replica of grades-grpc-server is ready".to_owned()) } }
        })
    }
}

#[async_trait]
impl Ingest for GrpcClient {
    fn route(&self) -> Route {
        Route::Grpc
    }

    async fn record(&self, submission: Submission) -> Result<Stored, Failure> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { submission, answer }).map_err(|error| match error {
            TrySendError::Full(_) => Failure::Busy,
            TrySendError::Closed(_) => ENDING,
        })?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(ENDING),
            Err(_) => Err(NO_SERVER),
        }
    }
}

/// Makes batches of what waits, for as long as anybody can send.
async fn send_all(mut queue: mpsc::Receiver<Waiting>, pool: Arc<Pool>, lifecycle: Lifecycle) {
    while let Some(first) = queue.recv().await {
        let lane = pool.lane(Instant::now() + LIMIT).await;
        // What came while there was no lane goes along; without a server everybody is told at once.
        let most = if lane.is_some() { MOST } else { usize::MAX };
        let mut batch = vec![first];
        while batch.len() < most
            && let Ok(another) = queue.try_recv()
        {
            batch.push(another);
        }
        match lane {
            Some(lane) => drop(lifecycle.spawn(send(batch, lane, Arc::clone(&pool)))),
            None => fail(batch, &NO_SERVER),
        }
    }
}

/// Sends a batch until a server answers. It may reach the database more than once: a record that is there already is a
/// replay, which is why it may be tried again at all.
async fn send(mut batch: Vec<Waiting>, mut lane: Lane, pool: Arc<Pool>) {
    let deadline = Instant::now() + LIMIT;
    loop {
        batch.retain(|one| !one.answer.is_closed());
        if batch.is_empty() {
            return;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match lane.ask(encode(&batch), left.min(ATTEMPT)).await {
            Ok(answers) => return settle(batch, answers),
            Err(status) => {
                tracing::debug!(code = ?status.code(), error = %status.message(), records = batch.len(), "a batch failed");
                if is_final(status.code()) {
                    tracing::error!(code = ?status.code(), error = %status.message(), "a gRPC server refuses batches");
                    return fail(batch, &super::convert::nonsense("it refuses batches"));
                }
                lane.rest(Instant::now());
            }
        }
        drop(lane);
        match pool.lane(deadline).await {
            Some(next) => lane = next,
            None => return fail(batch, &NO_SERVER),
        }
    }
}

/// A server of another release, or none of ours: another try changes nothing.
const fn is_final(code: Code) -> bool {
    matches!(code, Code::InvalidArgument | Code::Unimplemented | Code::OutOfRange | Code::FailedPrecondition)
}
