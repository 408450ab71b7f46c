//! Keeps the published list of revocations what SQL says, every 2 s and whenever it changes here: a live store that was
//! flushed, or another replica's older list, is set right by the next turn.

use std::sync::Arc;
use std::time::Duration;

use api::auth::Verifier;
use kernel::clock::Clock;
use kernel::live::Live;
use store::Sql;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::revoker;

const EVERY: Duration = Duration::from_secs(2);

pub(crate) struct Publish {
    pub(crate) sql: Sql,
    pub(crate) live: Arc<dyn Live>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) changed: Arc<Notify>,
}

impl Publish {
    /// Publishes the list; with SQL away, the one read last.
    async fn once(&self, last: &mut Option<String>) -> Result<(), String> {
        let read = revoker::load(&self.sql, &*self.clock, &self.verifier).await;
        if let Ok(text) = &read {
            *last = Some(text.clone());
        }
        if let Some(text) = last.clone() {
            revoker::publish(&*self.live, text).await.map_err(|error| error.to_string())?;
        }
        read.map(drop).map_err(|error| error.to_string())
    }

    pub(crate) async fn run(self, end: CancellationToken) {
        let (mut last, mut well) = (None, true);
        loop {
            match self.once(&mut last).await {
                Ok(()) => well = true,
                // Once a trouble, not every two seconds of it.
                Err(error) if well => {
                    tracing::warn!(error, "revocations could not be published: trying again");
                    well = false;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = end.cancelled() => return,
                () = self.changed.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}
