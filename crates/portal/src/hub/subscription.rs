//! What a socket follows: a topic with its parameters, and what of it the socket has had.

use std::sync::Arc;
use std::time::Duration;

use api::auth::{Caller, UserRole};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Hub;
use super::board::{Board, Item};
use super::figures::{Figure, Figures, Group};

/// Between two lists of the newest grades: fifty of them, ten times a second, nobody can read.
const RECENT_EVERY: Duration = Duration::from_millis(250);

/// What a client asks to follow, or to follow no longer.
#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    topic: String,
    #[serde(default)]
    params: Value,
}

/// Which subscription of a socket it is: asking for the same again begins it anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(String);

impl Ask {
    /// The same for whoever asks for the same.
    pub(super) fn key(&self) -> Key {
        match self.topic.as_str() {
            "grades.count" => Key(format!("{} {}", self.topic, self.params)),
            topic => Key(topic.to_owned()),
        }
    }
}

/// What is sent.
#[derive(Serialize)]
pub(super) struct Event<'a> {
    topic: &'a str,
    params: &'a Value,
    seq: u64,
    data: Data,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data {
    Value(Value),
    Written(Arc<RawValue>),
}

/// What one socket follows.
pub(super) struct Subscription {
    topic: String,
    params: Value,
    source: Source,
    changes: watch::Receiver<u64>,
    seen: u64,
    seq: u64,
    pause: Duration,
    sent: Option<Instant>,
}

enum Source {
    /// The items of a board.
    List(Arc<Board>),
    /// The only item of a board.
    Single(Arc<Board>),
    /// A figure of grades.
    Figure(Arc<Figures>, Figure),
}

impl Subscription {
    /// What `caller` asks for.
    ///
    /// # Errors
    /// A code for the client: `forbidden`, `invalid` or `unknown_topic`.
    pub(super) fn open(hub: &Hub, caller: &Caller, ask: Ask) -> Result<Self, &'static str> {
        let staff = matches!(caller.role, UserRole::Admin | UserRole::Staff);
        let source = match ask.topic.as_str() {
            "services" if staff => Source::Single(Arc::clone(&hub.services)),
            "rooms" if staff => Source::Single(Arc::clone(&hub.rooms)),
            "grades.recent" if staff => Source::Figure(Arc::clone(&hub.grades), Figure::Recent),
            "backups" if staff => Source::List(Arc::clone(&hub.backups)),
            "services" | "rooms" | "backups" | "grades.recent" => return Err("forbidden"),
            "transfers" => Source::List(Arc::clone(&hub.transfers)),
            "presence" => Source::List(Arc::clone(&hub.presence)),
            "grades.total" => Source::Figure(Arc::clone(&hub.grades), Figure::Total),
            "grades.count" => {
                let group = Group::deserialize(&ask.params).map_err(|_| "invalid")?;
                Source::Figure(Arc::clone(&hub.grades), Figure::Count(group))
            }
            _ => return Err("unknown_topic"),
        };
        let changes = match &source {
            Source::List(board) | Source::Single(board) => board.watch(),
            Source::Figure(figures, _) => figures.watch(),
        };
        let recent = matches!(source, Source::Figure(_, Figure::Recent));
        let pause = if recent { RECENT_EVERY } else { Duration::ZERO };
        Ok(Self { topic: ask.topic, params: ask.params, source, changes, seen: 0, seq: 0, pause, sent: None })
    }

    /// What there is to send now: at first what is known, then what changed.
    pub(super) fn next(&mut self, caller: &Caller, now: Instant) -> Option<Event<'_>> {
        let early = self.sent.is_some_and(|sent| now.saturating_duration_since(sent) < self.pause);
        let unchanged = self.sent.is_some() && !self.changes.has_changed().unwrap_or(false);
        if early || unchanged {
            return None;
        }
        self.changes.mark_unchanged();
        let data = self.data(caller)?;
        self.sent = Some(now);
        self.seq += 1;
        Some(Event { topic: &self.topic, params: &self.params, seq: self.seq, data })
    }

    fn data(&mut self, caller: &Caller) -> Option<Data> {
        let me = caller.user.to_string();
        let all = caller.role == UserRole::Admin;
        let may_see = |item: &Item| all || item.owner.as_ref().is_none_or(|owner| *owner == me);
        match &self.source {
            Source::Figure(figures, figure) => {
                let (stamp, json) = figures.changed(figure, self.seen)?;
                self.seen = stamp;
                Some(Data::Written(json))
            }
            Source::Single(board) => {
                let mut change = board.changed(self.seen, may_see);
                self.seen = change.version;
                change.items.pop().map(Data::Value)
            }
            Source::List(board) => {
                let change = board.changed(self.seen, may_see);
                self.seen = change.version;
                if change.whole || self.seq == 0 {
                    Some(Data::Value(json!({ "items": change.items })))
                } else {
                    (!change.items.is_empty()).then(|| Data::Value(json!({ "changed": change.items })))
                }
            }
        }
    }
}
