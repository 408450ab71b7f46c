//! Progress: bars on a terminal, one a transfer and their total; plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The progress of all of a command's transfers.
#[derive(Clone)]
pub(crate) struct Board {
    bars: MultiProgress,
    /// Of several transfers.
    total: Option<ProgressBar>,
    terminal: bool,
    reached: Arc<AtomicU64>,
}

impl Board {
    /// The progress of `transfers` transfers of `size` bytes together.
    #[must_use]
    pub(crate) fn new(transfers: usize, size: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let total =
            (transfers > 1).then(|| bars.add(styled(ProgressBar::new(size).with_prefix(format!("all {transfers}")))));
        Self { bars, total, terminal, reached: Arc::default() }
    }

    /// The progress of one more transfer, of `name`, of `size` bytes.
    #[must_use]
    pub(crate) fn transfer(&self, name: &str, size: u64) -> Progress {
        let bar = ProgressBar::new(size);
        let bar = match &self.total {
            Some(total) => self.bars.insert_before(total, bar),
            None => self.bars.add(bar),
        };
        Progress {
            name: name.into(),
            bar: styled(bar.with_prefix(name.to_owned())),
            board: self.clone(),
            reached: Arc::default(),
        }
    }

    /// How many bytes have passed, in all transfers together.
    #[must_use]
    pub(crate) fn reached(&self) -> u64 {
        self.reached.load(Ordering::Relaxed)
    }

    /// Removes the bars.
    pub(crate) fn end(&self) {
        if let Some(total) = &self.total {
            total.finish_and_clear();
        }
        // Bars that cannot be removed are no fault of the transfers.
        let _ = self.bars.clear();
    }

    /// Does something that prints while the bars are out of the way.
    pub(crate) fn bars_aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bars.suspend(print)
    }

    /// A line that stays.
    pub(crate) fn say(&self, line: &str) {
        self.bars_aside(|| eprintln!("{line}"));
    }
}

fn styled(bar: ProgressBar) -> ProgressBar {
    let all = "{prefix} [{bar:30}] {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta} {msg}";
    match ProgressStyle::with_template(all) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// One transfer's progress. It never goes backwards: what is sent again after an interruption is not counted twice.
#[derive(Clone)]
pub(crate) struct Progress {
    name: Arc<str>,
    bar: ProgressBar,
    board: Board,
    reached: Arc<AtomicU64>,
}

impl Progress {
    /// `offset` bytes have passed.
    pub(crate) fn reach(&self, offset: u64) {
        let before = self.reached.fetch_max(offset, Ordering::Relaxed);
        if offset > before {
            self.board.reached.fetch_add(offset - before, Ordering::Relaxed);
            if let Some(total) = &self.board.total {
                total.inc(offset - before);
            }
        }
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
        self.note(&format!("resumed at {offset} bytes"));
    }

    /// The transfer broke and is tried again after `pause`.
    pub(crate) fn waiting(&self, why: &str, pause: Duration) {
        self.note(&format!("interrupted ({why}); going on in {} s", pause.as_secs_f32().ceil()));
    }

    /// The transfer is over.
    pub(crate) fn done(&self, line: &str) {
        self.bar.finish_and_clear();
        self.board.say(&format!("{}: {line}", self.name));
    }

    fn note(&self, message: &str) {
        if self.board.terminal {
            self.bar.set_message(message.to_owned());
        } else {
            eprintln!("{}: {message}", self.name);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // The last of its clones: a transfer that failed leaves no bar behind.
        if Arc::strong_count(&self.reached) == 1 {
            self.bar.finish_and_clear();
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

/// A number of bytes as people read it.
#[must_use]
pub(crate) fn amount(bytes: u64) -> String {
    indicatif::DecimalBytes(bytes).to_string()
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

    #[test]
    fn the_total_counts_no_byte_twice() {
        let board = Board::new(2, 100);
        let (one, other) = (board.transfer("a", 50), board.transfer("b", 50));
        one.reach(30);
        other.reach(20);
        one.reach(10);
        one.resumed(30);
        assert_eq!((one.reached(), board.reached()), (30, 50));
    }
}
