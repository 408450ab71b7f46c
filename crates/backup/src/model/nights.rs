//! Which backup is rehearsed next, and when: values and rules, no I/O.

use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::id::Id;

const DAY: i64 = 86_400;
/// When nights begin, in seconds after the server's midnight.
const BEGIN: i64 = 2 * 3600;
/// Each path's turn comes within so many seconds of a night's beginning, by chance.
const SPREAD: i64 = 3600;
/// No rehearsal of a night begins later than so many seconds after its beginning.
const LASTS: i64 = 3 * 3600;
/// A backup that was proven is proven again after so long.
const AGAIN: Duration = Duration::from_secs(7 * 86_400);

/// The newest backup that is kept of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) target: Id,
    pub(crate) backup: Id,
    /// When a rehearsal of it last ended, whatever came of it.
    pub(crate) tried_at: Option<Timestamp>,
    /// When it was proven itself, if its last rehearsal did.
    pub(crate) proven_at: Option<Timestamp>,
    /// When any backup of the path was last proven.
    pub(crate) path_proven_at: Option<Timestamp>,
}

/// When the night began that it is now where clocks are `offset` seconds ahead of UTC, if it is night.
pub(crate) fn night(now: Timestamp, offset: i64) -> Option<Timestamp> {
    let after = (now.as_seconds() + offset - BEGIN).rem_euclid(DAY);
    (after < LASTS).then(|| Timestamp::from_micros((now.as_seconds() - after) * 1_000_000))
}

/// Which backup is to be rehearsed in the night that began at `begin`, if any: what was never proven first, then what was proven longest ago; each once a
/// night at most, and not before its path's turn.
pub(crate) fn next(begin: Timestamp, now: Timestamp, candidates: &[Candidate]) -> Option<&Candidate> {
    let turn = |candidate: &Candidate| begin.plus(Duration::from_secs(chance(candidate.target, begin)));
    let waits = |candidate: &&Candidate| {
        now >= turn(candidate)
            && candidate.tried_at.is_none_or(|tried| tried < begin)
            && candidate.proven_at.is_none_or(|proven| now.since(proven) >= AGAIN)
    };
    candidates.iter().filter(waits).min_by_key(|candidate| (candidate.path_proven_at, candidate.target))
}

/// Seconds after a night's beginning, the same whoever asks.
fn chance(target: Id, begin: Timestamp) -> u64 {
    let hash = blake3::hash(format!("{target} {}", begin.as_seconds()).as_bytes());
    let [first, second, ..] = *hash.as_bytes();
    u64::from(u16::from_le_bytes([first, second])) * SPREAD.unsigned_abs() / u64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::clock::ManualClock;
    use kernel::id::IdSource;

    use super::*;

    fn at(day: i64, hour: i64, minute: i64) -> Timestamp {
        Timestamp::from_micros((day * DAY + hour * 3600 + minute * 60) * 1_000_000)
    }

    fn candidates(count: usize) -> Vec<Candidate> {
        let ids = IdSource::seeded(Arc::new(ManualClock::at_micros(0)), 1);
        let one = || Candidate {
            target: ids.next(),
            backup: ids.next(),
            tried_at: None,
            proven_at: None,
            path_proven_at: None,
        };
        std::iter::repeat_with(one).take(count).collect()
    }

    #[test]
    fn nights_are_from_two_to_five() {
        assert_eq!(night(at(9, 1, 59), 0), None);
        assert_eq!(night(at(9, 2, 0), 0), Some(at(9, 2, 0)));
        assert_eq!(night(at(9, 4, 59), 0), Some(at(9, 2, 0)));
        assert_eq!(night(at(9, 5, 0), 0), None);
    }

    #[test]
    fn nights_are_those_of_the_place() {
        let guatemala = -6 * 3600;
        assert_eq!(night(at(9, 7, 59), guatemala), None, "a minute to two");
        assert_eq!(night(at(9, 10, 59), guatemala), Some(at(9, 8, 0)));
        let tokyo = 9 * 3600;
        assert_eq!(night(at(9, 18, 0), tokyo), Some(at(9, 17, 0)), "there it is the tenth");
    }

    #[test]
    fn turns_are_spread_over_an_hour_and_differ_from_night_to_night() {
        let all = candidates(200);
        let begun = |day, minute| {
            all.iter()
                .filter(|one| next(at(day, 2, 0), at(day, 2, minute), std::slice::from_ref(one)).is_some())
                .count()
        };
        assert!((60..140).contains(&begun(9, 30)), "half of them by half past two: {}", begun(9, 30));
        assert_eq!(begun(9, 60), 200, "all of them by three");
        let first = |day| all.iter().map(|one| chance(one.target, at(day, 2, 0))).collect::<Vec<_>>();
        assert_ne!(first(9), first(10));
    }

    #[test]
    fn what_was_never_proven_is_first_then_what_was_proven_longest_ago_and_each_once_a_night() {
        let mut all = candidates(3);
        all[0].path_proven_at = Some(at(8, 3, 0));
        all[1].path_proven_at = Some(at(7, 3, 0));
        let now = at(9, 3, 30);
        let mut order = Vec::new();
        while let Some(chosen) = next(at(9, 2, 0), now, &all).map(|chosen| chosen.backup) {
            order.push(chosen);
            all.iter_mut().filter(|one| one.backup == chosen).for_each(|one| one.tried_at = Some(now));
        }
        assert_eq!(order, [all[2].backup, all[1].backup, all[0].backup]);
        assert!(next(at(10, 2, 0), at(10, 3, 30), &all).is_some(), "what was tried and not proven is tried again");
        all.iter_mut().for_each(|one| one.proven_at = Some(now));
        assert_eq!(next(at(10, 2, 0), at(10, 3, 30), &all), None, "what is proven rests");
        assert!(next(at(16, 2, 0), at(16, 3, 30), &all).is_some(), "for a week");
    }
}
