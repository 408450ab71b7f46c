//! The present items of a topic.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

/// One item of a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Whose it is: the user's id; `None` is for whoever may see the topic.
    pub owner: Option<String>,
    /// What subscribers get.
    pub value: Value,
}

/// The items of a topic, each with the version at which it last changed. Versions rise and are never reused.
#[derive(Debug, Default)]
pub struct Board {
    state: Mutex<State>,
    version: watch::Sender<u64>,
}

/// What happened on a board after some version.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The board's version now.
    pub version: u64,
    /// `items` is everything there is, since something went; otherwise only what changed.
    pub whole: bool,
    /// The items.
    pub items: Vec<Value>,
}

#[derive(Debug, Default)]
struct State {
    version: u64,
    /// The version at which an item last went.
    shrunk: u64,
    items: BTreeMap<String, (u64, Item)>,
}

impl Board {
    /// How to learn of changes; the feed rests while nobody holds one.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Whether somebody watches.
    pub fn watched(&self) -> bool {
        self.version.receiver_count() > 0
    }

    /// Sets one item, if it differs.
    pub fn set(&self, key: &str, item: Item) {
        self.change(|state| state.set(key, item));
    }

    /// Makes the board hold exactly `items`.
    pub fn replace(&self, items: Vec<(String, Item)>) {
        self.change(|state| {
            let before = state.items.len();
            let keys: std::collections::BTreeSet<_> = items.iter().map(|(key, _)| key.clone()).collect();
            state.items.retain(|key, _| keys.contains(key));
            if state.items.len() != before {
                state.version += 1;
                state.shrunk = state.version;
            }
            for (key, item) in items {
                state.set(&key, item);
            }
        });
    }

    /// What happened after `since`, among the items that `may_see` lets through.
    pub fn changed(&self, since: u64, may_see: impl Fn(&Item) -> bool) -> Change {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = since == 0 || state.shrunk > since;
        let items = state.items.values().filter(|(version, item)| (whole || *version > since) && may_see(item));
        Change { version: state.version, whole, items: items.map(|(_, item)| item.value.clone()).collect() }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.version;
        change(&mut state);
        if state.version != before {
            self.version.send_replace(state.version);
        }
    }
}

impl State {
    fn set(&mut self, key: &str, item: Item) {
        if self.items.get(key).is_some_and(|(_, known)| *known == item) {
            return;
        }
        self.version += 1;
        self.items.insert(key.to_owned(), (self.version, item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(owner: &str, value: u64) -> Item {
        Item { owner: Some(owner.to_owned()), value: value.into() }
    }

    #[test]
    fn a_watcher_gets_each_change_once_and_only_its_own() {
        let board = Board::default();
        board.set("a", item("ana", 1));
        board.set("b", item("luis", 2));
        let anas = |item: &Item| item.owner.as_deref() == Some("ana");
        let first = board.changed(0, anas);
        assert_eq!((first.whole, first.items), (true, vec![Value::from(1)]));
        board.set("a", item("ana", 1));
        let none = board.changed(first.version, anas);
        assert_eq!((none.version, none.items), (first.version, vec![]), "the same again is no change");
        board.set("a", item("ana", 3));
        let later = board.changed(first.version, anas);
        assert_eq!((later.whole, later.items), (false, vec![Value::from(3)]));
    }

    #[test]
    fn what_is_gone_wakes_watchers_and_they_get_the_whole() {
        let board = Board::default();
        board.set("a", item("ana", 1));
        board.set("b", item("ana", 2));
        let before = board.changed(0, |_| true).version;
        let mut watch = board.watch();
        watch.mark_unchanged();
        board.replace(vec![("b".to_owned(), item("ana", 2))]);
        assert!(watch.has_changed().expect("the board lives"));
        let change = board.changed(before, |_| true);
        assert_eq!((change.whole, change.items), (true, vec![Value::from(2)]));
    }
}
