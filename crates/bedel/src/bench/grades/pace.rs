//! When requests are due.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Hands out turns.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    length: Duration,
    /// Per second; `None`: whenever somebody asks.
    rate: Option<u32>,
    given: AtomicU64,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// Its number, from 0.
    pub(super) number: u64,
    /// When it is due; its time counts from then.
    pub(super) due: Instant,
}

impl Pace {
    /// Turns from `began` on for `length`.
    pub(super) const fn new(rate: Option<u32>, began: Instant, length: Duration) -> Self {
        Self { began, length, rate, given: AtomicU64::new(0) }
    }

    /// The next turn; `None` when there are no more. Before it is due, nothing must be sent.
    pub(super) fn next(&self) -> Option<Turn> {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let after = match self.rate {
            Some(rate) => {
                let rate = u64::from(rate);
                let part = Duration::from_nanos(number % rate * 1_000_000_000 / rate);
                Duration::from_secs(number / rate) + part
            }
            None => self.began.elapsed(),
        };
        (after < self.length).then(|| Turn { number, due: self.began + after })
    }

    /// When the last turn is over.
    pub(super) fn end(&self) -> Instant {
        self.began + self.length
    }

    /// Whether requests wait for the answers of others.
    pub(super) const fn is_closed(&self) -> bool {
        self.rate.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_exactly_over_hours() {
        let began = Instant::now();
        let pace = Pace::new(Some(3), began, Duration::from_secs(7_200));
        let due: Vec<Duration> = std::iter::from_fn(|| pace.next()).map(|turn| turn.due - began).collect();
        assert_eq!(due.len(), 3 * 7_200);
        assert_eq!(due[1], Duration::from_nanos(333_333_333));
        assert_eq!(due[3 * 7_199], Duration::from_secs(7_199), "nothing is lost by rounding");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_a_turn_is_due_when_it_is_asked_for() {
        let began = Instant::now();
        let pace = Pace::new(None, began, Duration::from_secs(2));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(pace.next(), Some(Turn { number: 0, due: began + Duration::from_secs(1) }));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(pace.next(), None);
    }
}
