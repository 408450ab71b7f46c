//! Who is there.

use std::time::Duration;

use kernel::clock::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The Live channel that carries [`Presence`] values as they change.
pub const CHANNEL: &str = "presence";
/// Where the Live keys of sightings begin; the user's id follows.
pub const PREFIX: &str = "presence/";
/// How long after their last request a user counts as online.
pub const ONLINE_FOR: Duration = Duration::from_secs(45);
/// How long a user who left is remembered.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(900);

/// What a user is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PresenceState {
    /// They asked for something a moment ago.
    Online,
    /// Bytes of theirs move.
    Transferring,
    /// They were there, or left an upload unfinished.
    Disconnected,
}

/// A user and what they are doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Presence {
    /// The user's id.
    pub user: String,
    /// What the user is called.
    pub user_name: String,
    /// What they are doing.
    pub state: PresenceState,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// What replicas remember of a user in Live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// What the user is called.
    pub user_name: String,
    /// Whether a transfer of theirs ran then.
    pub transferring: bool,
    /// Since when they were online or transferring without a break.
    pub since: Timestamp,
    /// When they were last seen.
    pub seen: Timestamp,
    /// Until when they count as online: for readers that do not know for how long a sighting counts.
    pub online_until: Timestamp,
}

impl Sighting {
    /// What it means at `now`.
    #[must_use]
    pub fn presence(&self, user: &str, now: Timestamp) -> Presence {
        let fresh = now.since(self.seen) <= ONLINE_FOR;
        let state = match (fresh, self.transferring) {
            (true, true) => PresenceState::Transferring,
            (true, false) => PresenceState::Online,
            (false, _) => PresenceState::Disconnected,
        };
        let since = if fresh { self.since } else { self.seen };
        Presence { user: user.to_owned(), user_name: self.user_name.clone(), state, since }
    }

    /// The sighting after this one.
    #[must_use]
    pub fn next(before: Option<&Self>, user_name: &str, transferring: bool, now: Timestamp) -> Self {
        let unbroken = before.filter(|last| last.transferring == transferring && now.since(last.seen) <= ONLINE_FOR);
        Self {
            online_until: now.plus(ONLINE_FOR),
            user_name: user_name.to_owned(),
            transferring,
            since: unbroken.map_or(now, |last| last.since),
            seen: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_follows_what_was_seen() {
        let start = Timestamp::from_micros(0);
        let first = Sighting::next(None, "ana", false, start);
        let later = start.plus(Duration::from_secs(30));
        let second = Sighting::next(Some(&first), "ana", false, later);
        assert_eq!(second.presence("u", later).state, PresenceState::Online);
        assert_eq!(second.presence("u", later).since, start);
        let moving = Sighting::next(Some(&second), "ana", true, later);
        assert_eq!(moving.presence("u", later).state, PresenceState::Transferring);
        assert_eq!(moving.since, later);
        let gone = later.plus(Duration::from_secs(60));
        let left = moving.presence("u", gone);
        assert_eq!((left.state, left.since), (PresenceState::Disconnected, later));
    }
}
