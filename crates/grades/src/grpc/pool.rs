//! The connections to the gRPC servers, and which of them gets the next batch.
//!
//! One connection a server, kept open. A server has a few batches at once and no more: while they are on their way,
//! what comes in waits together and becomes the next batch. So batches are as large as the load, nothing waits for a
//! clock, and a slow server pushes back instead of piling up work.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use super::messages::grade_ingest_client::GradeIngestClient;
use super::messages::{Answer, Batch};
use super::replicas::Replica;

/// Batches one server has at once: one that it commits, one that waits to be committed next.
const LANES: usize = 2;
/// How long a server that failed gets nothing, doubled with each failure in a row.
const REST: Duration = Duration::from_millis(25);
const LONGEST_REST: Duration = Duration::from_millis(400);
/// How long no server may be there, or none answer, before callers are told so at once: one that was killed is back sooner.
const ABSENCE: Duration = Duration::from_millis(1_500);
/// A connection that says nothing is asked after this long whether it still is one, and has as long to answer.
const PING: Duration = Duration::from_secs(2);

pub(super) struct Pool {
    state: Mutex<State>,
    /// A lane is free, or the servers are others.
    changed: Notify,
}

struct State {
    servers: Vec<Arc<Server>>,
    /// Since when there has been none.
    absent: Option<Instant>,
}

struct Server {
    replica: Replica,
    client: GradeIngestClient<Channel>,
    busy: AtomicUsize,
    rest: Mutex<Rest>,
}

#[derive(Default)]
struct Rest {
    /// In a row.
    failures: u32,
    /// Since when.
    since: Option<Instant>,
    until: Option<Instant>,
}

impl Rest {
    /// It has failed for so long that it counts as gone, until it answers again.
    fn is_lost(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.saturating_duration_since(since) >= ABSENCE)
    }
}

/// A server's promise to take one batch.
pub(super) struct Lane {
    server: Arc<Server>,
    pool: Arc<Pool>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(super) fn new(now: Instant) -> Arc<Self> {
        let state = State { servers: Vec::new(), absent: Some(now) };
        Arc::new(Self { state: Mutex::new(state), changed: Notify::new() })
    }

    /// Connects to those that are new, when they are first needed, and gives nothing more to those that are gone.
    pub(super) fn set(&self, replicas: &BTreeSet<Replica>, now: Instant) {
        let mut state = lock(&self.state);
        let former = std::mem::take(&mut state.servers);
        state.servers = replicas
            .iter()
            .filter_map(|replica| {
                let known = former.iter().find(|server| server.replica == *replica);
                known.cloned().or_else(|| Server::new(*replica).map(Arc::new))
            })
            .collect();
        state.absent = state.servers.is_empty().then(|| state.absent.unwrap_or(now));
        drop(state);
        self.changed.notify_waiters();
    }

    /// Whether there is a server.
    pub(super) fn is_served(&self) -> bool {
        !lock(&self.state).servers.is_empty()
    }

    /// The least busy server's next lane, as soon as there is one; `None` at `deadline`, or when there has been no
    /// server for so long that waiting is of no use.
    pub(super) async fn lane(self: &Arc<Self>, deadline: Instant) -> Option<Lane> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            let again = match self.free(now) {
                Free::Lane(lane) => return Some(lane),
                Free::Later(again) => again.unwrap_or(deadline).min(deadline),
            };
            if again <= now {
                return None;
            }
            // Either way the servers are looked at again.
            let _ = tokio::time::timeout_at(again, changed).await.is_ok();
        }
    }

    fn free(self: &Arc<Self>, now: Instant) -> Free {
        let state = lock(&self.state);
        if let Some(since) = state.absent {
            return Free::Later(Some(since + ABSENCE));
        }
        let mut soonest: Option<Instant> = None;
        let mut best: Option<&Arc<Server>> = None;
        let mut lost = true;
        for server in &state.servers {
            let rest = lock(&server.rest);
            if let Some(until) = rest.until.filter(|until| *until > now) {
                soonest = Some(soonest.map_or(until, |other| other.min(until)));
                lost &= rest.is_lost(now);
                continue;
            }
            lost = false;
            let busy = server.busy.load(Ordering::Relaxed);
            if busy < LANES && best.is_none_or(|other| busy < other.busy.load(Ordering::Relaxed)) {
                best = Some(server);
            }
        }
        let Some(server) = best else { return Free::Later(if lost { Some(now) } else { soonest }) };
        // Only under the lock are lanes given out, so that none is given twice.
        server.busy.fetch_add(1, Ordering::Relaxed);
        Free::Lane(Lane { server: Arc::clone(server), pool: Arc::clone(self) })
    }
}

enum Free {
    Lane(Lane),
    /// None now; when to look again at the latest, if that is known.
    Later(Option<Instant>),
}

impl Server {
    fn new(replica: Replica) -> Option<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{}", replica.address));
        let endpoint = endpoint
            .map_err(
                |error| tracing::error!(error = %error, address = %replica.address, "a gRPC server has no address"),
            )
            .ok()?
            .connect_timeout(Duration::from_millis(500))
            .tcp_nodelay(true)
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .keep_alive_while_idle(true);
        let client = GradeIngestClient::new(endpoint.connect_lazy());
        Some(Self { replica, client, busy: AtomicUsize::new(0), rest: Mutex::default() })
    }
}

impl Lane {
    /// Sends a batch and waits for its answers; the server is told how long anybody waits.
    pub(super) async fn ask(&self, batch: Batch, limit: Duration) -> Result<Vec<Answer>, Status> {
        let mut request = tonic::Request::new(batch);
        request.set_timeout(limit);
        let mut client = self.server.client.clone();
        let answered = tokio::time::timeout(limit, client.record_batch(request)).await;
        let answers = answered.map_err(|_| Status::deadline_exceeded("no answer"))??;
        *lock(&self.server.rest) = Rest::default();
        Ok(answers.into_inner().answers)
    }

    /// The server failed: others are tried first.
    pub(super) fn rest(&self, now: Instant) {
        let mut rest = lock(&self.server.rest);
        let pause = REST.saturating_mul(1 << rest.failures.min(8)).min(LONGEST_REST);
        rest.failures += 1;
        rest.since.get_or_insert(now);
        rest.until = Some(now + pause);
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.server.busy.fetch_sub(1, Ordering::Relaxed);
        self.pool.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use kernel::clock::Timestamp;

    use super::*;

    fn replicas(ports: &[u16]) -> BTreeSet<Replica> {
        let replica = |port: &u16| Replica {
            address: SocketAddr::from(([127, 0, 0, 1], *port)),
            ready_since: Timestamp::default(),
        };
        ports.iter().map(replica).collect()
    }

    fn port(lane: &Lane) -> u16 {
        lane.server.replica.address.port()
    }

    #[tokio::test(start_paused = true)]
    async fn the_least_busy_server_is_next_and_a_full_one_waits() {
        let pool = Pool::new(Instant::now());
        pool.set(&replicas(&[1, 2]), Instant::now());
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut lanes = Vec::new();
        for _ in 0..2 * LANES {
            lanes.push(pool.lane(deadline).await.expect("a lane"));
        }
        let of_first = lanes.iter().filter(|lane| port(lane) == 1).count();
        assert_eq!(of_first, LANES);
        assert!(pool.lane(deadline).await.is_none(), "all are busy until the deadline");
        let freed = port(&lanes.pop().expect("one"));
        let next = pool.lane(Instant::now() + Duration::from_secs(1)).await.expect("the freed one");
        assert_eq!(port(&next), freed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_failed_rests_and_one_that_is_gone_gets_nothing() {
        let pool = Pool::new(Instant::now());
        pool.set(&replicas(&[1, 2]), Instant::now());
        let deadline = Instant::now() + Duration::from_secs(10);
        let failed = pool.lane(deadline).await.expect("a lane");
        failed.rest(Instant::now());
        let gone = port(&failed);
        drop(failed);
        for _ in 0..LANES {
            let lane = pool.lane(deadline).await.expect("the other");
            assert_ne!(port(&lane), gone);
        }
        let stays = if gone == 1 { 2 } else { 1 };
        pool.set(&replicas(&[stays]), Instant::now());
        tokio::time::advance(LONGEST_REST).await;
        let lanes = [pool.lane(deadline).await.expect("one"), pool.lane(deadline).await.expect("two")];
        assert!(lanes.iter().all(|lane| port(lane) == stays));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_goes_on_failing_is_as_good_as_none_but_for_a_try_now_and_then() {
        let pool = Pool::new(Instant::now());
        pool.set(&replicas(&[1]), Instant::now());
        let began = Instant::now();
        let mut tries = 0;
        while let Some(lane) = pool.lane(began + Duration::from_secs(60)).await {
            lane.rest(Instant::now());
            tries += 1;
        }
        let gave_up = began.elapsed();
        assert!(gave_up >= ABSENCE && gave_up < 2 * ABSENCE, "{gave_up:?}");
        assert!(tries > 5, "{tries}");
        tokio::time::advance(LONGEST_REST).await;
        assert!(pool.lane(began + Duration::from_secs(60)).await.is_some(), "it is tried again");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_server_callers_wait_a_moment_and_later_not_at_all() {
        let pool = Pool::new(Instant::now());
        let began = Instant::now();
        let deadline = began + Duration::from_secs(60);
        assert!(pool.lane(deadline).await.is_none());
        let waited = began.elapsed();
        assert!(waited >= ABSENCE && waited < 2 * ABSENCE, "{waited:?}");
        assert!(pool.lane(deadline).await.is_none());
        assert_eq!(began.elapsed(), waited, "it is known to be away");
        let waiting = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.lane(deadline).await.is_some() }
        });
        pool.set(&replicas(&[1]), Instant::now());
        assert!(waiting.await.expect("ends"));
    }
}
