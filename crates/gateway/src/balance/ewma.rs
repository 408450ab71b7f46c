//! Peak EWMA: how long a replica takes to answer, with a long memory for the worst (Finagle, Linkerd).

use std::time::Duration;

use tokio::time::Instant;

/// What a replica that has answered nothing is assumed to take.
pub(crate) const DEFAULT_RTT: Duration = Duration::from_millis(30);
/// Time constant after which an old sample counts 1/e.
pub(crate) const DECAY: Duration = Duration::from_secs(10);
/// What a failure is recorded as, so that a replica that fails fast does not look fast.
pub(crate) const PENALTY: Duration = Duration::from_secs(5);

/// A moving average that rises to a slower sample at once and falls slowly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeakEwma {
    rtt_ns: f64,
    at: Instant,
}

impl PeakEwma {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { rtt_ns: DEFAULT_RTT.as_nanos() as f64, at: now }
    }

    /// Takes in one answer's time.
    pub(crate) fn record(&mut self, sample: Duration, now: Instant) {
        let sample = sample.as_nanos() as f64;
        if sample >= self.estimate_ns(now) {
            self.rtt_ns = sample;
        } else {
            let kept = decay(now.saturating_duration_since(self.at));
            self.rtt_ns = self.rtt_ns.mul_add(kept, sample * (1.0 - kept));
        }
        self.at = now;
    }

    /// The estimate in nanoseconds; it falls while nothing is heard, so that a replica once slow is tried again.
    pub(crate) fn estimate_ns(&self, now: Instant) -> f64 {
        self.rtt_ns * decay(now.saturating_duration_since(self.at))
    }
}

fn decay(elapsed: Duration) -> f64 {
    if elapsed < Duration::from_micros(500) {
        return 1.0 - elapsed.as_secs_f64() / DECAY.as_secs_f64();
    }
    (-elapsed.as_secs_f64() / DECAY.as_secs_f64()).exp()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_counts_at_once_and_is_forgotten_slowly() {
        let start = Instant::now();
        let mut ewma = PeakEwma::new(start);
        ewma.record(PENALTY, start);
        assert!((ewma.estimate_ns(start) - 5e9).abs() < 1.0);
        tokio::time::advance(DECAY).await;
        let later = ewma.estimate_ns(Instant::now());
        assert!((later - 5e9 / std::f64::consts::E).abs() < 1e3, "{later}");
    }

    proptest! {
        #[test]
        fn the_estimate_stays_between_the_fastest_and_the_slowest(samples in prop::collection::vec(1_u64..10_000_000, 1..50)) {
            let now = Instant::now();
            let mut ewma = PeakEwma::new(now);
            for &sample in &samples {
                ewma.record(Duration::from_nanos(sample), now);
            }
            let estimate = ewma.estimate_ns(now);
            prop_assert!(estimate >= 1.0);
            prop_assert!(estimate <= (DEFAULT_RTT.as_nanos() as f64).max(1e7));
        }
    }
}
