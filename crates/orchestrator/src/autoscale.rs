//! The autoscaler: Kubernetes' HorizontalPodAutoscaler over processes. Usage is processor time over elapsed time, what a
//! replica requests is one core.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::lifecycle::Lifecycle;
use kernel::role::Role;
use kernel::status::ReplicaState;
use tokio::time::{Instant, MissedTickBehavior};

use crate::name::Name;
use crate::proc::{Stat, ticks_to_time};
use crate::process::Identity;
use crate::supervisor::Supervisor;

mod behaviour;
mod calculator;

use behaviour::{Behaviour, History};

/// What a replica requests, in thousandths of a core.
const REQUEST: u64 = 1_000;
/// Kubernetes' `--horizontal-pod-autoscaler-cpu-initialization-period`: so long after its start a replica's use is
/// believed only if it was ready over the whole interval.
const INITIALISATION: Duration = Duration::from_secs(300);

/// Runs until the campus ends.
pub(crate) async fn autoscale(supervisor: Arc<Supervisor>, lifecycle: Lifecycle) {
    let settings = &supervisor.settings;
    let interval = Duration::from_millis(settings.autoscale_interval_ms);
    let behaviour = Behaviour::new(Duration::from_millis(settings.autoscale_down_window_ms), interval);
    let began = Instant::now();
    let mut histories: BTreeMap<Role, History> = BTreeMap::new();
    let mut meter = Meter::default();
    let mut rounds = tokio::time::interval(interval);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = rounds.tick() => {}
            () = lifecycle.soft().cancelled() => return,
        }
        meter.read(&supervisor);
        for role in Role::ALL.into_iter().filter(|role| role.manifest().autoscaled) {
            // Somebody is changing the role's replicas: what is measured now says nothing of what will be.
            let Ok(_rollout) = supervisor.rollout(role).try_lock() else { continue };
            let current = supervisor.read(|roster| roster.desired(role));
            let target = u64::from(settings.autoscale_cpu_percent);
            let seen = meter.of(&supervisor, role);
            let Some(wanted) = calculator::recommend(current, target, REQUEST, &seen) else { continue };
            let manifest = role.manifest();
            let bounds = manifest.min_replicas..=manifest.max_replicas;
            let history = histories.entry(role).or_default();
            let desired = history.decide(current, wanted.replicas, &bounds, &behaviour, began.elapsed());
            if desired != current {
                tracing::info!(
                    role = %role, replicas.before = current, replicas.desired = desired,
                    cpu.percent = wanted.utilization, cpu.target_percent = target, "autoscaled"
                );
                supervisor.alter(|roster| roster.desired.insert(role, desired));
                supervisor.reconcile(role, &lifecycle);
            }
        }
    }
}

/// Processor time of every process, now and one interval ago.
#[derive(Default)]
struct Meter {
    /// By process: when its ticks were read last, the ticks, and its use over the interval before, if it lived then.
    processes: BTreeMap<Name, Reading>,
}

struct Reading {
    identity: Identity,
    at: Instant,
    ticks: u64,
    /// Thousandths of a core, and over how long.
    usage: Option<(u64, Duration)>,
}

impl Meter {
    fn read(&mut self, supervisor: &Supervisor) {
        let running: Vec<(Name, Identity)> = supervisor.read(|roster| {
            let scaled = roster.replicas.iter().filter(|(name, _)| name.role.manifest().autoscaled);
            scaled.filter_map(|(name, replica)| Some((*name, replica.process.as_ref()?.identity()))).collect()
        });
        self.processes.retain(|name, reading| running.contains(&(*name, reading.identity)));
        let now = Instant::now();
        for (name, identity) in running {
            let Some(stat) = Stat::of(identity.pid).filter(|stat| stat.start_time == identity.start_time) else {
                self.processes.remove(&name);
                continue;
            };
            let usage = self.processes.get(&name).map(|before| {
                let span = now.duration_since(before.at);
                let used = ticks_to_time(stat.ticks.saturating_sub(before.ticks));
                let milli = used.as_micros().saturating_mul(1_000) / span.as_micros().max(1);
                (u64::try_from(milli).unwrap_or(u64::MAX), span)
            });
            self.processes.insert(name, Reading { identity, at: now, ticks: stat.ticks, usage });
        }
    }

    fn of(&self, supervisor: &Supervisor, role: Role) -> Vec<calculator::Replica> {
        let now = supervisor.clock.now();
        supervisor.read(|roster| {
            let staying = roster.of(role).filter(|(_, replica)| replica.stays());
            staying
                .map(|(name, replica)| {
                    if replica.process.is_none() || replica.state == ReplicaState::Starting {
                        return calculator::Replica::SetAside;
                    }
                    let Some((usage, span)) = self.processes.get(&name).and_then(|reading| reading.usage) else {
                        return calculator::Replica::Missing;
                    };
                    let settled = replica.state == ReplicaState::Ready
                        && replica.ready_since.is_some_and(|since| now.since(since) >= span);
                    let believed = if now.since(replica.started) < INITIALISATION {
                        settled
                    } else {
                        replica.ready_since.is_some()
                    };
                    if believed { calculator::Replica::Measured(usage) } else { calculator::Replica::SetAside }
                })
                .collect()
        })
    }
}

#[cfg(test)]
mod tests;
