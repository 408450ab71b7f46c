//! How long things took, in buckets: what many replicas measured can be added up, which percentiles cannot.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Buckets for each doubling: a percentile is told too high by less than a tenth.
const PER_DOUBLING: u32 = 8;
/// The first bucket ends here; the last begins at about a minute.
const FIRST: Duration = Duration::from_micros(50);
const BUCKETS: usize = 168;

/// Counts by duration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Histogram(Vec<u32>);

impl Histogram {
    pub(super) fn add(&mut self, took: Duration) {
        let place = bucket(took);
        if self.0.len() <= place {
            self.0.resize(place + 1, 0);
        }
        self.0[place] += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len().min(BUCKETS), 0);
        }
        for (mine, others) in self.0.iter_mut().zip(&other.0) {
            *mine = mine.saturating_add(*others);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.0.iter().copied().map(u64::from).sum()
    }

    /// What `share` of all stayed within; `None` if there are none.
    pub(super) fn quantile(&self, share: f64) -> Option<Duration> {
        let all = self.count();
        let wanted = (all as f64 * share).ceil().max(1.0);
        let mut seen = 0;
        for (place, count) in self.0.iter().enumerate() {
            seen += u64::from(*count);
            if *count > 0 && seen as f64 >= wanted {
                return Some(end(place));
            }
        }
        None
    }
}

fn bucket(took: Duration) -> usize {
    let doublings = (took.as_secs_f64() / FIRST.as_secs_f64()).max(1.0).log2();
    // Saturates for what is out of range.
    ((doublings * f64::from(PER_DOUBLING)).ceil() as usize).min(BUCKETS - 1)
}

fn end(place: usize) -> Duration {
    FIRST.mul_f64((place as f64 / f64::from(PER_DOUBLING)).exp2())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_percentile_is_told_at_most_a_tenth_too_high(micros in prop::collection::vec(60_u64..50_000_000, 1..200)) {
            let mut halves = [Histogram::default(), Histogram::default()];
            for (place, one) in micros.iter().enumerate() {
                halves[place % 2].add(Duration::from_micros(*one));
            }
            let [mut all, other] = halves;
            all.merge(&other);
            let mut sorted = micros.clone();
            sorted.sort_unstable();
            for share in [0.5, 0.99] {
                let exact = sorted[((sorted.len() as f64 * share).ceil() as usize).max(1) - 1] as f64;
                let told = all.quantile(share).expect("there are some").as_secs_f64() * 1e6;
                prop_assert!(told >= exact * 0.999 && told <= exact * 1.1, "{} {} {}", share, exact, told);
            }
            prop_assert_eq!(all.count(), micros.len() as u64);
        }
    }

    #[test]
    fn what_is_out_of_range_counts_at_the_ends_and_nothing_has_no_percentile() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        histogram.add(Duration::ZERO);
        histogram.add(Duration::from_secs(86_400));
        assert_eq!(histogram.quantile(0.5), Some(FIRST));
        assert!(histogram.quantile(1.0).is_some_and(|end| end > Duration::from_secs(50)));
    }
}
