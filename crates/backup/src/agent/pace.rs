//! The bandwidth that an agent may take.

use std::time::Duration;

use tokio::time::Instant;

/// How far sending may run ahead of its pace.
const AHEAD: Duration = Duration::from_millis(250);

/// A link's pace, by the moment at which all that was sent would have been sent at that pace.
pub(super) struct Pace {
    bytes_per_second: Option<u64>,
    reached: Instant,
}

impl Pace {
    pub(super) fn new(bytes_per_second: Option<u64>) -> Self {
        Self { bytes_per_second: bytes_per_second.filter(|limit| *limit > 0), reached: Instant::now() }
    }

    /// Waits until so many bytes more may be sent.
    pub(super) async fn take(&mut self, bytes: usize) {
        let Some(limit) = self.bytes_per_second else { return };
        let now = Instant::now();
        self.reached = self.reached.max(now) + Duration::from_secs_f64(bytes as f64 / limit as f64);
        tokio::time::sleep_until(self.reached - AHEAD.min(self.reached - now)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_limit_holds_on_average_and_none_is_none() {
        let begin = Instant::now();
        let mut pace = Pace::new(Some(1000));
        for _ in 0..10 {
            pace.take(500).await;
        }
        let took = begin.elapsed();
        assert!((4_700..=5_010).contains(&took.as_millis()), "{took:?}");
        let begin = Instant::now();
        Pace::new(None).take(usize::MAX).await;
        assert!(begin.elapsed().is_zero());
    }
}
