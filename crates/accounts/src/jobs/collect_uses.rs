//! Writes down when API tokens were last used, as the other roles report it through the live store.

use std::sync::Arc;
use std::time::Duration;

use api::auth::TOKEN_USES_PREFIX;
use kernel::clock::Timestamp;
use kernel::id::Id;
use kernel::live::Live;
use store::Sql;
use tokio_util::sync::CancellationToken;

use crate::error::AccountsError;
use crate::store::tokens;

const EVERY: Duration = Duration::from_secs(10);

pub(crate) struct CollectUses {
    pub(crate) sql: Sql,
    pub(crate) live: Arc<dyn Live>,
}

impl CollectUses {
    /// Collects what was reported. A report is deleted only after it was written down.
    pub(crate) async fn once(&self) -> Result<(), AccountsError> {
        let Ok(reports) = self.live.scan(TOKEN_USES_PREFIX).await else { return Ok(()) };
        let uses: Vec<(Id, Timestamp)> = reports
            .iter()
            .filter_map(|(key, value)| {
                let id = key.strip_prefix(TOKEN_USES_PREFIX)?.parse().ok()?;
                let text = std::str::from_utf8(value).ok()?;
                // A timestamp is written as JSON writes it, without the quotes.
                Some((id, serde_json::from_value(serde_json::Value::from(text)).ok()?))
            })
            .collect();
        if uses.is_empty() {
            return Ok(());
        }
        self.sql
            .write(move |transaction| {
                let uses = uses.clone();
                Box::pin(async move {
                    for (id, at) in uses {
                        tokens::used(transaction, id, at).await?;
                    }
                    Ok::<_, AccountsError>(())
                })
            })
            .await?;
        for (key, _) in reports {
            // One that stays is written down again, which changes nothing.
            let _ = self.live.delete(&key).await;
        }
        Ok(())
    }

    pub(crate) async fn run(self, end: CancellationToken) {
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            if let Err(error) = self.once().await {
                tracing::warn!(error = %error, "uses of API tokens could not be written down: trying again");
            }
        }
    }
}
