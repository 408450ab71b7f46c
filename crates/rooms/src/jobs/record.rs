//! Writes response times and refusals, once a second: however many there are, they cost one transaction.

use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Clock;
use kernel::id::IdSource;
use std::sync::Arc;
use store::{Sql, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::notes::Notes;
use crate::store::notes;
use crate::wire::Refusal;

const EVERY: Duration = Duration::from_secs(1);
/// Refusals in one transaction.
const GROUP: usize = 4096;

pub(crate) struct Recorder {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) notes: Notes,
    pub(crate) refused: mpsc::Receiver<Refusal>,
}

impl Recorder {
    /// Writes what waits; returns how many rows.
    ///
    /// # Errors
    /// The database's; what was taken is then lost, but for the log.
    pub(crate) async fn once(&mut self) -> Result<usize, StoreError> {
        let mut refusals = Vec::new();
        while refusals.len() < GROUP
            && let Ok(refusal) = self.refused.try_recv()
        {
            refusals.push((self.ids.next(), refusal));
        }
        self.notes.refused(refusals.len());
        let timings: Vec<_> = self.notes.take_timings().into_iter().map(|timing| (self.ids.next(), timing)).collect();
        let rows = refusals.len() + timings.len();
        if rows > 0 {
            let (timings, refusals, now) = (Arc::new(timings), Arc::new(refusals), self.clock.now());
            self.sql
                .write(move |transaction| {
                    let (timings, refusals) = (Arc::clone(&timings), Arc::clone(&refusals));
                    async move {
                        notes::timings(transaction, &timings, now).await?;
                        notes::refusals(transaction, &refusals).await
                    }
                    .boxed()
                })
                .await?;
        }
        Ok(rows)
    }

    pub(crate) async fn run(mut self, end: CancellationToken) {
        loop {
            let over = end.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none();
            loop {
                match self.once().await {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(error = %error, "response times could not be recorded");
                        break;
                    }
                }
            }
            if over {
                return;
            }
        }
    }
}
