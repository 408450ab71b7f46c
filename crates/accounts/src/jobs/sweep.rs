//! Removes what has expired: sessions, failed log-ins, API tokens, revocations, remembered answers.

use std::sync::Arc;
use std::time::Duration;

use kernel::clock::Clock;
use store::Sql;
use tokio_util::sync::CancellationToken;

use crate::error::AccountsError;
use crate::guard::window_start;
use crate::store::{failures, revocations, sessions, tokens};

const EVERY: Duration = Duration::from_secs(60);

pub(crate) struct Sweep {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Sweep {
    /// Removes it; returns how many rows that were.
    pub(crate) async fn once(&self) -> Result<u64, AccountsError> {
        let now = self.clock.now();
        let rows = self
            .sql
            .write(move |transaction| {
                Box::pin(async move {
                    let mut rows = sessions::sweep(transaction, now).await?;
                    rows += failures::sweep(transaction, window_start(now)).await?;
                    rows += tokens::sweep(transaction, now).await?;
                    rows += revocations::sweep(transaction, now).await?;
                    Ok::<_, AccountsError>(rows)
                })
            })
            .await?;
        Ok(rows + store::idempotency::sweep(&self.sql, now).await?)
    }

    pub(crate) async fn run(self, end: CancellationToken) {
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            match self.once().await {
                Ok(rows) => tracing::debug!(rows, "expired rows were removed"),
                Err(error) => tracing::warn!(error = %error, "expired rows could not be removed: trying again"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::clock::ManualClock;
    use kernel::config;
    use kernel::data_dir::DataDir;
    use kernel::id::IdSource;

    use super::*;
    use crate::store::sessions::Session;

    #[tokio::test]
    async fn what_expired_goes_and_the_rest_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        data.create().expect("the data folder");
        let sql = Sql::open("accounts", &config::Sql::default(), &data).await.expect("opens");
        store::migrate(&sql, crate::migrations()).await.expect("migrates");
        let clock = Arc::new(ManualClock::at_micros(1_700_000_000_000_000));
        let ids = IdSource::seeded(Arc::clone(&clock) as Arc<dyn Clock>, 1);
        let now = clock.now();
        let session = |lasts: u64| Session {
            id: ids.next(),
            user: ids.next(),
            token_hash: ids.next().to_string(),
            previous_hash: None,
            rotated_at: now,
            created_at: now,
            expires_at: now.plus(Duration::from_secs(lasts)),
        };
        let (short, long, failure) = (session(10), session(1000), ids.next());
        let (gone, kept) = (short.id, long.id);
        sql.write(move |transaction| {
            let (short, long) = (short.clone(), long.clone());
            Box::pin(async move {
                sessions::insert(transaction, &short).await?;
                sessions::insert(transaction, &long).await?;
                failures::insert(transaction, failure, "a", "b", now).await?;
                Ok::<_, AccountsError>(())
            })
        })
        .await
        .expect("writes");
        let sweep = Sweep { sql: sql.clone(), clock: Arc::clone(&clock) as Arc<dyn Clock> };
        assert_eq!(sweep.once().await.expect("sweeps"), 0);
        clock.advance(Duration::from_secs(10));
        assert_eq!(sweep.once().await.expect("sweeps"), 1);
        assert!(sessions::by_id(sql.reader(), gone).await.expect("reads").is_none());
        clock.advance(crate::guard::WINDOW);
        assert_eq!(sweep.once().await.expect("sweeps"), 1, "the failure");
        assert!(sessions::by_id(sql.reader(), kept).await.expect("reads").is_some());
    }
}
