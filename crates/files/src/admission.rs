//! Who may transfer now: so many at once for a user, so many for the campus, and a queue that is fair between users.
//!
//! Each replica writes into Live how many transfers of whom it has let in, for a few seconds, again and again; a replica
//! that dies is forgotten with its numbers. To let one in, a replica first writes its numbers as if it had, then reads
//! the others': of two that do so at once at least the later one sees both and steps back, so the limits hold. Without
//! Live each replica counts its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::config;
use kernel::id::Id;
use kernel::lifecycle::Lifecycle;
use kernel::live::{Live, LiveError};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

/// Where the replicas' numbers are.
const PREFIX: &str = "files/slots/";
/// How long a dead replica's numbers count.
const TTL: Duration = Duration::from_secs(4);
/// How often a replica with transfers writes its numbers again.
const REFRESH: Duration = Duration::from_secs(1);
/// How often the queue looks whether another replica has room again.
const LOOK: Duration = Duration::from_millis(60);

/// How long Live may take to answer; one that does not is left alone for [`AWAY`].
const ANSWER: Duration = Duration::from_secs(1);
/// How long this replica counts alone before it asks Live again.
const AWAY: Duration = Duration::from_secs(5);

/// Why a transfer is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The user has too many: 429.
    #[error("too many transfers of this user")]
    User,
    /// The campus has too many: 503.
    #[error("too many transfers on this campus")]
    Total,
}

/// Whose transfer it is, for counting; `None` counts for the campus only.
pub(crate) type Account = Option<Id>;

/// Transfers by user; those of nobody under the empty name.
type Numbers = BTreeMap<String, u32>;

/// The right to transfer, until it is dropped.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    account: String,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.admission.lock();
        subtract(&mut state.mine, &self.account);
        state.changed = true;
        drop(state);
        self.admission.wake.notify_one();
    }
}

struct Waiter {
    admit: oneshot::Sender<Permit>,
}

#[derive(Default)]
struct State {
    /// Let in by this replica.
    mine: Numbers,
    /// `mine` is not what Live was told.
    changed: bool,
    /// Who waits, by user; users take turns.
    queues: BTreeMap<String, VecDeque<Waiter>>,
    turn: VecDeque<String>,
    /// Until when Live is not asked.
    away_until: Option<Instant>,
}

/// Lets transfers in.
pub(crate) struct Admission {
    live: Arc<dyn Live>,
    key: String,
    per_user: u32,
    total: u32,
    patience: Duration,
    /// Differs between replicas.
    step_back: Duration,
    state: Mutex<State>,
    wake: Notify,
}

impl Admission {
    /// Nobody is in yet. `run` is different in each process.
    #[must_use]
    pub(crate) fn new(live: Arc<dyn Live>, replica: &str, run: Id, settings: &config::Files) -> Arc<Self> {
        Arc::new(Self {
            live,
            key: format!("{PREFIX}{replica}.{run}"),
            per_user: settings.transfers_per_user,
            total: settings.transfers_total,
            patience: Duration::from_millis(settings.queue_ms),
            step_back: Duration::from_millis(5 + u64::from(run.to_bytes()[15]) / 4),
            state: Mutex::default(),
            wake: Notify::new(),
        })
    }

    /// Waits for a turn, up to the configured time.
    ///
    /// # Errors
    /// [`Refused`]: which limit was in the way at the end.
    pub(crate) async fn enter(self: &Arc<Self>, account: Account) -> Result<Permit, Refused> {
        let name = account.map(|user| user.to_string()).unwrap_or_default();
        let (admit, admitted) = oneshot::channel();
        {
            let mut state = self.lock();
            let queue = state.queues.entry(name.clone()).or_default();
            queue.push_back(Waiter { admit });
            if queue.len() == 1 && !state.turn.contains(&name) {
                state.turn.push_back(name.clone());
            }
        }
        self.wake.notify_one();
        // The dispatcher answers within its own patience for Live, so a queue of no time still gets a first look.
        match tokio::time::timeout(self.patience.max(Duration::from_millis(500)), admitted).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(self.why(&name).await),
        }
    }

    async fn why(&self, account: &str) -> Refused {
        let others = self.others().await;
        let mine = self.lock().mine.get(account).copied().unwrap_or(0);
        let of_user = mine.saturating_add(others.get(account).copied().unwrap_or(0));
        if !account.is_empty() && of_user >= self.per_user { Refused::User } else { Refused::Total }
    }

    /// Lets waiters in and keeps Live informed, until the process ends.
    pub(crate) async fn dispatch(self: Arc<Self>, lifecycle: Lifecycle) {
        let hard = lifecycle.hard().clone();
        let dispatching = async {
            let mut told_at = Instant::now();
            loop {
                let (waiting, busy) = {
                    let state = self.lock();
                    (!state.turn.is_empty(), !state.mine.is_empty() || state.changed)
                };
                let pause = match (waiting, busy) {
                    (true, _) => Some(LOOK),
                    (false, true) => Some(REFRESH),
                    (false, false) => None,
                };
                match pause {
                    Some(pause) => drop(tokio::time::timeout(pause, self.wake.notified()).await),
                    None => self.wake.notified().await,
                }
                let let_in = self.round().await;
                if let_in {
                    told_at = Instant::now();
                } else if told_at.elapsed() >= REFRESH || self.lock().changed {
                    self.tell().await;
                    told_at = Instant::now();
                }
            }
        };
        tokio::select! {
            () = hard.cancelled() => {}
            () = dispatching => {}
        }
    }

    /// Lets in whoever may come in; true if Live was told of somebody.
    async fn round(self: &Arc<Self>) -> bool {
        let mut told = false;
        loop {
            self.clean();
            if self.lock().turn.is_empty() {
                return told;
            }
            // A first look at the numbers as they are, then the binding one with the candidate among them.
            let others = self.others().await;
            let Some(account) = self.candidate(&others) else { return told };
            self.lock().mine.entry(account.clone()).and_modify(|count| *count += 1).or_insert(1);
            self.tell().await;
            told = true;
            let others = self.others().await;
            let Some(waiter) = self.settle(&account, &others) else {
                // Another replica was as fast: step back, and let pauses that differ decide.
                self.tell().await;
                tokio::time::sleep(self.step_back).await;
                return true;
            };
            let permit = Permit { admission: Arc::clone(self), account };
            // If the waiter left meanwhile, the permit comes back and is dropped.
            if let Some(waiter) = waiter {
                drop(waiter.admit.send(permit));
            }
        }
    }

    /// The waiter who may come in, if there is room for one more with what the others say now; else the count goes back.
    fn settle(&self, account: &str, others: &Numbers) -> Option<Option<Waiter>> {
        let mut state = self.lock();
        if within(&state.mine, others, account, self.per_user, self.total) {
            return Some(take_turn(&mut state, account));
        }
        subtract(&mut state.mine, account);
        None
    }

    /// Whose turn it is among those for whom there is room.
    fn candidate(&self, others: &Numbers) -> Option<String> {
        let state = self.lock();
        let mut tried = state.turn.iter();
        tried
            .find(|account| {
                let mut with = state.mine.clone();
                with.entry((*account).clone()).and_modify(|count| *count += 1).or_insert(1);
                within(&with, others, account, self.per_user, self.total)
            })
            .cloned()
    }

    /// Forgets those who left the queue.
    fn clean(&self) {
        let mut state = self.lock();
        for queue in state.queues.values_mut() {
            queue.retain(|waiter| !waiter.admit.is_closed());
        }
        state.queues.retain(|_, queue| !queue.is_empty());
        let State { turn, queues, .. } = &mut *state;
        turn.retain(|account| queues.contains_key(account));
    }

    async fn tell(&self) {
        let (value, empty) = {
            let mut state = self.lock();
            state.changed = false;
            (serde_json::to_vec(&state.mine).unwrap_or_default(), state.mine.is_empty())
        };
        if empty {
            self.ask(self.live.delete(&self.key)).await;
        } else {
            self.ask(self.live.put(&self.key, Bytes::from(value), Some(TTL))).await;
        }
    }

    async fn others(&self) -> Numbers {
        let mut sum = Numbers::new();
        for (key, value) in self.ask(self.live.scan(PREFIX)).await.unwrap_or_default() {
            if key == self.key {
                continue;
            }
            let Ok(numbers) = serde_json::from_slice::<Numbers>(&value) else { continue };
            for (account, count) in numbers {
                let slot = sum.entry(account).or_default();
                *slot = slot.saturating_add(count);
            }
        }
        sum
    }

    /// Live's answer, unless it is away: then the limits hold within this process, and nobody waits for it.
    async fn ask<T>(&self, question: impl Future<Output = Result<T, LiveError>>) -> Option<T> {
        if self.lock().away_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        if let Ok(Ok(answer)) = tokio::time::timeout(ANSWER, question).await {
            return Some(answer);
        }
        self.lock().away_until = Some(Instant::now() + AWAY);
        None
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_turn(state: &mut State, account: &str) -> Option<Waiter> {
    let waiter = state.queues.get_mut(account)?.pop_front();
    state.turn.retain(|other| other != account);
    if state.queues.get(account).is_some_and(|queue| !queue.is_empty()) {
        state.turn.push_back(account.to_owned());
    } else {
        state.queues.remove(account);
    }
    waiter
}

fn within(mine: &Numbers, others: &Numbers, account: &str, per_user: u32, most: u32) -> bool {
    let of = |numbers: &Numbers| numbers.get(account).copied().unwrap_or(0);
    let user_fits = account.is_empty() || of(mine).saturating_add(of(others)) <= per_user;
    user_fits && total(mine).saturating_add(total(others)) <= most
}

fn total(numbers: &Numbers) -> u32 {
    numbers.values().fold(0, |sum, count| sum.saturating_add(*count))
}

fn subtract(numbers: &mut Numbers, account: &str) {
    if let Some(count) = numbers.get_mut(account) {
        *count -= 1;
        if *count == 0 {
            numbers.remove(account);
        }
    }
}

#[cfg(test)]
mod tests;
