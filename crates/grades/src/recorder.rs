//! Where a checked record goes to become durable.

use async_trait::async_trait;

use crate::failure::Failure;
use crate::model::{Route, Stored, Submission};

/// One way in. The record is durable when `record` returns `Ok`; after any failure it may be sent again.
#[async_trait]
pub trait Ingest: Send + Sync {
    /// Which way it is.
    fn route(&self) -> Route;

    /// Keeps a record, after checking it against the rules.
    ///
    /// # Errors
    /// What is wrong with it, or why it could not be kept.
    async fn record(&self, submission: Submission) -> Result<Stored, Failure>;
}
