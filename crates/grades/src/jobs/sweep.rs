//! Forgets first answers that nobody may ask for any more.

use std::sync::Arc;
use std::time::Duration;

use kernel::clock::Clock;
use store::{Sql, StoreError, idempotency};
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(60);

/// Every replica that writes has one; they need not know of each other.
pub struct Sweep {
    sql: Sql,
    clock: Arc<dyn Clock>,
}

impl Sweep {
    /// A sweep of this database.
    #[must_use]
    pub fn new(sql: Sql, clock: Arc<dyn Clock>) -> Self {
        Self { sql, clock }
    }

    /// Forgets all that is old enough; returns how many answers that were.
    ///
    /// # Errors
    /// The database's; what was forgotten until then is.
    pub async fn once(&self) -> Result<u64, StoreError> {
        let (mut forgotten, now) = (0, self.clock.now());
        loop {
            match idempotency::sweep(&self.sql, now).await? {
                0 => return Ok(forgotten),
                some => forgotten += some,
            }
        }
    }

    /// Forgets until the end.
    pub async fn run(self, end: CancellationToken) {
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            match self.once().await {
                Ok(answers) => tracing::debug!(answers, "old answers were forgotten"),
                Err(error) => tracing::warn!(error = %error, "old answers could not be forgotten: trying again"),
            }
        }
    }
}
