//! Ending a download on order, wherever it runs: here at once, elsewhere through Live.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use serde::{Deserialize, Serialize};

use crate::tracker::{Order, Tracker};

/// The Live channel between replicas.
const CHANNEL: &str = "files/downloads";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Message {
    transfer: String,
    order: Order,
}

/// What ends downloads.
pub(crate) struct Cutter {
    live: Arc<dyn Live>,
    tracker: Arc<Tracker>,
}

impl Cutter {
    /// One for the transfers of `tracker`.
    #[must_use]
    pub(crate) fn new(live: Arc<dyn Live>, tracker: Arc<Tracker>) -> Arc<Self> {
        Arc::new(Self { live, tracker })
    }

    /// Orders a download to stop. Whoever sends it hears it within a moment; with Live away only this process does.
    pub(crate) async fn cut(&self, transfer: &str, order: Order) {
        if self.tracker.cut(transfer, order).is_some() {
            return;
        }
        let message = Message { transfer: transfer.to_owned(), order };
        let payload = Bytes::from(serde_json::to_vec(&message).unwrap_or_default());
        drop(tokio::time::timeout(Duration::from_millis(500), self.live.publish(CHANNEL, payload)).await);
    }

    /// Obeys orders from other replicas until the lifecycle ends.
    pub(crate) async fn listen(self: Arc<Self>, lifecycle: Lifecycle) {
        let listening = async {
            loop {
                if let Ok(mut events) = self.live.subscribe(CHANNEL).await {
                    while let Some(event) = events.next().await {
                        if let Ok(message) = serde_json::from_slice::<Message>(&event.payload) {
                            self.tracker.cut(&message.transfer, message.order);
                        }
                    }
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        tokio::select! {
            () = lifecycle.hard().cancelled() => {}
            () = listening => {}
        }
    }
}
