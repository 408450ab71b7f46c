//! Forgets shares and vouchers that ended long ago.

use kernel::clock::Timestamp;
use store::StoreError;

use super::Jobs;
use crate::model::share::KEPT;

pub(super) async fn pass(jobs: &Jobs) -> Result<u64, StoreError> {
    let kept = i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX);
    let border = Timestamp::from_micros(jobs.clock.now().as_micros().saturating_sub(kept));
    jobs.store.forget_ended(border).await
}
