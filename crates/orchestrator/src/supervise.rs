//! One replica's life: start, probe, drain or die, start again.

use std::sync::Arc;
use std::time::Duration;

use kernel::role::Role;
use kernel::status::ReplicaState;
use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::gateways;
use crate::name::Name;
use crate::probe::{Finding, Prober};
use crate::process::Process;
use crate::supervisor::Supervisor;

/// The first pause between the probes of a replica that is not ready yet; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// Probes in a row that must fail before a replica is restarted.
pub(crate) const PROBE_FAILURES: u32 = 5;
/// How long gateways may take to confirm a snapshot before a replica that drains is told to end all the same: a gateway
/// that does not answer is about to be replaced, and one request refused by a socket that is closed is tried elsewhere.
const CONFIRMATION: Duration = Duration::from_secs(5);

/// Keeps a replica of the roster alive until it is retired, then removes it. It may have a process already: an adopted one.
pub(crate) async fn supervise(supervisor: Arc<Supervisor>, name: Name, hard: CancellationToken) {
    let Some(retire) = supervisor.read(|roster| Some(roster.replicas.get(&name)?.retire.clone())) else { return };
    let mut backoff = Backoff::default();
    loop {
        let running = supervisor.read(|roster| roster.replicas.get(&name)?.process.clone());
        if running.is_none() && retire.is_cancelled() {
            break;
        }
        let started = match running {
            Some(process) => Ok(process),
            None => supervisor.start(name).await,
        };
        let trouble = match started {
            Ok(process) => tokio::select! {
                how = process.ended() => how,
                () = retire.cancelled() => {
                    drain(&supervisor, name, &process, &hard).await;
                    break;
                }
                why = watch(&supervisor, name) => {
                    process.kill();
                    format!("{why}; it {}", process.ended().await)
                }
            },
            Err(error) => error.to_string(),
        };
        let wait = backoff.after(healthy_for(&supervisor, name));
        tracing::warn!(replica.id = %name, detail = %trouble, restart.wait_ms = wait.as_millis(), "replica lost");
        supervisor.alter(|roster| {
            if let Some(replica) = roster.replicas.get_mut(&name) {
                replica.state = ReplicaState::Backoff;
                replica.process = None;
                replica.address = None;
                replica.ready_since = None;
                replica.cpu_percent = 0.0;
                replica.memory_bytes = 0;
                replica.restarts = replica.restarts.saturating_add(1);
                replica.trouble = Some(trouble);
            }
        });
        tokio::select! {
            () = sleep(wait) => {}
            () = retire.cancelled() => break,
        }
    }
    supervisor.alter(|roster| roster.replicas.remove(&name));
    tracing::info!(replica.id = %name, "gone");
}

fn healthy_for(supervisor: &Supervisor, name: Name) -> Duration {
    let since = supervisor.read(|roster| roster.replicas.get(&name)?.ready_since);
    since.map_or(Duration::ZERO, |since| supervisor.clock.now().since(since))
}

/// Probes a replica for as long as it deserves to live; returns why it does not.
async fn watch(supervisor: &Supervisor, name: Name) -> String {
    if name.role == Role::Gateway {
        return gateways::attend(supervisor, name).await;
    }
    let Some(address) = supervisor.read(|roster| roster.replicas.get(&name)?.address) else {
        return "it has no address".to_owned();
    };
    let mut prober = Prober::new(address, Duration::from_millis(supervisor.settings.probe_timeout_ms));
    let mut patience = Patience::new(supervisor, name);
    loop {
        let verdict = match prober.probe().await {
            Finding::Ready { leads } => {
                supervisor.observe_lead(name, leads);
                supervisor.observe(name, ReplicaState::Ready, None);
                Ok(patience.alive(true))
            }
            Finding::Unready(why) => {
                supervisor.observe(name, ReplicaState::Unready, Some(&why));
                Ok(patience.alive(false))
            }
            Finding::Silent(why) => patience.silent(supervisor, name, &why),
        };
        match verdict {
            Ok(pause) => sleep(pause).await,
            Err(why) => return why,
        }
    }
}

/// Counts failures: a replica that has not lived yet has its startup time, one that has may miss so many probes in a row.
pub(crate) struct Patience {
    interval: Duration,
    most_failures: u32,
    startup: Duration,
    deadline: Instant,
    failures: u32,
    lived: bool,
    pause: Duration,
}

impl Patience {
    pub(crate) fn new(supervisor: &Supervisor, name: Name) -> Self {
        let settings = &supervisor.settings;
        let state = supervisor.read(|roster| roster.replicas.get(&name).map(|replica| replica.state));
        Self {
            interval: Duration::from_millis(settings.probe_interval_ms),
            most_failures: PROBE_FAILURES,
            startup: supervisor.startup_timeout(),
            deadline: Instant::now() + supervisor.startup_timeout(),
            failures: 0,
            lived: !matches!(state, None | Some(ReplicaState::Starting)),
            pause: FIRST_PAUSE,
        }
    }

    /// It answered: how long until the next probe.
    pub(crate) fn alive(&mut self, ready: bool) -> Duration {
        self.failures = 0;
        self.lived = true;
        if ready { self.interval } else { self.ramp() }
    }

    /// It did not: how long until the next probe, or why there is to be none.
    pub(crate) fn silent(&mut self, supervisor: &Supervisor, name: Name, why: &str) -> Result<Duration, String> {
        if self.lived {
            supervisor.observe(name, ReplicaState::Unready, Some(why));
            self.failures += 1;
            if self.failures >= self.most_failures {
                return Err(format!("{} probes in a row failed: {why}", self.failures));
            }
            return Ok(self.interval);
        }
        supervisor.observe(name, ReplicaState::Starting, Some(why));
        if Instant::now() >= self.deadline {
            return Err(format!("it did not answer within {} ms of its start: {why}", self.startup.as_millis()));
        }
        Ok(self.ramp())
    }

    fn ramp(&mut self) -> Duration {
        let pause = self.pause.min(self.interval);
        self.pause = (self.pause * 2).min(self.interval);
        pause
    }
}

/// No new request reaches the replica, then it is asked to end, then it is made to.
async fn drain(supervisor: &Supervisor, name: Name, process: &Process, hard: &CancellationToken) {
    let generation = {
        supervisor.alter(|roster| {
            if let Some(replica) = roster.replicas.get_mut(&name) {
                replica.state = ReplicaState::Draining;
            }
        });
        supervisor.read(|roster| roster.snapshot().generation)
    };
    let allowed = name.role.manifest().drain;
    let orderly = async {
        if name.role != Role::Gateway {
            let confirmed = supervisor.until(|roster| roster.confirmed(generation).then_some(()));
            if timeout(CONFIRMATION, confirmed).await.is_err() {
                tracing::warn!(replica.id = %name, "a gateway did not confirm that the replica drains");
            }
        }
        tracing::info!(replica.id = %name, drain.allowed_ms = allowed.as_millis(), "draining");
        process.signal(Signal::TERM);
        sleep(allowed).await;
        tracing::warn!(replica.id = %name, "drain time is over: killing");
    };
    tokio::select! {
        how = process.ended() => {
            tracing::info!(replica.id = %name, detail = %how, "drained");
            return;
        }
        () = orderly => {}
        () = hard.cancelled() => {}
    }
    process.kill();
    process.ended().await;
}
