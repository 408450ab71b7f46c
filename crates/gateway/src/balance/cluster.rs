//! A role's replicas and the choice among them.

use std::sync::{Arc, Mutex, PoisonError};

use kernel::role::Role;
use tokio::time::Instant;

use super::budget::Budget;
use super::health::{Availability, Cause};
use super::latency::Latency;
use super::replica::{Pending, Replica};
use super::rng::Dice;

/// What outlives snapshots of a role: its budget and its usual time to answer.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) budget: Budget,
    pub(crate) latency: Latency,
    ejecting: Mutex<()>,
}

/// A role's replicas in one snapshot.
pub(crate) struct Cluster {
    pub(crate) role: Role,
    pub(crate) replicas: Vec<Arc<Replica>>,
    pub(crate) memory: Arc<Memory>,
}

impl Cluster {
    /// Some replica may be given requests, ejected or not.
    pub(crate) fn is_up(&self) -> bool {
        self.replicas.iter().any(|replica| !replica.is_draining())
    }

    /// Chooses a replica that is not in `tried` and counts the request against it. When all others are ejected, one of
    /// them is chosen nevertheless: a guess is better than a certain refusal.
    pub(crate) fn pick(&self, tried: &[Arc<Replica>], timed: bool, dice: &Dice, now: Instant) -> Option<Pending> {
        self.choose(tried, dice, now).map(|replica| replica.begin(timed, now))
    }

    fn choose(&self, tried: &[Arc<Replica>], dice: &Dice, now: Instant) -> Option<&Arc<Replica>> {
        let count = self.replicas.len();
        if tried.is_empty() && count > 1 {
            let first = dice.below(count);
            let second = (first + 1 + dice.below(count - 1)) % count;
            let (one, two) = (&self.replicas[first], &self.replicas[second]);
            if one.is_open() && two.is_open() {
                return Some(if one.load(now) <= two.load(now) { one } else { two });
            }
        }
        let fresh = |replica: &&Arc<Replica>| !tried.iter().any(|other| Arc::ptr_eq(other, replica));
        let mut open: Vec<_> = self.replicas.iter().filter(fresh).filter(|replica| replica.is_open()).collect();
        if open.is_empty() {
            open = self.replicas.iter().filter(fresh).filter(|replica| !replica.is_draining()).collect();
        }
        if open.len() > 2 {
            open.swap_remove(dice.below(open.len()));
            while open.len() > 2 {
                open.swap_remove(dice.below(open.len()));
            }
        }
        open.into_iter().min_by(|one, two| one.load(now).total_cmp(&two.load(now)))
    }

    /// A replica answered with a failure of its own, or broke the exchange. A failing answer ejects only if the others
    /// do better: when a common dependency is away, everybody answers 503 and nobody is to blame.
    pub(crate) fn fail(&self, replica: &Replica, answered: bool, now: Instant) {
        if replica.fail(now) && (!answered || self.others_do_better(replica)) {
            self.eject(replica, if answered { Cause::Failures } else { Cause::Silence }, now);
        }
    }

    fn others_do_better(&self, replica: &Replica) -> bool {
        let own = replica.health(|health| health.failure_ratio());
        self.replicas
            .iter()
            .filter(|other| !std::ptr::eq(Arc::as_ptr(other), replica) && other.is_open())
            .any(|other| other.health(|health| health.failure_ratio()) * 2.0 < own)
    }

    /// Takes a replica out unless it is the last one in.
    pub(crate) fn eject(&self, replica: &Replica, cause: Cause, now: Instant) -> bool {
        let _one_at_a_time = self.memory.ejecting.lock().unwrap_or_else(PoisonError::into_inner);
        if replica.is_ejected() || !self.others_open(replica) {
            return false;
        }
        replica.eject(cause, now);
        tracing::warn!(upstream.role = %self.role, upstream.replica = %replica.id, cause = ?cause, "replica ejected");
        true
    }

    fn others_open(&self, replica: &Replica) -> bool {
        self.replicas.iter().any(|other| !std::ptr::eq(Arc::as_ptr(other), replica) && other.is_open())
    }

    /// The ejected replica whose pause is over, if any, with its trial begun.
    pub(crate) fn begin_trial(replica: &Replica, now: Instant) -> bool {
        replica.health(|health| {
            let due = health.availability(now) == Availability::Trial;
            if due {
                health.begin_trial();
            }
            due
        })
    }
}

#[cfg(test)]
mod tests;
