//! Looking at every process in `/proc`: stopped ones are killed, processor and memory use are noted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, MissedTickBehavior};

use crate::name::Name;
use crate::proc::{self, Stat};
use crate::process::{Identity, Process};
use crate::supervise::PROBE_FAILURES;
use crate::supervisor::Supervisor;

/// How often processes are looked at: a stopped one may hold a database lock that everybody waits for.
const ROUND: Duration = Duration::from_millis(200);
/// Over how long processor use is averaged.
const CPU_WINDOW: Duration = Duration::from_secs(1);
/// How often a process's memory is measured, which is costly.
const MEMORY_INTERVAL: Duration = Duration::from_secs(5);

/// What is remembered of a process between rounds.
struct Seen {
    stopped_since: Option<Instant>,
    cpu_at: Instant,
    ticks: u64,
    memory_at: Option<Instant>,
}

/// Runs until the campus has ended.
pub(crate) async fn sample(supervisor: Arc<Supervisor>) {
    let mut seen = HashMap::new();
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = rounds.tick() => round(&supervisor, &mut seen),
            () = supervisor.ended.cancelled() => return,
        }
    }
}

fn round(supervisor: &Supervisor, seen: &mut HashMap<Identity, Seen>) {
    let running: Vec<(Name, Arc<Process>)> = supervisor.read(|roster| {
        roster.replicas.iter().filter_map(|(name, replica)| Some((*name, replica.process.clone()?))).collect()
    });
    let now = Instant::now();
    seen.retain(|identity, _| running.iter().any(|(_, process)| process.identity() == *identity));
    // One a round: the kernel walks the address space, and everybody at once would be a visible jolt.
    let mut memory_measured = false;
    for (name, process) in running {
        let identity = process.identity();
        let Some(stat) = Stat::of(identity.pid).filter(|stat| stat.start_time == identity.start_time) else { continue };
        let memory = seen.entry(identity).or_insert_with(|| Seen {
            stopped_since: None,
            cpu_at: now,
            ticks: stat.ticks,
            memory_at: None,
        });
        kill_if_stopped(supervisor, name, &process, stat, memory, now);
        let cpu = memory.cpu(stat.ticks, now);
        let due = memory.memory_at.is_none_or(|measured| now.duration_since(measured) >= MEMORY_INTERVAL);
        let bytes = if due && !memory_measured {
            memory_measured = true;
            memory.memory_at = Some(now);
            proc::proportional_set_size(identity.pid)
        } else {
            None
        };
        if cpu.is_some() || bytes.is_some() {
            supervisor.note(|roster| {
                if let Some(replica) = roster.replicas.get_mut(&name) {
                    replica.cpu_percent = cpu.unwrap_or(replica.cpu_percent);
                    replica.memory_bytes = bytes.unwrap_or(replica.memory_bytes);
                }
            });
        }
    }
}

/// A stopped process answers nobody. One that may hold a database lock goes at once; another has as long as its probes.
fn kill_if_stopped(supervisor: &Supervisor, name: Name, process: &Process, stat: Stat, seen: &mut Seen, now: Instant) {
    if !stat.stopped() {
        seen.stopped_since = None;
        return;
    }
    let since = *seen.stopped_since.get_or_insert(now);
    let settings = &supervisor.settings;
    let patience = Duration::from_millis(settings.probe_interval_ms) * PROBE_FAILURES;
    if name.role.manifest().writes_sql || now.duration_since(since) >= patience {
        tracing::warn!(replica.id = %name, process.pid = process.pid(), "stopped by a signal: killing");
        process.signal(Signal::KILL);
    }
}

impl Seen {
    /// Percent of one core since the last answer, once a window has passed.
    fn cpu(&mut self, ticks: u64, now: Instant) -> Option<f64> {
        let span = now.duration_since(self.cpu_at);
        if span < CPU_WINDOW {
            return None;
        }
        let used = proc::ticks_to_time(ticks.saturating_sub(self.ticks));
        self.cpu_at = now;
        self.ticks = ticks;
        Some((used.as_secs_f64() / span.as_secs_f64() * 1000.0).round() / 10.0)
    }
}
