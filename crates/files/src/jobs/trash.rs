//! Puts files into the trash whose time is over, and empties it of what has been there long enough.

use std::time::Duration;

use store::StoreError;

use super::Jobs;
use crate::store::Removal;

/// Files in one pass.
const MOST: u64 = 200;

pub(super) async fn pass(jobs: &Jobs) -> Result<(), StoreError> {
    let now = jobs.clock.now();
    for id in jobs.store.expire_files(now, MOST).await? {
        tracing::info!(file.id = %id, "a file's time is over: it is in the trash");
    }
    let before = now.minus(Duration::from_secs(u64::from(jobs.trash_days) * 86_400));
    for id in jobs.store.overdue(before, MOST).await? {
        // It may have been brought back since it was listed; then it stays.
        if jobs.store.remove_file(id, Some(before), now).await? == Removal::Removed {
            tracing::info!(file.id = %id, "a file left the trash for good");
        }
    }
    Ok(())
}
