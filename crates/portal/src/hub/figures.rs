//! The live figures of grades: how many there are, in all and by group, and the newest.
//!
//! Each is told as a whole with the version of the records it was read at, never as a difference, so that what comes
//! late, twice or not at all does no harm: a higher version wins.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::watch;

/// The grades of a course in a semester of a year.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The course.
    pub curso: String,
    /// `1S` or `2S`.
    pub semestre: String,
    /// The year.
    pub year: i64,
}

/// One of the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figure {
    /// How many grades there are: `{count}`.
    Total,
    /// The newest, newest first: `{items}`.
    Recent,
    /// How many a group has: `{count}`.
    Count(Group),
}

/// What is told on the channel `grades`, and kept under `grades/`: some of the figures, as of a version.
#[derive(Debug, Deserialize)]
pub struct Told {
    version: i64,
    total: Option<u64>,
    #[serde(default)]
    counts: Vec<Counted>,
    recent: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    curso: String,
    semestre: String,
    year: i64,
    count: u64,
}

/// The figures as last told. What subscribers get is written as JSON once, however many they are.
#[derive(Debug, Default)]
pub struct Figures {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts what changed here.
    stamp: u64,
    total: Option<Cell>,
    recent: Option<Cell>,
    counts: HashMap<Group, Cell>,
}

#[derive(Debug, Clone)]
struct Cell {
    /// Of the records.
    version: i64,
    stamp: u64,
    json: Arc<RawValue>,
}

impl Figures {
    /// How to learn of changes; the feed rests while nobody holds one.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether somebody watches.
    pub fn watched(&self) -> bool {
        self.changes.receiver_count() > 0
    }

    /// Takes over what is newer than what is known.
    pub fn learn(&self, told: Told) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.stamp;
        let stamp = before + 1;
        let mut changed = false;
        let State { total, recent, counts, .. } = &mut *state;
        let version = told.version;
        if let Some(count) = told.total {
            changed |= replace(total, version, stamp, count_json(count));
        }
        if let Some(items) = told.recent {
            changed |= replace(recent, version, stamp, to_raw_value(&Items { items: &items }));
        }
        for Counted { curso, semestre, year, count } in told.counts {
            let group = Group { curso, semestre, year };
            let mut cell = counts.remove(&group);
            changed |= replace(&mut cell, version, stamp, count_json(count));
            counts.extend(cell.map(|cell| (group, cell)));
        }
        if changed {
            state.stamp = stamp;
            self.changes.send_replace(stamp);
        }
    }

    /// A figure, if it changed after `since`, with the stamp to ask with next time. A group nobody has told of has no
    /// grades, once anything was told.
    pub fn changed(&self, figure: &Figure, since: u64) -> Option<(u64, Arc<RawValue>)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = match figure {
            Figure::Total => state.total.as_ref(),
            Figure::Recent => state.recent.as_ref(),
            Figure::Count(group) => state.counts.get(group),
        };
        match (cell, figure) {
            (Some(cell), _) => (cell.stamp > since).then(|| (cell.stamp, Arc::clone(&cell.json))),
            (None, Figure::Count(_)) if state.total.is_some() && since == 0 => {
                let none = count_json(0).ok()?;
                Some((state.stamp, none.into()))
            }
            (None, _) => None,
        }
    }
}

#[derive(serde::Serialize)]
struct Items<'a> {
    items: &'a RawValue,
}

#[derive(serde::Serialize)]
struct Count {
    count: u64,
}

fn count_json(count: u64) -> serde_json::Result<Box<RawValue>> {
    to_raw_value(&Count { count })
}

/// Puts a newer figure in its place; whether subscribers see a difference.
fn replace(place: &mut Option<Cell>, version: i64, stamp: u64, json: serde_json::Result<Box<RawValue>>) -> bool {
    let Ok(json) = json else { return false };
    match place {
        Some(known) if known.version > version => false,
        Some(known) if known.json.get() == json.get() => {
            known.version = version;
            false
        }
        _ => {
            *place = Some(Cell { version, stamp, json: json.into() });
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(value: &Value) -> Told {
        serde_json::from_str(&value.to_string()).expect("is told so")
    }

    fn seen(figures: &Figures, figure: &Figure, since: u64) -> Option<Value> {
        figures.changed(figure, since).map(|(_, json)| serde_json::from_str(json.get()).expect("JSON"))
    }

    fn group(curso: &str) -> Figure {
        Figure::Count(Group { curso: curso.to_owned(), semestre: "1S".to_owned(), year: 2023 })
    }

    #[test]
    fn the_highest_version_wins_whatever_the_order() {
        let figures = Figures::default();
        figures.learn(told(&json!({ "version": 5, "total": 5, "recent": [{ "carnet": 1 }] })));
        figures.learn(told(&json!({ "version": 4, "total": 4, "recent": [] })));
        assert_eq!(seen(&figures, &Figure::Total, 0), Some(json!({ "count": 5 })));
        assert_eq!(seen(&figures, &Figure::Recent, 0), Some(json!({ "items": [{ "carnet": 1 }] })));
        figures.learn(told(&json!({ "version": 6, "total": 6 })));
        assert_eq!(seen(&figures, &Figure::Total, 0), Some(json!({ "count": 6 })));
    }

    #[test]
    fn a_group_changes_alone_and_one_without_grades_has_none() {
        let figures = Figures::default();
        assert_eq!(seen(&figures, &group("SO1"), 0), None, "nothing was told yet");
        let counts = json!([{ "curso": "SO1", "semestre": "1S", "year": 2023, "count": 7 }]);
        figures.learn(told(&json!({ "version": 7, "total": 7, "counts": counts })));
        assert_eq!(seen(&figures, &group("SO1"), 0), Some(json!({ "count": 7 })));
        let (stamp, none) = figures.changed(&group("SA"), 0).expect("is known to have none");
        assert_eq!(none.get(), r#"{"count":0}"#);
        figures.learn(told(&json!({ "version": 8, "total": 8 })));
        assert_eq!(seen(&figures, &group("SO1"), stamp), None, "the total changed, the group did not");
        assert_eq!(seen(&figures, &group("SA"), stamp), None, "and none is said once");
        let counts = json!([{ "curso": "SA", "semestre": "1S", "year": 2023, "count": 1 }]);
        figures.learn(told(&json!({ "version": 9, "counts": counts })));
        assert_eq!(seen(&figures, &group("SA"), stamp), Some(json!({ "count": 1 })));
    }

    #[test]
    fn the_same_again_wakes_nobody() {
        let figures = Figures::default();
        let mut watch = figures.watch();
        figures.learn(told(&json!({ "version": 1, "total": 1 })));
        watch.mark_unchanged();
        figures.learn(told(&json!({ "version": 2, "total": 1 })));
        assert!(!watch.has_changed().expect("the figures live"));
        figures.learn(told(&json!({ "version": 3, "total": 2 })));
        assert!(watch.has_changed().expect("the figures live"));
    }
}
