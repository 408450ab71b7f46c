//! What processes use, sampled from `/proc` while a load runs.

use std::fs;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// Ticks of the processor's account are 10 ms on Linux: a sample is exact to 2 %.
const EVERY: Duration = Duration::from_millis(500);

/// What one process used.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Usage {
    pub(super) process: String,
    /// Over the whole load.
    pub(super) cpu_s: f64,
    pub(super) peak_memory_bytes: u64,
    pub(super) samples: Vec<Sample>,
}

/// One look.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Sample {
    /// Since the load began.
    pub(super) at_s: f64,
    /// Of one core, since the look before.
    pub(super) cpu_percent: f64,
    /// Its own and its part of what it shares (PSS).
    pub(super) memory_bytes: u64,
}

/// A watch that goes on until it is ended.
pub(super) struct Watch {
    end: CancellationToken,
    watching: tokio::task::JoinHandle<Vec<Usage>>,
}

struct Watched {
    pid: u32,
    begun_s: f64,
    last: (Instant, f64),
    usage: Usage,
}

/// Watches processes, by their names and numbers.
pub(super) fn watch(processes: Vec<(String, u32)>) -> Watch {
    let end = CancellationToken::new();
    let (begun, ended) = (Instant::now(), end.clone());
    let mut watched: Vec<Watched> = processes.into_iter().map(|(name, pid)| Watched::begin(name, pid, begun)).collect();
    let watching = tokio::spawn(async move {
        loop {
            let over = ended.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none();
            watched.iter_mut().for_each(|one| one.look(begun));
            if over {
                return watched.into_iter().map(|one| one.usage).collect();
            }
        }
    });
    Watch { end, watching }
}

impl Watch {
    /// What was used until now.
    pub(super) async fn end(self) -> Vec<Usage> {
        self.end.cancel();
        self.watching.await.unwrap_or_default()
    }
}

impl Watched {
    fn begin(process: String, pid: u32, begun: Instant) -> Self {
        let cpu_s = cpu_s(pid).unwrap_or(0.0);
        let usage = Usage { process, cpu_s: 0.0, peak_memory_bytes: 0, samples: Vec::new() };
        Self { pid, begun_s: cpu_s, last: (begun, cpu_s), usage }
    }

    /// A process that is gone leaves no sample.
    fn look(&mut self, begun: Instant) {
        let (Some(cpu_s), Some(memory_bytes)) = (cpu_s(self.pid), memory_bytes(self.pid)) else { return };
        let now = Instant::now();
        let span = (now - self.last.0).as_secs_f64().max(1e-3);
        self.usage.samples.push(Sample {
            at_s: (now - begun).as_secs_f64(),
            cpu_percent: (cpu_s - self.last.1) / span * 100.0,
            memory_bytes,
        });
        self.usage.cpu_s = cpu_s - self.begun_s;
        self.usage.peak_memory_bytes = self.usage.peak_memory_bytes.max(memory_bytes);
        self.last = (now, cpu_s);
    }
}

/// Of user and system, since the process began: proc(5), fields 14 and 15 of `stat`, counted from the end of the name.
fn cpu_s(pid: u32) -> Option<f64> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = line.get(line.rfind(')')? + 1..)?.split_ascii_whitespace().collect();
    let ticks: u32 = fields.get(11)?.parse::<u32>().ok()?.checked_add(fields.get(12)?.parse().ok()?)?;
    Some(f64::from(ticks) / rustix::param::clock_ticks_per_second() as f64)
}

fn memory_bytes(pid: u32) -> Option<u64> {
    let maps = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = maps.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_ascii_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn this_process_is_seen_at_work() {
        let watch = watch(vec![("this".to_owned(), std::process::id()), ("nobody".to_owned(), u32::MAX)]);
        let mut sum = 0_u64;
        let before = cpu_s(std::process::id()).expect("reads");
        // Until the account has moved by more than a tick, however fast the machine is.
        while cpu_s(std::process::id()).expect("reads") < before + 0.03 {
            sum = std::hint::black_box((0..100_000_u64).fold(sum, u64::wrapping_add));
        }
        let [this, nobody] = <[Usage; 2]>::try_from(watch.end().await).expect("two");
        assert!(this.cpu_s >= 0.03 && this.peak_memory_bytes > 100_000 && !this.samples.is_empty(), "{this:?}");
        assert!(nobody.samples.is_empty() && nobody.cpu_s == 0.0, "{nobody:?}");
    }
}
