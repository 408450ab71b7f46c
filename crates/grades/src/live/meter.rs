//! How fast a replica's own way in is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;

use super::feeder::Feed;
use super::histogram::Histogram;
use crate::failure::Failure;
use crate::model::{Outcome, Route, Stored, Submission};
use crate::recorder::Ingest;

/// Seconds that are looked at together.
pub(super) const WINDOW: usize = 10;

/// What became of a record, as far as its route is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is durable.
    Kept,
    /// The caller is to blame: no error of the route.
    Refused,
    /// The route is to blame.
    Failed,
}

/// Times the records that come in at this replica.
#[derive(Debug)]
pub struct Meter {
    route: Route,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now: Second,
    past: VecDeque<Second>,
}

/// What happened in a second, or in several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Second {
    pub(super) kept: Histogram,
    pub(super) errors: u64,
}

/// A record that is on its way.
#[must_use]
pub struct Timed<'a> {
    meter: &'a Meter,
    began: Instant,
}

impl Meter {
    /// A meter of one replica of `route`.
    #[must_use]
    pub fn new(route: Route) -> Self {
        Self { route, state: Mutex::default() }
    }

    /// Whose it is.
    #[must_use]
    pub const fn route(&self) -> Route {
        self.route
    }

    /// A record came.
    pub fn begin(&self) -> Timed<'_> {
        Timed { meter: self, began: Instant::now() }
    }

    /// Ends a second, and says what happened in the last [`WINDOW`] and how many of them there were.
    pub(super) fn turn(&self) -> (Second, usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = std::mem::take(&mut state.now);
        state.past.push_back(ended);
        if state.past.len() > WINDOW {
            state.past.pop_front();
        }
        let mut all = Second::default();
        for second in &state.past {
            all.kept.merge(&second.kept);
            all.errors += second.errors;
        }
        (all, state.past.len())
    }
}

impl Timed<'_> {
    /// The record's sender has an answer.
    pub fn end(self, verdict: Verdict) {
        let took = self.began.elapsed();
        let mut state = self.meter.state.lock().unwrap_or_else(PoisonError::into_inner);
        match verdict {
            Verdict::Kept => state.now.kept.add(took),
            Verdict::Failed => state.now.errors += 1,
            Verdict::Refused => {}
        }
    }
}

/// A way in that is timed, and that wakes the live figures when something changed.
pub struct Metered {
    inner: Arc<dyn Ingest>,
    meter: Option<Arc<Meter>>,
    feed: Option<Feed>,
}

impl Metered {
    /// Times `inner` by `meter` and wakes `feed`, where either is given.
    #[must_use]
    pub fn new(inner: Arc<dyn Ingest>, meter: Option<Arc<Meter>>, feed: Option<Feed>) -> Self {
        Self { inner, meter, feed }
    }
}

#[async_trait]
impl Ingest for Metered {
    fn route(&self) -> Route {
        self.inner.route()
    }

    async fn record(&self, submission: Submission) -> Result<Stored, Failure> {
        let timed = self.meter.as_ref().map(|meter| meter.begin());
        let outcome = self.inner.record(submission).await;
        if let Some(timed) = timed {
            timed.end(verdict(&outcome));
        }
        if let (Some(feed), Ok(Stored { outcome: Outcome::Created | Outcome::Corrected, .. })) = (&self.feed, &outcome)
        {
            feed.wake();
        }
        outcome
    }
}

fn verdict(outcome: &Result<Stored, Failure>) -> Verdict {
    match outcome {
        Ok(_) => Verdict::Kept,
        Err(Failure::Invalid(_) | Failure::KeyReused | Failure::Forbidden(_) | Failure::NotFound) => Verdict::Refused,
        Err(Failure::Store(_) | Failure::Busy | Failure::Away(_)) => Verdict::Failed,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_window_forgets_what_is_past_it() {
        let meter = Meter::new(Route::Redis);
        let timed = meter.begin();
        tokio::time::advance(Duration::from_millis(20)).await;
        timed.end(Verdict::Kept);
        meter.begin().end(Verdict::Failed);
        meter.begin().end(Verdict::Refused);
        let (window, seconds) = meter.turn();
        assert_eq!((window.kept.count(), window.errors, seconds), (1, 1, 1));
        let p50 = window.kept.quantile(0.5).expect("one");
        assert!(p50 >= Duration::from_millis(20) && p50 < Duration::from_millis(22), "{p50:?}");
        for _ in 1..WINDOW {
            assert_eq!(meter.turn().0.kept.count(), 1);
        }
        assert_eq!(meter.turn(), (Second::default(), WINDOW));
    }
}
