//! What happens without a request. Each job is one pass over its work; the loop here waits in between.

use std::sync::Arc;
use std::time::Duration;

use kernel::blobs::Blobs;
use kernel::clock::Clock;
use kernel::lifecycle::Lifecycle;
use store::lease::Leases;

use crate::store::Store;

mod delete_blobs;
mod expire;
mod orphans;
mod settle;
mod trash;

/// Between two looks for removals and expiries.
const PAUSE: Duration = Duration::from_secs(5);
/// Between two sweeps for orphans.
const SWEEP: Duration = Duration::from_secs(3600);
/// How long a replica that sweeps keeps the others from it.
const LEASE: Duration = Duration::from_secs(60);

/// What jobs may touch.
#[derive(Clone)]
pub struct Jobs {
    /// SQL.
    pub(crate) store: Store,
    /// Bytes.
    pub(crate) blobs: Arc<dyn Blobs>,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Who does it.
    pub(crate) replica: String,
    /// How long the trash keeps a file.
    pub(crate) trash_days: u32,
}

impl Jobs {
    /// Works until the process is asked to end. A failure is logged and met again at the next turn.
    pub async fn run(self, lifecycle: Lifecycle) {
        let leases = Leases::new(self.store.sql().clone());
        let mut swept: Option<tokio::time::Instant> = None;
        loop {
            tokio::select! {
                () = lifecycle.soft().cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            self.pass().await;
            if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
                // Sweeping twice does no harm; the lease only saves work.
                if let Ok(Some(lease)) = leases.acquire("files.orphans", &self.replica, LEASE).await {
                    self.sweep_orphans().await;
                    swept = Some(tokio::time::Instant::now());
                    drop(leases.release(&lease).await);
                }
            }
        }
    }

    /// Ends what has expired, empties the trash, removes what was removed, and brings counts and indexes up to date.
    pub async fn pass(&self) {
        if let Err(error) = expire::pass(self).await {
            tracing::warn!(error = %error, "expired uploads could not be ended");
        }
        if let Err(error) = trash::pass(self).await {
            tracing::warn!(error = %error, "the trash could not be emptied");
        }
        if let Err(error) = settle::pass(self).await {
            tracing::warn!(error = %error, "the audit trail could not be brought up to date");
        }
        if let Err(error) = delete_blobs::pass(self).await {
            tracing::warn!(error = %error, "removed bytes could not be freed");
        }
    }

    /// Removes blobs that no chain holds and no writer can still commit.
    pub async fn sweep_orphans(&self) {
        match orphans::pass(self).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(blobs.count = count, "orphans removed"),
            Err(error) => tracing::warn!(error = %error, "orphans could not be removed"),
        }
    }
}
