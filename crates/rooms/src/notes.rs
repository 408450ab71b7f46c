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

/// How many there were and how long they took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) count: i64,
    pub(crate) sum_us: i64,
    pub(crate) most_us: i64,
}

impl Tally {
    /// With another one.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum_us: self.sum_us + other.sum_us,
            most_us: self.most_us.max(other.most_us),
        }
    }
}

/// What happened in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tallied {
    pub(crate) proposals: Tally,
    pub(crate) resolutions: Tally,
    pub(crate) refused: i64,
}

#[derive(Debug, Default)]
struct Waiting {
    timings: Vec<Timing>,
    tallied: Tallied,
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
        let micros = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
        self.with(|waiting| {
            let tally = match kind {
                TimingKind::Proposal => &mut waiting.tallied.proposals,
                TimingKind::Resolution => &mut waiting.tallied.resolutions,
            };
            *tally = tally.plus(Tally { count: 1, sum_us: micros, most_us: micros });
            if waiting.timings.len() < MOST_TIMINGS {
                waiting.timings.push(Timing { kind, micros });
            }
        });
    }

    /// So many connections were refused.
    pub(crate) fn refused(&self, count: usize) {
        self.with(|waiting| waiting.tallied.refused += i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// What happened since the last call.
    pub(crate) fn take_tallied(&self) -> Tallied {
        self.with(|waiting| std::mem::take(&mut waiting.tallied))
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
