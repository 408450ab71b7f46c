//! What happens without a request. Each job is one pass over its work; the loop here waits in between.

use std::sync::Arc;
use std::time::Duration;

use kernel::blobs::Blobs;
use kernel::clock::Clock;
use kernel::lifecycle::Lifecycle;
use store::lease::{Lease, Leases};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::counts::Counts;
use crate::store::Store;

mod delete_blobs;
mod expire;
mod forget_ended;
mod hash;
mod orphans;
mod reading;
mod scrub;
mod settle;
mod trash;

use scrub::Step;

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
    /// How fast files are read again, in bytes per second; 0 is not at all.
    pub(crate) scrub_rate: u64,
    /// What is counted.
    pub(crate) counts: Counts,
    /// How long the trash keeps a file.
    pub(crate) trash_days: u32,
}

impl Jobs {
    /// Works until the process is asked to end. A failure is logged and met again at the next turn.
    pub async fn run(self, lifecycle: Lifecycle) {
        // What reads files takes its time; what frees them does not wait for it.
        tokio::join!(self.tidy(&lifecycle), self.hash_and_scrub(&lifecycle));
    }

    async fn tidy(&self, lifecycle: &Lifecycle) {
        let leases = Leases::new(self.store.sql().clone());
        let mut swept: Option<Instant> = None;
        while pause(lifecycle, PAUSE).await {
            self.pass().await;
            if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
                // Sweeping twice does no harm; the lease only saves work.
                if let Ok(Some(lease)) = leases.acquire("files.orphans", &self.replica, LEASE).await {
                    self.sweep_orphans().await;
                    self.forget_ended().await;
                    swept = Some(Instant::now());
                    drop(leases.release(&lease).await);
                }
            }
        }
    }

    async fn hash_and_scrub(&self, lifecycle: &Lifecycle) {
        let leases = Leases::new(self.store.sql().clone());
        let mut held: Option<(Lease, Instant)> = None;
        let mut wait = PAUSE;
        let mut hashed: Option<Instant> = None;
        while pause(lifecycle, wait).await {
            if hashed.is_none_or(|at| at.elapsed() >= PAUSE) {
                self.hash_joined(lifecycle.soft()).await;
                hashed = Some(Instant::now());
            }
            wait = PAUSE;
            if self.scrub_rate == 0 {
                continue;
            }
            // The lease outlives the pauses between steps, so that one replica scrubs and not each in turn.
            held = match held.take() {
                Some((lease, since)) if since.elapsed() < LEASE / 3 => Some((lease, since)),
                Some((lease, _)) if leases.renew(&lease, LEASE).await.unwrap_or(false) => Some((lease, Instant::now())),
                _ => match leases.acquire("files.scrub", &self.replica, LEASE).await {
                    Ok(Some(lease)) => Some((lease, Instant::now())),
                    Ok(None) | Err(_) => None,
                },
            };
            let Some((lease, _)) = &held else { continue };
            match scrub::step(self, lease).await {
                Ok(Step::Read(bytes)) => wait = scrub::pause(bytes, self.scrub_rate),
                Ok(Step::Rest) => {}
                Err(error) => {
                    tracing::info!(error = %error, "the scrub did not get on");
                    held = None;
                }
            }
        }
        if let Some((lease, _)) = held {
            drop(leases.release(&lease).await);
        }
    }

    /// Finds the digests of what was joined of parts.
    pub async fn hash_joined(&self, stop: &CancellationToken) {
        if let Err(error) = hash::pass(self, stop).await {
            tracing::warn!(error = %error, "joined files could not be read");
        }
    }

    /// Reads the next slice of the files' bytes again, without regard to the rate. False: the round is over, or another
    /// replica scrubs.
    pub async fn scrub_step(&self) -> bool {
        let leases = Leases::new(self.store.sql().clone());
        let Ok(Some(lease)) = leases.acquire("files.scrub", &self.replica, LEASE).await else { return false };
        let step = scrub::step(self, &lease).await;
        drop(leases.release(&lease).await);
        matches!(step, Ok(Step::Read(_)))
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

    /// Forgets shares and vouchers that ended long ago.
    pub async fn forget_ended(&self) {
        match forget_ended::pass(self).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(rows.count = count, "ended shares and vouchers forgotten"),
            Err(error) => tracing::warn!(error = %error, "ended shares and vouchers could not be forgotten"),
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

/// Waits; false if the process is to end.
async fn pause(lifecycle: &Lifecycle, wait: Duration) -> bool {
    tokio::select! {
        () = lifecycle.soft().cancelled() => false,
        () = tokio::time::sleep(wait) => true,
    }
}
