//! Deadlines of connections, without a timer each: a sweep four times a second looks at when each last moved.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::time::Instant;

/// How often connections are looked at.
pub(crate) const SWEEP: Duration = Duration::from_millis(250);
/// How long a connection without a request stays open.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a draining gateway leaves idle connections open, so that each can carry one more request whose answer says
/// `Connection: close`: closing at once would race with it.
pub(crate) const DRAIN_IDLE: Duration = Duration::from_secs(2);

/// What a connection's task should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Go on.
    Serve,
    /// Finish what is in flight and close.
    Finish,
    /// Close now.
    Close,
}

/// When one connection last moved. Times are milliseconds since the registry's start; zero means never.
#[derive(Debug)]
pub(crate) struct Watch {
    registry: Arc<Registry>,
    id: u64,
    waker: AtomicWaker,
    closing: AtomicBool,
    finishing: AtomicBool,
    /// The first byte of a request (h1) or frame (h2) whose rest has not come.
    partial_since: AtomicU64,
    idle_since: AtomicU64,
    /// A write that does not advance.
    blocked_since: AtomicU64,
    in_flight: AtomicU32,
    /// An upgraded connection has no deadlines here.
    tunnel: AtomicBool,
}

/// All connections.
#[derive(Debug)]
pub(crate) struct Registry {
    start: Instant,
    known: Mutex<HashMap<u64, Arc<Watch>>>,
    next: AtomicU64,
    draining: AtomicBool,
}

/// The deadlines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    pub(crate) header: Duration,
    pub(crate) body_idle: Duration,
}

impl Registry {
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, known: Mutex::default(), next: AtomicU64::new(1), draining: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Watch>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        self.ticks(Instant::now())
    }

    fn ticks(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.start);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// Watches one more connection, until its [`Watched`] is dropped.
    pub(crate) fn watch(self: &Arc<Self>) -> Watched {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let watch = Arc::new(Watch {
            registry: Arc::clone(self),
            id,
            waker: AtomicWaker::new(),
            closing: AtomicBool::new(false),
            finishing: AtomicBool::new(false),
            partial_since: AtomicU64::new(0),
            idle_since: AtomicU64::new(self.now()),
            blocked_since: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            tunnel: AtomicBool::new(false),
        });
        self.lock().insert(id, Arc::clone(&watch));
        Watched(watch)
    }

    pub(crate) fn open(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// From now on answers say that their connection closes.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        for watch in self.lock().values() {
            watch.waker.wake();
        }
    }

    /// Asks every connection that has nothing in flight to close.
    pub(crate) fn finish_all(&self) {
        for watch in self.lock().values() {
            watch.finishing.store(true, Ordering::Relaxed);
            watch.waker.wake();
        }
    }

    /// Closes connections that are past a deadline; returns how many.
    pub(crate) fn sweep(&self, deadlines: Deadlines) -> usize {
        let now = self.now();
        let mut closed = 0;
        for watch in self.lock().values() {
            if !watch.closing.load(Ordering::Relaxed) && watch.is_late(now, deadlines) {
                watch.closing.store(true, Ordering::Relaxed);
                watch.waker.wake();
                closed += 1;
            }
        }
        closed
    }
}

impl Watch {
    fn is_late(&self, now: u64, deadlines: Deadlines) -> bool {
        if self.tunnel.load(Ordering::Relaxed) {
            return false;
        }
        let older = |since: &AtomicU64, limit: Duration| {
            let since = since.load(Ordering::Relaxed);
            since != 0 && u128::from(now.saturating_sub(since)) >= limit.as_millis()
        };
        let idle = self.in_flight.load(Ordering::Relaxed) == 0;
        older(&self.blocked_since, deadlines.body_idle)
            || (older(&self.partial_since, deadlines.header))
            || (idle && older(&self.idle_since, KEEP_ALIVE))
    }

    /// The connection's task is polled: remembers how to wake it and says what it should do.
    pub(crate) fn order(&self, waker: &std::task::Waker) -> Order {
        self.waker.register(waker);
        if self.closing.load(Ordering::Relaxed) {
            Order::Close
        } else if self.finishing.load(Ordering::Relaxed) {
            Order::Finish
        } else {
            Order::Serve
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.registry.is_draining()
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Something is unfinished (or no longer so): the header deadline runs from its first byte.
    pub(crate) fn partial(&self, partial: bool) {
        if !partial {
            self.partial_since.store(0, Ordering::Relaxed);
        } else if self.partial_since.load(Ordering::Relaxed) == 0 {
            self.partial_since.store(self.registry.now(), Ordering::Relaxed);
        }
    }

    /// A write advanced, or it did not.
    pub(crate) fn blocked(&self, blocked: bool) {
        let since = self.blocked_since.load(Ordering::Relaxed);
        if blocked && since == 0 {
            self.blocked_since.store(self.registry.now(), Ordering::Relaxed);
        } else if !blocked && since != 0 {
            self.blocked_since.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn request_began(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn request_ended(&self, now: Instant) {
        if self.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.idle_since.store(self.registry.ticks(now), Ordering::Relaxed);
        }
    }

    /// From now on it is a tunnel.
    pub(crate) fn became_tunnel(&self) {
        self.tunnel.store(true, Ordering::Relaxed);
    }
}

/// A watched connection.
#[derive(Debug)]
pub(crate) struct Watched(Arc<Watch>);

impl Watched {
    pub(crate) const fn watch(&self) -> &Arc<Watch> {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.registry.lock().remove(&self.0.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINES: Deadlines = Deadlines { header: Duration::from_secs(10), body_idle: Duration::from_secs(30) };

    #[tokio::test(start_paused = true)]
    async fn each_deadline_closes_and_nothing_else_does() {
        let registry = Arc::new(Registry::new(Instant::now()));
        let idle = registry.watch();
        let busy = registry.watch();
        busy.watch().request_began();
        let half = registry.watch();
        half.watch().partial(true);
        let stuck = registry.watch();
        stuck.watch().request_began();
        stuck.watch().blocked(true);
        let tunnel = registry.watch();
        tunnel.watch().became_tunnel();
        let closing = |watched: &Watched| watched.watch().closing.load(Ordering::Relaxed);
        tokio::time::advance(Duration::from_secs(11)).await;
        assert_eq!(registry.sweep(DEADLINES), 1);
        assert!(closing(&half));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(registry.sweep(DEADLINES), 1);
        assert!(closing(&stuck));
        tokio::time::advance(Duration::from_secs(50)).await;
        assert_eq!(registry.sweep(DEADLINES), 1);
        assert!(closing(&idle) && !closing(&busy) && !closing(&tunnel));
        drop(idle);
        assert_eq!(registry.open(), 4);
    }
}
