//! Many times as a few figures.

use std::time::Duration;

use serde::Serialize;

/// Times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub(super) struct Spread {
    pub(super) count: usize,
    pub(super) mean_ms: f64,
    pub(super) min_ms: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

/// A time in milliseconds.
pub(super) fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

impl Spread {
    /// Of no time at all every figure is 0.
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        // The nearest rank: the smallest time that so many of a hundred do not exceed.
        let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied().map(ms);
        let sum: Duration = times.iter().sum();
        let (Some(min_ms), Some(p50_ms), Some(p99_ms), Some(max_ms)) = (at(0), at(50), at(99), at(100)) else {
            return Self::default();
        };
        let mean_ms = ms(sum) / f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX));
        Self { count: times.len(), mean_ms, min_ms, p50_ms, p99_ms, max_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_nearest_rank() {
        let spread = Spread::of((1..=200).rev().map(Duration::from_millis).collect());
        let expected = Spread { count: 200, mean_ms: 100.5, min_ms: 1.0, p50_ms: 100.0, p99_ms: 198.0, max_ms: 200.0 };
        assert_eq!(spread, expected);
        let one = Spread::of(vec![Duration::from_millis(3)]);
        assert_eq!((one.min_ms, one.p50_ms, one.p99_ms, one.max_ms), (3.0, 3.0, 3.0, 3.0));
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
