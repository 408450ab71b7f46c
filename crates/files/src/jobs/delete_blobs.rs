//! Frees the bytes of what was removed, as far as no other file is made of them. The job was made with the removal, in
//! one transaction.

use std::time::Duration;

use store::{StoreError, jobs};

use super::{Jobs, orphans};
use crate::store::DELETE_BLOBS;

/// How long a replica may take before another tries.
const LEASE: Duration = Duration::from_secs(120);
/// Between two tries.
const AGAIN: Duration = Duration::from_secs(30);
/// Removals in one pass.
const MOST: usize = 100;

pub(super) async fn pass(work: &Jobs) -> Result<(), StoreError> {
    for _ in 0..MOST {
        let now = work.clock.now();
        let Some(job) = jobs::claim(work.store.sql(), DELETE_BLOBS, &work.replica, LEASE, now).await? else {
            return Ok(());
        };
        match orphans::of_upload(work, &job.key).await {
            Ok(_) => work.store.job_done(job).await?,
            Err(error) => {
                let until = work.clock.now().plus(AGAIN);
                work.store.job_failed(job, until, error.to_string()).await?;
            }
        }
    }
    Ok(())
}
