//! A replica's idle connections, by the thread whose event loop they are on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::h1::Link;
use super::h2::Shared;
use crate::door::workers::seat;

/// How long a connection may be idle: below the 75 s after which a replica closes it, so that the two never race.
pub(crate) const IDLE: Duration = Duration::from_secs(20);
/// Idle connections kept for one replica by one thread.
const MOST: usize = 128;
/// Threads that share nothing here.
const SEATS: usize = crate::door::workers::MOST;

/// HTTP/1.1 connections that nobody uses, and the HTTP/2 connection that everybody shares.
pub(crate) struct Pool {
    idle: [Mutex<Links>; SEATS],
    open: AtomicBool,
    pub(crate) shared: Shared,
}

type Links = Vec<(Link, Instant)>;

fn lock(links: &Mutex<Links>) -> MutexGuard<'_, Links> {
    links.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Pool {
    fn default() -> Self {
        Self { idle: Default::default(), open: AtomicBool::new(true), shared: Shared::default() }
    }
}

impl Pool {
    fn links(&self) -> MutexGuard<'_, Links> {
        lock(&self.idle[seat() % SEATS])
    }

    /// The connection used last: the others grow old and are closed.
    pub(crate) fn take(&self) -> Option<Link> {
        self.links().pop().map(|(link, _)| link)
    }

    /// Takes back a connection that is ready for another request.
    pub(crate) fn give(&self, link: Link, now: Instant) {
        if self.open.load(Ordering::Relaxed) {
            let mut links = self.links();
            if links.len() < MOST {
                links.push((link, now));
            }
        }
    }

    /// Whether connections are kept.
    pub(crate) fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
        if !open {
            self.clear();
        }
    }

    /// Closes all idle connections.
    pub(crate) fn clear(&self) {
        for links in &self.idle {
            let closing = std::mem::take(&mut *lock(links));
            drop(closing);
        }
        self.shared.forget();
    }

    /// Closes those that have been idle too long.
    pub(crate) fn expire(&self, now: Instant) {
        for links in &self.idle {
            let mut links = lock(links);
            let old = links.iter().take_while(|(_, since)| now.saturating_duration_since(*since) >= IDLE).count();
            let closing: Vec<_> = links.drain(..old).collect();
            if links.is_empty() {
                links.shrink_to_fit();
            }
            drop(links);
            drop(closing);
        }
    }

    /// How many there are.
    pub(crate) fn idle(&self) -> usize {
        self.idle.iter().map(|links| lock(links).len()).sum()
    }
}
