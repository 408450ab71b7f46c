//! The PUB: every interval, and at once when the lead changes.

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Settings;
use crate::core::Standing;
use crate::message::Heartbeat;
use crate::wire::{Address, Publisher};

pub(super) async fn publish(
    publisher: Publisher,
    settings: &Settings,
    endpoint: Address,
    mut standing: watch::Receiver<Standing>,
    end: CancellationToken,
) {
    let mut ticks = tokio::time::interval(settings.heartbeat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seq = 0;
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = ticks.tick() => {}
            changed = standing.changed() => if changed.is_err() { return },
        }
        let now = standing.borrow_and_update().clone();
        seq += 1;
        let heartbeat = Heartbeat {
            server: settings.server.clone(),
            role: now.role,
            active: now.active,
            epoch: now.epoch,
            seq,
            endpoint: endpoint.to_string(),
        };
        if publisher.send(heartbeat.frames()).await.is_err() {
            return;
        }
    }
}
