//! Who was turned away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::clock::{Clock, Timestamp};
use tokio::sync::mpsc;

/// Refusals that wait to be recorded; more are only logged and counted.
const WAITING: usize = 4096;

/// An attempt that was turned away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// When.
    pub at: Timestamp,
    /// From where, as far as it is known.
    pub address: String,
    /// Why.
    pub reason: String,
}

/// Logs, counts and hands on what was refused; clones share the count.
#[derive(Clone)]
pub struct Refusals {
    clock: Arc<dyn Clock>,
    count: Arc<AtomicU64>,
    record: Option<mpsc::Sender<Refusal>>,
}

impl Refusals {
    /// Logs and counts.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, count: Arc::default(), record: None }
    }

    /// Logs, counts, and hands each to the receiver, as long as it keeps up.
    #[must_use]
    pub fn recorded(clock: Arc<dyn Clock>) -> (Self, mpsc::Receiver<Refusal>) {
        let (record, records) = mpsc::channel(WAITING);
        (Self { clock, count: Arc::default(), record: Some(record) }, records)
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// One log line: what was tried from where, and why it failed.
    pub(crate) fn add(&self, address: impl Into<String>, reason: impl Into<String>) {
        let refusal = Refusal { at: self.clock.now(), address: address.into(), reason: reason.into() };
        self.count.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            refused.at = %refusal.at,
            refused.address = refusal.address,
            refused.reason = refusal.reason,
            "refused"
        );
        if let Some(record) = &self.record {
            // A full queue loses the record, not the log line: whoever floods us must not make us wait.
            let _ = record.try_send(refusal);
        }
    }

    /// Attempts that went by too fast to be described one by one.
    pub(super) fn add_unseen(&self, missed: u64) {
        self.count.fetch_add(missed, Ordering::Relaxed);
        tracing::warn!(refused.missed = missed, "connection events went by unseen");
    }
}

impl std::fmt::Debug for Refusals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refusals").field("count", &self.count()).finish_non_exhaustive()
    }
}
