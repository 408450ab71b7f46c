//! Progress: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// One transfer's progress. It never goes backwards: what is sent again after an interruption is not counted twice.
#[derive(Clone)]
pub(crate) struct Progress {
    name: Arc<str>,
    bar: ProgressBar,
    terminal: bool,
    reached: Arc<AtomicU64>,
}

impl Progress {
    /// Progress of `name`, of `size` bytes.
    #[must_use]
    pub(crate) fn new(name: &str, size: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(size), target).with_prefix(name.to_owned());
        if let Ok(style) =
            ProgressStyle::with_template("{prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { name: name.into(), bar, terminal, reached: Arc::new(AtomicU64::new(0)) }
    }

    /// `offset` bytes have passed.
    pub(crate) fn reach(&self, offset: u64) {
        let before = self.reached.fetch_max(offset, Ordering::Relaxed);
        self.bar.set_position(before.max(offset));
        self.bar.set_message("");
    }

    /// How many bytes have passed.
    #[must_use]
    pub(crate) fn reached(&self) -> u64 {
        self.reached.load(Ordering::Relaxed)
    }

    /// The transfer goes on at `offset`.
    pub(crate) fn resumed(&self, offset: u64) {
        self.reach(offset);
        self.say(&format!("resumed at {offset} bytes"));
    }

    /// The transfer broke and is tried again after `pause`.
    pub(crate) fn waiting(&self, why: &str, pause: Duration) {
        self.say(&format!("interrupted ({why}); going on in {} s", pause.as_secs_f32().ceil()));
    }

    /// The transfer is over.
    pub(crate) fn done(&self, line: &str) {
        self.bar.finish_and_clear();
        eprintln!("{}: {line}", self.name);
    }

    fn say(&self, message: &str) {
        if self.terminal {
            self.bar.set_message(message.to_owned());
        } else {
            eprintln!("{}: {message}", self.name);
        }
    }
}

/// The pauses between tries: 0.2 s doubling to 5 s, begun anew whenever bytes have passed.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    turn: u32,
    last_reached: u64,
}

impl Patience {
    /// How many tries in a row may bring nothing before the transfer is given up: about ten minutes.
    const MOST: u32 = 125;

    /// The pause before the next try, or `None` when it is time to give up.
    pub(crate) fn next(&mut self, reached: u64, asked: Option<Duration>) -> Option<Duration> {
        if reached > self.last_reached {
            self.last_reached = reached;
            self.turn = 0;
        }
        self.turn += 1;
        let pause = Duration::from_millis(200 << (self.turn - 1).min(5)).min(Duration::from_secs(5));
        (self.turn <= Self::MOST).then(|| asked.unwrap_or(pause).max(pause))
    }
}

/// What an answer's `Retry-After` asks for.
#[must_use]
pub(crate) fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    response.headers().get("retry-after")?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_begin_anew_after_progress() {
        let mut patience = Patience::default();
        assert_eq!(patience.next(0, None), Some(Duration::from_millis(200)));
        assert_eq!(patience.next(0, None), Some(Duration::from_millis(400)));
        assert_eq!(patience.next(9, None), Some(Duration::from_millis(200)));
        assert_eq!(patience.next(9, Some(Duration::from_secs(3))), Some(Duration::from_secs(3)));
        let given_up = (0..1000).find(|_| patience.next(9, None).is_none());
        assert!(given_up.is_some());
    }
}
