//! When a replica that ended is started again.

use std::time::Duration;

/// The second start in a row waits this long.
const FIRST: Duration = Duration::from_millis(100);
/// No start waits longer.
const LONGEST: Duration = Duration::from_secs(30);
/// A process that lived this long in health begins anew.
const HEALTHY: Duration = Duration::from_secs(60);

/// At once, then 100 ms doubling to 30 s; at once again after 60 s of health.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    /// How long to wait before the next start of a replica whose process was healthy for `healthy`.
    pub(crate) fn after(&mut self, healthy: Duration) -> Duration {
        if healthy >= HEALTHY {
            self.next = Duration::ZERO;
        }
        let wait = self.next;
        self.next = if wait.is_zero() { FIRST } else { (wait * 2).min(LONGEST) };
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_thirty_seconds_and_health_forgives() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..12).map(|_| backoff.after(Duration::ZERO).as_millis()).collect();
        assert_eq!(waits, [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
        assert_eq!(backoff.after(Duration::from_secs(59)).as_millis(), 30_000);
        assert_eq!(backoff.after(Duration::from_secs(60)).as_millis(), 0);
        assert_eq!(backoff.after(Duration::ZERO).as_millis(), 100);
    }
}
