//! Ends uploads to which nothing was added for long, and parts that nobody joined, and forgets rows nobody will ask for.

use store::StoreError;

use super::Jobs;

/// Uploads ended in one pass.
const MOST: u64 = 200;

pub(super) async fn pass(jobs: &Jobs) -> Result<(), StoreError> {
    let now = jobs.clock.now();
    for id in jobs.store.expired(now, MOST).await? {
        // It may have gone on since it was listed; then it stays.
        if jobs.store.abandon(id, true, now).await? {
            tracing::info!(upload.id = %id, "an unfinished upload expired");
        }
    }
    if jobs.store.forgettable(now).await? {
        jobs.store.forget(now).await?;
    }
    Ok(())
}
