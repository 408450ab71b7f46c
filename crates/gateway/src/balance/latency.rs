//! A role's usual time to answer, as a histogram of the last seconds: hedging waits for its 95th percentile.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Buckets a quarter of an octave wide, from one microsecond up.
const BUCKETS: usize = 112;
/// Samples after which all counts are halved, so that the past is forgotten.
const MEMORY: u32 = 4096;
/// Fewest samples for a percentile to mean anything.
const LEAST: u32 = 32;
/// Samples between two looks at the histogram.
const REFRESH: u32 = 64;

/// Counts of recent answers by their time.
#[derive(Debug)]
pub(crate) struct Latency {
    counts: [AtomicU32; BUCKETS],
    total: AtomicU32,
    since: AtomicU32,
    p95_us: AtomicU64,
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            counts: [const { AtomicU32::new(0) }; BUCKETS],
            total: AtomicU32::new(0),
            since: AtomicU32::new(0),
            p95_us: AtomicU64::new(0),
        }
    }
}

fn bucket(us: u64) -> usize {
    let us = us.max(1);
    let octave = us.ilog2();
    let quarter = if octave >= 2 { (us >> (octave - 2)) & 3 } else { 0 };
    (octave as usize * 4 + quarter as usize).min(BUCKETS - 1)
}

fn upper_us(bucket: usize) -> u64 {
    let octave = bucket / 4;
    (1_u64 << octave) + ((1_u64 << octave) * (bucket as u64 % 4 + 1)) / 4
}

impl Latency {
    /// Takes in one answer's time.
    pub(crate) fn record(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(us)].fetch_add(1, Ordering::Relaxed);
        let total = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        if self.since.fetch_add(1, Ordering::Relaxed) + 1 >= REFRESH || total == LEAST {
            self.since.store(0, Ordering::Relaxed);
            self.refresh(total);
        }
    }

    fn refresh(&self, total: u32) {
        if total < LEAST {
            return;
        }
        let counts: [u32; BUCKETS] = std::array::from_fn(|place| self.counts[place].load(Ordering::Relaxed));
        let all: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        let mut seen = 0_u64;
        for (place, &count) in counts.iter().enumerate() {
            seen += u64::from(count);
            if seen * 100 >= all * 95 {
                self.p95_us.store(upper_us(place), Ordering::Relaxed);
                break;
            }
        }
        if total >= MEMORY {
            for (place, &count) in counts.iter().enumerate() {
                self.counts[place].fetch_sub(count / 2, Ordering::Relaxed);
            }
            self.total.store(MEMORY / 2, Ordering::Relaxed);
        }
    }

    /// The time within which 95 of 100 answers began; `None` until enough is known.
    pub(crate) fn p95(&self) -> Option<Duration> {
        match self.p95_us.load(Ordering::Relaxed) {
            0 => None,
            us => Some(Duration::from_micros(us)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_holds_what_it_says(us in 4_u64..1_000_000_000) {
            let place = bucket(us);
            prop_assert!(us < upper_us(place) || place == BUCKETS - 1);
            prop_assert!(us * 4 >= upper_us(place) * 3 || place == BUCKETS - 1, "{} {}", us, upper_us(place));
        }
    }

    #[test]
    fn the_percentile_is_near_and_follows() {
        let latency = Latency::default();
        assert_eq!(latency.p95(), None);
        for n in 0..1000_u64 {
            latency.record(Duration::from_micros(if n % 100 < 90 { 1000 } else { 8000 }));
        }
        let p95 = latency.p95().expect("known");
        assert!(p95 >= Duration::from_micros(8000) && p95 <= Duration::from_micros(10_000), "{p95:?}");
        for _ in 0..20_000 {
            latency.record(Duration::from_micros(500));
        }
        assert!(latency.p95().expect("known") <= Duration::from_micros(650));
    }
}
