//! Forgets response times that nobody looks at any more. Requests, alerts and refusals are kept for good.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Clock;
use store::{Sql, StoreError};
use tokio_util::sync::CancellationToken;

use crate::store::{history, notes};

const EVERY: Duration = Duration::from_secs(3600);
const KEPT: Duration = Duration::from_secs(30 * 86_400);

pub(crate) struct Sweep {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Sweep {
    pub(crate) async fn once(&self) -> Result<u64, StoreError> {
        let before = self.clock.now().minus(KEPT);
        self.sql
            .write(move |transaction| {
                async move {
                    Ok(notes::sweep_timings(transaction, before).await? + history::sweep(transaction, before).await?)
                }
                .boxed()
            })
            .await
    }

    pub(crate) async fn run(self, end: CancellationToken) {
        while end.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Err(error) = self.once().await {
                tracing::warn!(error = %error, "old response times could not be forgotten");
            }
        }
    }
}
