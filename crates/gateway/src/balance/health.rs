//! Passive ejection: what a replica's answers say about it.
//!
//! With at most a handful of replicas, statistics over replicas never fire, so a replica is judged by itself: five
//! failures in a row, or most of a window of requests. It stays out for a pause that grows with each ejection and
//! comes back by one probe that succeeds.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that eject.
pub(crate) const CONSECUTIVE: u32 = 5;
/// How long successes and failures are counted together.
const WINDOW: Duration = Duration::from_secs(10);
/// Fewest requests in a window for its ratio to mean anything.
const WINDOW_REQUESTS: u32 = 20;
/// Pause after an ejection for failing answers, times the number of ejections.
const PAUSE: Duration = Duration::from_secs(30);
/// Longest pause.
const PAUSE_MOST: Duration = Duration::from_secs(300);
/// Pause after an ejection for silence, doubled by each ejection: an active probe watches such a replica.
const SILENCE_PAUSE: Duration = Duration::from_secs(1);

/// Why a replica was ejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It answered, and wrongly.
    Failures,
    /// It did not answer, or refused connections.
    Silence,
}

/// Whether a replica gets requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Availability {
    /// Yes.
    Open,
    /// Not yet, but its pause is over: one probe may see whether it works again.
    Trial,
    /// No.
    Ejected,
}

/// What is known of one replica's health.
#[derive(Debug)]
pub(crate) struct Health {
    consecutive: u32,
    window_start: Instant,
    succeeded: u32,
    failed: u32,
    ejections: u32,
    ejected: Option<(Cause, Instant)>,
    trial: bool,
    restored: Option<Instant>,
}

impl Health {
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            consecutive: 0,
            window_start: now,
            succeeded: 0,
            failed: 0,
            ejections: 0,
            ejected: None,
            trial: false,
            restored: None,
        }
    }

    fn roll(&mut self, now: Instant) {
        if now.saturating_duration_since(self.window_start) >= WINDOW {
            self.window_start = now;
            self.succeeded = 0;
            self.failed = 0;
        }
    }

    /// A request was answered. True if that ended an ejection.
    pub(crate) fn succeed(&mut self, now: Instant) -> bool {
        self.roll(now);
        self.consecutive = 0;
        self.succeeded += 1;
        let back = self.trial && self.ejected.is_some();
        if back {
            self.ejected = None;
            self.trial = false;
            self.restored = Some(now);
        } else if self.ejections > 0
            && self.ejected.is_none()
            && self.restored.is_some_and(|at| now.saturating_duration_since(at) >= PAUSE_MOST)
        {
            self.ejections -= 1;
            self.restored = Some(now);
        }
        back
    }

    /// A request failed. True if the replica should now be ejected.
    pub(crate) fn fail(&mut self, now: Instant) -> bool {
        self.roll(now);
        self.consecutive += 1;
        self.failed += 1;
        let total = self.succeeded + self.failed;
        let mostly_failing = total >= WINDOW_REQUESTS && self.failed * 2 >= total;
        self.trial || (self.ejected.is_none() && (self.consecutive >= CONSECUTIVE || mostly_failing))
    }

    /// Share of failures in the present window, for comparing replicas.
    pub(crate) fn failure_ratio(&self) -> f64 {
        let total = self.succeeded + self.failed;
        if total == 0 { 0.0 } else { f64::from(self.failed) / f64::from(total) }
    }

    /// Takes the replica out.
    pub(crate) fn eject(&mut self, cause: Cause, now: Instant) {
        self.ejections = self.ejections.saturating_add(1);
        let pause = match cause {
            Cause::Failures => PAUSE.saturating_mul(self.ejections),
            Cause::Silence => SILENCE_PAUSE.saturating_mul(1 << (self.ejections - 1).min(16)),
        };
        self.ejected = Some((cause, now + pause.min(PAUSE_MOST)));
        self.trial = false;
        self.consecutive = 0;
        self.succeeded = 0;
        self.failed = 0;
    }

    /// An active probe of a silent replica was answered: it may be tried now.
    pub(crate) fn answered_probe(&mut self, now: Instant) {
        if let Some((Cause::Silence, until)) = &mut self.ejected {
            *until = now.min(*until);
        }
    }

    /// Whether the replica may be given a request.
    pub(crate) fn availability(&self, now: Instant) -> Availability {
        match self.ejected {
            None => Availability::Open,
            Some((_, until)) if now >= until && !self.trial => Availability::Trial,
            Some(_) => Availability::Ejected,
        }
    }

    /// Takes the one trial there is.
    pub(crate) const fn begin_trial(&mut self) {
        self.trial = true;
    }

    /// Why and until when it is ejected.
    pub(crate) const fn ejected(&self) -> Option<(Cause, Instant)> {
        self.ejected
    }

    /// When it last came back from an ejection.
    pub(crate) const fn restored(&self) -> Option<Instant> {
        self.restored
    }

    /// How often it has been ejected.
    pub(crate) const fn ejections(&self) -> u32 {
        self.ejections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_eject_and_one_success_restores() {
        let mut health = Health::new(Instant::now());
        for _ in 0..CONSECUTIVE - 1 {
            assert!(!health.fail(Instant::now()));
        }
        assert!(health.fail(Instant::now()));
        health.eject(Cause::Failures, Instant::now());
        assert_eq!(health.availability(Instant::now()), Availability::Ejected);
        tokio::time::advance(PAUSE).await;
        assert_eq!(health.availability(Instant::now()), Availability::Trial);
        health.begin_trial();
        assert_eq!(health.availability(Instant::now()), Availability::Ejected, "one trial at a time");
        assert!(health.succeed(Instant::now()));
        assert_eq!(health.availability(Instant::now()), Availability::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_between_failures_starts_the_count_again() {
        let mut health = Health::new(Instant::now());
        for _ in 0..3 {
            for _ in 0..CONSECUTIVE - 1 {
                assert!(!health.fail(Instant::now()));
            }
            health.succeed(Instant::now());
            tokio::time::advance(WINDOW).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn half_of_a_window_failing_ejects_without_five_in_a_row() {
        let mut health = Health::new(Instant::now());
        let mut ejected = false;
        for _ in 0..WINDOW_REQUESTS {
            health.succeed(Instant::now());
            ejected |= health.fail(Instant::now());
        }
        assert!(ejected);
    }

    #[tokio::test(start_paused = true)]
    async fn each_ejection_pauses_longer_up_to_the_most() {
        let mut health = Health::new(Instant::now());
        let mut last = Duration::ZERO;
        for _ in 0..12 {
            health.eject(Cause::Failures, Instant::now());
            let (_, until) = health.ejected().expect("ejected");
            let pause = until - Instant::now();
            assert!(pause > last || pause == PAUSE_MOST);
            last = pause;
        }
        assert_eq!(last, PAUSE_MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_trial_ejects_again() {
        let mut health = Health::new(Instant::now());
        health.eject(Cause::Silence, Instant::now());
        tokio::time::advance(SILENCE_PAUSE).await;
        health.begin_trial();
        assert!(health.fail(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answered_probe_ends_the_pause_of_a_silent_replica_only() {
        let mut silent = Health::new(Instant::now());
        silent.eject(Cause::Silence, Instant::now());
        silent.answered_probe(Instant::now());
        assert_eq!(silent.availability(Instant::now()), Availability::Trial);
        let mut failing = Health::new(Instant::now());
        failing.eject(Cause::Failures, Instant::now());
        failing.answered_probe(Instant::now());
        assert_eq!(failing.availability(Instant::now()), Availability::Ejected);
    }
}
