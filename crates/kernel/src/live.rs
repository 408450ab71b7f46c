//! The port for live state: counters, presence and fan-out that may be lost without losing a fact.
//!
//! Contract, which [`contract::run`] checks: values expire after their time to live; `add` is atomic across processes;
//! a channel's sequence numbers rise by one with each `publish`, across processes; a subscriber sees every event after
//! it subscribed, or a gap in the numbers; flushing the store loses nothing that SQL does not know.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::error::Kind;

pub mod contract;

/// Why live state could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("live store failed: {context}")]
pub struct LiveError {
    /// What was being done.
    pub context: &'static str,
    /// What the store said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl LiveError {
    /// Always [`Kind::Unavailable`]: nothing here is the caller's fault.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        Kind::Unavailable
    }
}

/// Something published on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveEvent {
    /// Its place in the channel: one more than the event before it. A gap means that something was missed.
    pub seq: u64,
    /// What was published.
    pub payload: Bytes,
}

/// Live state shared by all replicas. Keys and channels are at most 200 bytes of `[A-Za-z0-9._:/-]`, values 256 KiB,
/// events 32 KiB.
#[async_trait]
pub trait Live: Send + Sync {
    /// Sets a value, for `ttl` if given.
    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>) -> Result<(), LiveError>;
    /// A value that has not expired.
    async fn get(&self, key: &str) -> Result<Option<Bytes>, LiveError>;
    /// Forgets a value or a counter.
    async fn delete(&self, key: &str) -> Result<(), LiveError>;
    /// All values (not counters) whose key begins with `prefix`, by key.
    async fn scan(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, LiveError>;
    /// Adds to a counter and returns its new value; `ttl` counts from the counter's first `add`.
    async fn add(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, LiveError>;
    /// Tells all subscribers of `channel`; returns the event's sequence number.
    async fn publish(&self, channel: &str, payload: Bytes) -> Result<u64, LiveError>;
    /// The events of `channel` from now on. The stream ends when the store is lost: subscribe again.
    async fn subscribe(&self, channel: &str) -> Result<BoxStream<'static, LiveEvent>, LiveError>;
}
