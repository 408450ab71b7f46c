//! What is noted on the way and written or told a moment later, because nothing depends on it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::model::{Alert, Record};
use crate::store::notes::{Timing, TimingKind};

/// Response times that differ by less than one part in so many are alike, and are kept as one with their mean: thousands a
/// second are then a few hundred rows.
const ALIKE: u32 = 64;
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
    /// By kind and class: how many, and how long they took together.
    timings: BTreeMap<(TimingKind, u64), (i64, i64)>,
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
            let (count, sum) = waiting.timings.entry((kind, class(micros))).or_default();
            *count += 1;
            *sum += micros;
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
            let more_than_told = changed.len().saturating_sub(MOST_CHANGED);
            for record in changed.into_iter().skip(more_than_told) {
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
    pub(crate) fn take_timings(&self) -> Vec<Timing> {
        let taken = self.with(|waiting| std::mem::take(&mut waiting.timings));
        taken.into_iter().map(|((kind, _), (alike, sum))| Timing { kind, micros: sum / alike, alike }).collect()
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

/// The same for times that are alike: the highest bits of a number and how many follow.
fn class(micros: i64) -> u64 {
    let micros = u64::try_from(micros).unwrap_or(0);
    let dropped = (u64::BITS - micros.leading_zeros()).saturating_sub(ALIKE.ilog2() + 1);
    u64::from(dropped) << 32 | micros >> dropped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_are_alike_are_one_row_and_none_is_lost() {
        let notes = Notes::default();
        let all = (1_i64..40).map(|step| step * step * step * 7);
        let mut sum = 0;
        for micros in all.clone().chain(all.map(|micros| micros + micros / 1_000)) {
            sum += micros;
            notes.time(TimingKind::Proposal, Duration::from_micros(micros.unsigned_abs()));
        }
        notes.time(TimingKind::Resolution, Duration::from_micros(7));
        let taken = notes.take_timings();
        assert_eq!(taken.last(), Some(&Timing { kind: TimingKind::Resolution, micros: 7, alike: 1 }));
        let proposals = &taken[..taken.len() - 1];
        assert_eq!(proposals.iter().map(|one| one.alike).sum::<i64>(), 78);
        assert!(proposals.len() < 60, "{} rows", proposals.len());
        let kept: i64 = proposals.iter().map(|one| one.micros * one.alike).sum();
        assert!((sum - kept).abs() <= 78, "{sum} and {kept}");
        assert!(proposals.iter().any(|one| (1..=8).contains(&one.micros)), "short ones are exact: {proposals:?}");
        assert_eq!(notes.take_timings(), []);
    }

    #[test]
    fn a_class_is_narrow() {
        for micros in [1_i64, 63, 64, 100, 1_000, 12_345, 7_654_321, i64::MAX / 128] {
            assert_ne!(class(micros), class(micros + micros / 32 + 1), "{micros}: a thirtieth more is another class");
        }
        assert_ne!(class(63), class(64));
        assert_eq!(class(-1), class(0));
    }
}
