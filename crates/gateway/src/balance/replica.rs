//! One replica as the gateway sees it: its load, its health and its connections.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::role::{Protocol, Role};
use kernel::snapshot::Endpoint;
use tokio::time::Instant;

use super::ewma::{PENALTY, PeakEwma};
use super::health::{Cause, Health};
use crate::upstream::pool::Pool;

/// How long a new or restored replica takes to get its full share.
pub(crate) const SLOW_START: Duration = Duration::from_secs(10);
/// The share it begins with.
const SLOW_START_LEAST: f64 = 0.1;

/// A replica's process: a replacement with the same name is another `Replica`.
pub(crate) struct Replica {
    pub(crate) role: Role,
    pub(crate) id: Arc<str>,
    pub(crate) address: SocketAddr,
    pub(crate) protocol: Protocol,
    pub(crate) ready_since: Timestamp,
    pub(crate) pool: Pool,
    /// When it began to serve, on the monotonic clock; `None` when that is longer ago than the clock reaches.
    warm_since: Option<Instant>,
    base: Instant,
    draining: AtomicBool,
    out: AtomicBool,
    suspect: AtomicBool,
    pending: AtomicU32,
    starting: AtomicU32,
    awaiting: AtomicU32,
    heard_ns: AtomicU64,
    ewma: Mutex<PeakEwma>,
    health: Mutex<Health>,
    /// Requests sent, failures and ejections since the process became known, for the metrics.
    pub(crate) requests: AtomicU64,
    pub(crate) failures: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Replica {
    pub(crate) fn new(role: Role, protocol: Protocol, endpoint: &Endpoint, wall: Timestamp, now: Instant) -> Self {
        Self {
            role,
            id: Arc::from(endpoint.id.as_str()),
            address: endpoint.address,
            protocol,
            ready_since: endpoint.ready_since,
            pool: Pool::default(),
            warm_since: now.checked_sub(wall.since(endpoint.ready_since)),
            base: now,
            draining: AtomicBool::new(endpoint.draining),
            out: AtomicBool::new(false),
            suspect: AtomicBool::new(false),
            pending: AtomicU32::new(0),
            starting: AtomicU32::new(0),
            awaiting: AtomicU32::new(0),
            heard_ns: AtomicU64::new(0),
            ewma: Mutex::new(PeakEwma::new(now)),
            health: Mutex::new(Health::new(now)),
            requests: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// It is the same process as `endpoint`.
    pub(crate) fn is(&self, protocol: Protocol, endpoint: &Endpoint) -> bool {
        *self.id == *endpoint.id
            && self.address == endpoint.address
            && self.ready_since == endpoint.ready_since
            && self.protocol == protocol
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Follows the snapshot. A draining replica closes idle connections at its own pace, which would race with their
    /// next use: the pool drops them first.
    pub(crate) fn set_draining(&self, draining: bool) {
        self.draining.store(draining, Ordering::Relaxed);
        self.pool.set_open(!draining);
    }

    /// It gets requests: neither draining nor ejected.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_draining() && !self.out.load(Ordering::Relaxed)
    }

    pub(crate) fn is_ejected(&self) -> bool {
        self.out.load(Ordering::Relaxed)
    }

    fn ticks(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.base).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Expected cost of one more request, in nanoseconds. Silence counts as soon as it lasts longer than the estimate,
    /// so that a replica that hangs stops attracting requests before any of them has failed.
    pub(crate) fn load(&self, now: Instant) -> f64 {
        let mut rtt = lock(&self.ewma).estimate_ns(now);
        if self.awaiting.load(Ordering::Relaxed) > 0 {
            rtt = rtt.max(self.ticks(now).saturating_sub(self.heard_ns.load(Ordering::Relaxed)) as f64);
        }
        rtt * f64::from(self.pending.load(Ordering::Relaxed) + 1) / self.warmth(now)
    }

    /// Share of full weight: rises from a tenth to one over [`SLOW_START`].
    pub(crate) fn warmth(&self, now: Instant) -> f64 {
        let restored = if self.out.load(Ordering::Relaxed) { None } else { lock(&self.health).restored() };
        let since = match (self.warm_since, restored) {
            (Some(first), Some(second)) => first.max(second),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => return 1.0,
        };
        (now.saturating_duration_since(since).as_secs_f64() / SLOW_START.as_secs_f64()).clamp(SLOW_START_LEAST, 1.0)
    }

    /// Counts a request from now until the guard is dropped. `timed` requests, those without a long body, tell how fast
    /// the replica answers.
    pub(crate) fn begin(self: &Arc<Self>, timed: bool, now: Instant) -> Pending {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.pending.fetch_add(1, Ordering::Relaxed);
        self.starting.fetch_add(1, Ordering::Relaxed);
        if timed && self.awaiting.fetch_add(1, Ordering::Relaxed) == 0 {
            self.hear(now);
        }
        Pending { replica: Arc::clone(self), began: now, awaiting: timed, starting: true }
    }

    /// It showed a sign of life: an answer's head, or some of its body.
    pub(crate) fn hear(&self, now: Instant) {
        self.heard_ns.store(self.ticks(now), Ordering::Relaxed);
    }

    /// Whether it showed a sign of life after `since`.
    pub(crate) fn was_heard_since(&self, since: Instant) -> bool {
        self.heard_ns.load(Ordering::Relaxed) > self.ticks(since)
    }

    /// Requests that were given to it and are not on a connection yet.
    pub(crate) fn starting(&self) -> u32 {
        self.starting.load(Ordering::Acquire)
    }

    pub(crate) fn pending(&self) -> u32 {
        self.pending.load(Ordering::Relaxed)
    }

    pub(crate) fn estimate(&self, now: Instant) -> Duration {
        Duration::from_nanos(lock(&self.ewma).estimate_ns(now) as u64)
    }

    /// It answered well.
    pub(crate) fn succeed(&self, now: Instant) {
        lock(&self.health).succeed(now);
    }

    /// It failed; true if it should be ejected.
    pub(crate) fn fail(&self, now: Instant) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed);
        lock(&self.ewma).record(PENALTY, now);
        lock(&self.health).fail(now)
    }

    pub(crate) fn health<R>(&self, look: impl FnOnce(&mut Health) -> R) -> R {
        look(&mut lock(&self.health))
    }

    /// Takes it out; [`super::cluster::Cluster`] decides whether it may.
    pub(crate) fn eject(&self, cause: Cause, now: Instant) {
        lock(&self.health).eject(cause, now);
        self.out.store(true, Ordering::Relaxed);
        self.pool.clear();
    }

    /// Brings it back after a trial.
    pub(crate) fn restore(&self, now: Instant) {
        if lock(&self.health).succeed(now) {
            *lock(&self.ewma) = PeakEwma::new(now);
            self.out.store(false, Ordering::Relaxed);
        }
    }

    /// The first to suspect it gets to probe it.
    pub(crate) fn begin_suspicion(&self) -> bool {
        !self.suspect.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn end_suspicion(&self) {
        self.suspect.store(false, Ordering::Release);
    }
}

/// A request that a replica has.
pub(crate) struct Pending {
    replica: Arc<Replica>,
    began: Instant,
    awaiting: bool,
    starting: bool,
}

impl Pending {
    pub(crate) const fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// The request is on a connection.
    pub(crate) fn sent(&mut self) {
        if std::mem::take(&mut self.starting) {
            self.replica.starting.fetch_sub(1, Ordering::Release);
        }
    }

    /// The answer began: returns how long that took if the request was timed.
    pub(crate) fn answered(&mut self, now: Instant) -> Option<Duration> {
        self.sent();
        if !std::mem::take(&mut self.awaiting) {
            return None;
        }
        self.replica.awaiting.fetch_sub(1, Ordering::Relaxed);
        self.replica.hear(now);
        let took = now.saturating_duration_since(self.began);
        lock(&self.replica.ewma).record(took, now);
        Some(took)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.sent();
        if self.awaiting {
            // Nobody waited for the answer; that it took at least this long is known all the same.
            let now = Instant::now();
            let took = now.saturating_duration_since(self.began);
            self.replica.awaiting.fetch_sub(1, Ordering::Relaxed);
            let mut ewma = lock(&self.replica.ewma);
            if took.as_nanos() as f64 > ewma.estimate_ns(now) {
                ewma.record(took, now);
            }
        }
        self.replica.pending.fetch_sub(1, Ordering::Relaxed);
    }
}
