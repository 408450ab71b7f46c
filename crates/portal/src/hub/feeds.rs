//! What keeps the boards equal to their sources.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kernel::clock::{Clock, Timestamp};
use kernel::control::{Command, Reply, ask};
use kernel::live::Live;
use serde_json::{Value, json};

use super::board::{Board, Item};
use super::figures::Figures;

/// How often the orchestrator is asked while somebody watches: a replica's death is to be seen within a second.
const SERVICES_EVERY: Duration = Duration::from_millis(400);
/// How often live state is read whole, so that what expired goes and what was missed comes.
const LIVE_EVERY: Duration = Duration::from_secs(2);
/// How often a resting feed looks whether somebody watches.
const REST: Duration = Duration::from_millis(200);

/// Follows the orchestrator. While it is dead the last value stays.
pub(super) async fn services(control: PathBuf, board: Arc<Board>) {
    loop {
        if !board.watched() {
            tokio::time::sleep(REST).await;
            continue;
        }
        match ask(&control, &Command::Status, Duration::from_secs(2)).await {
            Ok(Reply::Status(status)) => {
                if let Ok(value) = serde_json::to_value(&*status) {
                    board.set("status", Item { owner: None, value });
                }
            }
            Ok(other) => tracing::warn!(reply = ?other, "the orchestrator gave no status"),
            Err(error) => tracing::debug!(error = %error, "the orchestrator could not be asked"),
        }
        tokio::time::sleep(SERVICES_EVERY).await;
    }
}

/// How a topic's live state becomes items: its values (by key) and its events.
#[derive(Clone, Copy)]
pub(super) enum Topic {
    /// Values are transfers; events are `{user, transfer}`.
    Transfers,
    /// Values are sightings, keyed by user; events are presences.
    Presence,
    /// One value, and events that are the same: who leads, the newest requests and alerts.
    Rooms,
    /// Values and events are the same: targets, open alerts, and who leads.
    Backups,
}

impl Topic {
    const fn name(self) -> &'static str {
        match self {
            Self::Transfers => "transfers",
            Self::Presence => "presence",
            Self::Rooms => "rooms",
            Self::Backups => "backups",
        }
    }

    fn event(self, json: &[u8]) -> Option<(String, Item)> {
        let mut event: Value = serde_json::from_slice(json).ok()?;
        match self {
            Self::Transfers => transfer(event["transfer"].take()),
            Self::Presence => {
                let user = event["user"].as_str()?.to_owned();
                Some((user.clone(), Item { owner: Some(user), value: event }))
            }
            Self::Rooms | Self::Backups => everybodys(event),
        }
    }

    fn value(self, key: &str, json: &[u8], now: Timestamp) -> Option<(String, Item)> {
        let value: Value = serde_json::from_slice(json).ok()?;
        match self {
            Self::Transfers => transfer(value),
            Self::Presence => {
                let user = key.rsplit('/').next()?.to_owned();
                let until: Timestamp = serde_json::from_value(value["online_until"].clone()).ok()?;
                let (state, since) = match (now <= until, value["transferring"].as_bool()?) {
                    (true, true) => ("transferring", &value["since"]),
                    (true, false) => ("online", &value["since"]),
                    (false, _) => ("disconnected", &value["seen"]),
                };
                let shown = json!({ "user": user, "user_name": value["user_name"], "state": state, "since": since });
                Some((user.clone(), Item { owner: Some(user), value: shown }))
            }
            Self::Rooms | Self::Backups => everybodys(value),
        }
    }
}

fn transfer(value: Value) -> Option<(String, Item)> {
    let (id, user) = (value["id"].as_str()?.to_owned(), value["user"].as_str()?.to_owned());
    Some((id, Item { owner: Some(user), value }))
}

fn everybodys(value: Value) -> Option<(String, Item)> {
    let id = value["id"].as_str()?.to_owned();
    Some((id, Item { owner: None, value }))
}

/// Follows a topic's live state and events.
pub(super) async fn live(topic: Topic, live: Arc<dyn Live>, clock: Arc<dyn Clock>, board: Arc<Board>) {
    let name = topic.name();
    loop {
        if !board.watched() {
            tokio::time::sleep(REST).await;
            continue;
        }
        let mut events = match live.subscribe(name).await {
            Ok(events) => events,
            Err(error) => {
                tracing::warn!(error = %error, topic = name, "live events could not be followed");
                tokio::time::sleep(LIVE_EVERY).await;
                continue;
            }
        };
        let mut whole = tokio::time::interval(LIVE_EVERY);
        while board.watched() {
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => {
                        if let Some((key, item)) = topic.event(&event.payload) {
                            board.set(&key, item);
                        }
                    }
                    None => break,
                },
                _ = whole.tick() => match live.scan(&format!("{name}/")).await {
                    Ok(found) => {
                        let now = clock.now();
                        board.replace(found.iter().filter_map(|(key, json)| topic.value(key, json, now)).collect());
                    }
                    Err(error) => tracing::warn!(error = %error, topic = name, "live state could not be read"),
                },
            }
        }
    }
}

/// Follows the figures of grades: what is told on the channel, and every value whole now and then.
pub(super) async fn grades(live: Arc<dyn Live>, figures: Arc<Figures>) {
    let learn = |json: &[u8]| match serde_json::from_slice(json) {
        Ok(told) => figures.learn(told),
        Err(error) => tracing::warn!(error = %error, "figures of grades could not be read"),
    };
    loop {
        if !figures.watched() {
            tokio::time::sleep(REST).await;
            continue;
        }
        let mut events = match live.subscribe("grades").await {
            Ok(events) => events,
            Err(error) => {
                tracing::warn!(error = %error, topic = "grades", "live events could not be followed");
                tokio::time::sleep(LIVE_EVERY).await;
                continue;
            }
        };
        let mut whole = tokio::time::interval(LIVE_EVERY);
        while figures.watched() {
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => learn(&event.payload),
                    None => break,
                },
                _ = whole.tick() => match live.scan("grades/").await {
                    Ok(found) => found.iter().for_each(|(_, json)| learn(json)),
                    Err(error) => tracing::warn!(error = %error, topic = "grades", "live state could not be read"),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_events_of_a_topic_become_the_same_items() {
        let one = json!({ "id": "t1", "user": "u1", "offset": 5 });
        let event = json!({ "user": "u1", "transfer": one });
        let seen = Topic::Transfers.event(event.to_string().as_bytes());
        assert_eq!(seen, Topic::Transfers.value("transfers/t1", one.to_string().as_bytes(), Timestamp::default()));
        assert_eq!(seen.map(|(key, item)| (key, item.owner)), Some(("t1".to_owned(), Some("u1".to_owned()))));
        assert_eq!(Topic::Transfers.event(b"nonsense"), None);
    }

    #[test]
    fn what_rooms_tell_is_for_whoever_may_see_the_topic() {
        let now = json!({ "id": "now", "leader": "rooms-server-1", "requests": [] });
        let seen = Topic::Rooms.event(now.to_string().as_bytes());
        assert_eq!(seen, Topic::Rooms.value("rooms/now", now.to_string().as_bytes(), Timestamp::default()));
        assert_eq!(seen.map(|(key, item)| (key, item.owner)), Some(("now".to_owned(), None)));
    }

    #[test]
    fn what_backups_tell_is_an_item_each_by_its_id() {
        let one = json!({ "id": "target:t1", "kind": "target", "failures": 0 });
        let seen = Topic::Backups.event(one.to_string().as_bytes());
        assert_eq!(seen, Topic::Backups.value("backups/target:t1", one.to_string().as_bytes(), Timestamp::default()));
        assert_eq!(seen.map(|(key, item)| (key, item.owner)), Some(("target:t1".to_owned(), None)));
        assert_eq!(Topic::Backups.event(b"{}"), None);
    }

    #[test]
    fn a_sighting_counts_until_it_says() {
        let (since, until) = (Timestamp::from_micros(1_000_000), Timestamp::from_micros(9_000_000));
        let sighting =
            json!({ "user_name": "ana", "transferring": true, "since": since, "seen": since, "online_until": until });
        let state = |now| {
            let (key, item) = Topic::Presence.value("presence/u1", sighting.to_string().as_bytes(), now)?;
            Some((key, item.value["state"].as_str()?.to_owned()))
        };
        assert_eq!(state(since), Some(("u1".to_owned(), "transferring".to_owned())));
        assert_eq!(state(Timestamp::from_micros(9_000_001)), Some(("u1".to_owned(), "disconnected".to_owned())));
    }
}
