//! What is noted on the way and written or told a moment later, because nothing depends on it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::model::{Alert, Record};
use crate::store::notes::{Timing, TimingKind};

/// Response times that wait to be written, at most; more are not noted.
const MOST_TIMINGS: usize = 50_000;
/// Of what changed, the newest are told.
const MOST_CHANGED: usize = 50;

/// Clones share what waits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    timings: Vec<Timing>,
    changed: VecDeque<Record>,
    alerts: VecDeque<Alert>,
    news: bool,
}

/// What people are told live.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Newest first.
    pub(crate) changed: Vec<Record>,
    /// Newest first.
    pub(crate) alerts: Vec<Alert>,
}

impl Notes {
    /// How long an answer took.
    pub(crate) fn time(&self, kind: TimingKind, took: Duration) {
        self.with(|waiting| {
            if waiting.timings.len() < MOST_TIMINGS {
                waiting.timings.push(Timing { kind, micros: i64::try_from(took.as_micros()).unwrap_or(i64::MAX) });
            }
        });
    }

    /// Requests and what is alerted.
    pub(crate) fn changed(&self, changed: Vec<Record>, alerts: &[Alert]) {
        self.with(|waiting| {
            waiting.news |= !changed.is_empty() || !alerts.is_empty();
            for record in changed {
                waiting.changed.retain(|known| known.id != record.id);
                waiting.changed.push_front(record);
                waiting.changed.truncate(MOST_CHANGED);
            }
            for alert in alerts {
                waiting.alerts.push_front(alert.clone());
                waiting.alerts.truncate(MOST_CHANGED);
            }
        });
    }

    /// The response times that wait; they wait no longer.
    pub(crate) fn take_timings(&self, most: usize) -> Vec<Timing> {
        self.with(|waiting| {
            let rest = waiting.timings.split_off(waiting.timings.len().min(most));
            std::mem::replace(&mut waiting.timings, rest)
        })
    }

    /// The newest of everything, if something came since the last call.
    pub(crate) fn news(&self) -> Option<News> {
        self.with(|waiting| {
            std::mem::take(&mut waiting.news).then(|| News {
                changed: waiting.changed.iter().cloned().collect(),
                alerts: waiting.alerts.iter().cloned().collect(),
            })
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Waiting) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
