//! Tells live what changed: the value `rooms/now` and events on the channel `rooms`, both the same, at most four a second.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::live::{Live, LiveError};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::core::Standing;
use crate::http::views::{AlertView, RequestView};
use crate::notes::Notes;

const EVERY: Duration = Duration::from_millis(250);
/// Of the newest requests and alerts, so many are told: an event holds 32 KiB.
const TOLD: usize = 20;

pub(crate) struct Announcer {
    pub(crate) live: Arc<dyn Live>,
    pub(crate) notes: Notes,
    pub(crate) server: String,
    pub(crate) standing: watch::Receiver<Standing>,
}

/// What subscribers of `rooms` get.
#[derive(Serialize)]
struct Now<'a> {
    id: &'static str,
    leader: &'a str,
    epoch: u64,
    requests: Vec<RequestView>,
    alerts: Vec<AlertView>,
}

impl Announcer {
    /// Tells what is new, while this server leads.
    pub(crate) async fn once(&mut self) -> Result<(), LiveError> {
        let changed = self.standing.has_changed().unwrap_or(false);
        let (active, epoch) = {
            let standing = self.standing.borrow_and_update();
            (standing.active, standing.epoch)
        };
        let news = self.notes.news();
        if !active || (news.is_none() && !changed) {
            return Ok(());
        }
        let news = news.unwrap_or_default();
        let now = Now {
            id: "now",
            leader: &self.server,
            epoch,
            requests: news.changed.iter().take(TOLD).map(RequestView::of).collect(),
            alerts: news.alerts.iter().take(TOLD).map(AlertView::of).collect(),
        };
        let json = Bytes::from(serde_json::to_vec(&now).unwrap_or_default());
        // Rooms of a large request may not fit an event: then the value alone tells.
        self.live.put("rooms/now", json.clone(), None).await?;
        if json.len() < 32 << 10 {
            self.live.publish("rooms", json).await?;
        }
        Ok(())
    }

    pub(crate) async fn run(mut self, end: CancellationToken) {
        while end.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Err(error) = self.once().await {
                tracing::debug!(error = %error, "nobody could be told live");
            }
        }
    }
}
