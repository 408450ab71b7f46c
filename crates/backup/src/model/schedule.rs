//! When a target's next attempt is due.

use std::time::Duration;

use kernel::clock::Timestamp;

/// From one try to reach a node that does not answer to the next: doubled from the first to the last, so that a node that is
/// back is backed up within seconds. Longer than a try itself may take.
const PROBE_FIRST: Duration = Duration::from_secs(1);
const PROBE_LAST: Duration = Duration::from_secs(6);
/// Between two attempts that the node answered and that failed.
const RETRY_FIRST: Duration = Duration::from_secs(60);
/// Of an interval, what may be added by chance.
const JITTER_PARTS: u32 = 20;
/// The most that is added by chance.
pub(crate) const JITTER_MOST: Duration = Duration::from_secs(120);

/// After a backup that began at `now`, or that found nothing new. `chance` spreads nodes that were registered together.
pub(crate) fn after_success(now: Timestamp, every: Duration, chance: u8) -> Timestamp {
    let jitter = (every / JITTER_PARTS).min(JITTER_MOST);
    now.plus(every + jitter * u32::from(chance) / 255)
}

/// After the node was called at `called` and did not answer, for the `failures`th time in a row.
pub(crate) fn after_silence(called: Timestamp, failures: u32) -> Timestamp {
    called.plus(doubled(PROBE_FIRST, failures).min(PROBE_LAST))
}

/// After an attempt failed on a node that answered: soon, then less often, at the latest with the next interval.
pub(crate) fn after_failure(now: Timestamp, every: Duration, failures: u32) -> Timestamp {
    now.plus(doubled(RETRY_FIRST, failures).min(every))
}

fn doubled(first: Duration, failures: u32) -> Duration {
    first * 2_u32.saturating_pow(failures.saturating_sub(1).min(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_node_that_is_back_is_noticed_within_ten_seconds_and_failures_are_not_hammered() {
        let now = Timestamp::from_micros(0);
        let silence: Vec<u64> = (1..7).map(|failures| after_silence(now, failures).since(now).as_secs()).collect();
        assert_eq!(silence, [1, 2, 4, 6, 6, 6]);
        let failure: Vec<u64> =
            (1..9).map(|failures| after_failure(now, HOUR, failures).since(now).as_secs()).collect();
        assert_eq!(failure, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(after_silence(now, u32::MAX), now.plus(PROBE_LAST));
    }

    #[test]
    fn chance_adds_a_twentieth_at_most() {
        let now = Timestamp::from_micros(0);
        assert_eq!(after_success(now, HOUR, 0), now.plus(HOUR));
        assert_eq!(after_success(now, Duration::from_secs(1200), 255), now.plus(Duration::from_secs(1260)));
        assert_eq!(after_success(now, HOUR * 24, 255), now.plus(HOUR * 24 + JITTER_MOST));
    }
}
