//! One attempt, watched while it waits for an answer.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::attempt::{Answered, attempt};
use super::flight::Flight;
use super::forward::{Licence, again, note_answer};
use super::head::Head;
use super::request_body::{RequestBody, Upload};
use crate::balance::budget::Retrying;
use crate::balance::cluster::Cluster;
use crate::balance::replica::{Pending, Replica};
use crate::gateway::Gateway;
use crate::probe::{self, SUSPICION};
use crate::upstream::{Failure, Stage};

/// How long a replica may take to begin its answer to a request without a body.
const RESPONSE_PATIENCE: Duration = Duration::from_secs(30);
/// Shortest wait before a hedge: below it, timers cost more than they gain.
const HEDGE_LEAST: Duration = Duration::from_millis(10);
/// Wait before a hedge while a role's usual time is not known.
const HEDGE_UNKNOWN: Duration = Duration::from_millis(200);
/// Shortest wait before a hedge of a replica that answers others.
const HEDGE_BUSY: Duration = Duration::from_millis(50);
/// How often a request that waits looks around.
const LOOK: Duration = Duration::from_millis(25);
/// How often a request whose body still arrives looks around.
const LOOK_UPLOAD: Duration = Duration::from_secs(1);

/// One attempt, watched: a hedge at the usual time, a question whether the replica lives, the end of patience.
pub(super) struct Wait<'a> {
    pub(super) gateway: &'a Arc<Gateway>,
    pub(super) cluster: &'a Arc<Cluster>,
    pub(super) head: &'a Head,
    pub(super) licence: Licence,
    pub(super) upload: Option<&'a Upload>,
    pub(super) whole: Option<&'a Bytes>,
    pub(super) began: Instant,
}

/// The same request on a second replica.
struct Rival<'a> {
    answering: Pin<Box<dyn Future<Output = Result<Answered, Failure>> + Send + 'a>>,
    replica: Arc<Replica>,
    _permit: Option<Retrying<'a>>,
}

impl Wait<'_> {
    pub(super) async fn run(
        &self,
        pending: Pending,
        body: RequestBody,
        flight: &mut Flight,
    ) -> Result<Answered, Failure> {
        let replica = Arc::clone(pending.replica());
        let idle = Duration::from_millis(self.gateway.settings.body_idle_timeout_ms);
        let patience = RESPONSE_PATIENCE;
        let mut primary = std::pin::pin!(attempt(pending, self.head, body, idle));
        let mut rival: Option<Rival<'_>> = None;
        let hedge_after = self.hedge_after();
        let first_look = if self.licence.timed { hedge_after.unwrap_or(SUSPICION) } else { LOOK_UPLOAD };
        let mut alarm = std::pin::pin!(tokio::time::sleep_until(self.began + first_look));
        let mut uploaded_at = self.licence.timed.then_some(self.began);
        let mut primary_failed: Option<Failure> = None;
        loop {
            let rivalled = rival.is_some();
            tokio::select! {
                biased;
                outcome = &mut primary, if primary_failed.is_none() => match outcome {
                    Err(failure) if rivalled => primary_failed = Some(failure),
                    outcome => return outcome,
                },
                outcome = race(&mut rival), if rivalled => {
                    let other = rival.take().map(|rival| rival.replica);
                    match (outcome, other) {
                        (Ok(answered), Some(other)) => {
                            self.gateway.metrics.hedge_won();
                            note_answer(self.cluster, &other, &answered);
                            flight.upstream = Some(Arc::clone(&other.id));
                            return Ok(answered);
                        }
                        (Err(failure), other) => {
                            if let Some(other) = other {
                                self.cluster.fail(&other, false, Instant::now());
                            }
                            if let Some(first) = primary_failed.take() {
                                return Err(Failure { detail: failure.detail, ..first });
                            }
                        }
                        (Ok(answered), None) => return Ok(answered),
                    }
                }
                () = &mut alarm => {
                    let now = Instant::now();
                    if uploaded_at.is_none() && self.upload.is_none_or(Upload::is_finished) {
                        uploaded_at = Some(now);
                    }
                    if uploaded_at.is_some_and(|at| now.saturating_duration_since(at) >= patience) {
                        return Err(late("no answer in time"));
                    }
                    let waited = now.saturating_duration_since(self.began);
                    if self.licence.timed && waited >= SUSPICION {
                        probe::suspect(self.gateway, self.cluster, &replica);
                    }
                    if rival.is_none() {
                        let hedge = hedge_after.is_some_and(|after| self.is_slow(&replica, waited, after));
                        rival = self.second(&replica, hedge, idle);
                        flight.attempts += u32::from(rival.is_some());
                    }
                    let look = if self.licence.timed { LOOK } else { LOOK_UPLOAD };
                    alarm.as_mut().reset(now + look);
                }
            }
        }
    }

    /// Past the usual time, a replica that is silent is hedged at once. One that meanwhile answers others is busy rather
    /// than hung: a hedge would add to what it is busy with, so that takes longer.
    fn is_slow(&self, replica: &Replica, waited: Duration, usual: Duration) -> bool {
        waited >= usual && (!replica.was_heard_since(self.began) || waited >= HEDGE_BUSY.max(usual * 3))
    }

    fn hedge_after(&self) -> Option<Duration> {
        if !self.licence.hedge || self.cluster.replicas.len() < 2 {
            return None;
        }
        self.cluster.memory.budget.earn_hedge();
        Some(self.cluster.memory.latency.p95().map_or(HEDGE_UNKNOWN, |usual| usual.max(HEDGE_LEAST)))
    }

    /// Sends the request to a second replica while the first still has it: as a hedge, or because the first was ejected
    /// meanwhile. The first may still answer; who does so first wins.
    fn second(&self, first: &Arc<Replica>, hedge: bool, idle: Duration) -> Option<Rival<'_>> {
        let memory = &self.cluster.memory;
        let rescue = self.licence.replay && first.is_ejected();
        if !hedge && !rescue {
            return None;
        }
        let tried = std::slice::from_ref(first);
        let pending = self.cluster.pick(tried, true, &self.gateway.dice, Instant::now())?;
        let replica = Arc::clone(pending.replica());
        if !replica.is_open() {
            return None;
        }
        let permit = if rescue { memory.budget.try_retry() } else { None };
        if permit.is_some() {
            self.gateway.metrics.retry();
        } else if hedge && memory.budget.try_hedge() {
            self.gateway.metrics.hedge();
        } else {
            return None;
        }
        let answering = Box::pin(attempt(pending, self.head, again(self.whole), idle));
        Some(Rival { answering, replica, _permit: permit })
    }
}

async fn race(rival: &mut Option<Rival<'_>>) -> Result<Answered, Failure> {
    match rival {
        Some(rival) => rival.answering.as_mut().await,
        None => std::future::pending().await,
    }
}

fn late(detail: &str) -> Failure {
    Failure { stage: Stage::Late, unsent: None, detail: detail.to_owned() }
}
