//! Brings the catalogue and the audit trail up to date where no request does.

use store::StoreError;

use super::Jobs;
use crate::model::audit::CHAIN;

/// Rows in one pass.
const MOST: u64 = 200;

pub(super) async fn pass(jobs: &Jobs) -> Result<(), StoreError> {
    let now = jobs.clock.now();
    let given_up = jobs.store.give_up_downloads(now.minus(CHAIN), now, MOST).await?;
    let indexed = jobs.store.index_files(MOST).await?;
    if given_up + indexed > 0 {
        tracing::info!(downloads.given_up = given_up, files.indexed = indexed, "brought up to date");
    }
    Ok(())
}
