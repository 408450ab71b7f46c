//! What is due is attempted: one attempt of a node at a time, some nodes at once, and nodes that do not answer hold up
//! nobody.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use rustls::ClientConfig;
use store::StoreError;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Means;
use super::leading::Term;
use super::running::Run;
use super::telling::write;
use crate::model::{Attempt, Outcome, Reason, Target, Work};
use crate::store::{log, targets};

/// How often it is looked for what is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Nodes that are called at once, at most; sending is limited by a setting.
const CALLS: usize = 64;

/// What a leader does.
pub(super) struct Scheduler {
    means: Means,
    term: Arc<Term>,
    calls: Arc<ClientConfig>,
    nudge: Arc<Notify>,
    slots: Arc<Semaphore>,
    runs: JoinSet<(Id, Outcome)>,
    /// Nodes of which an attempt is under way, by its target.
    busy: HashMap<Id, Id>,
    /// When a target's silence was last written to the log.
    silent_since: HashMap<Id, Timestamp>,
}

impl Scheduler {
    pub(super) fn new(means: Means, term: Arc<Term>, calls: Arc<ClientConfig>, nudge: Arc<Notify>) -> Self {
        let slots = Arc::new(Semaphore::new(means.settings.parallel as usize));
        let (runs, busy, silent_since) = (JoinSet::new(), HashMap::new(), HashMap::new());
        Self { means, term, calls, nudge, slots, runs, busy, silent_since }
    }

    /// Until the lead ends; then nothing is under way any more.
    pub(super) async fn run(mut self, ended: CancellationToken) {
        let mut began = false;
        loop {
            let looked = async {
                if !began {
                    self.abandon().await?;
                    began = true;
                }
                self.look().await
            };
            if let Err(error) = looked.await {
                tracing::warn!(error = %error, "what is due is not known: looking again");
            }
            tokio::select! {
                () = ended.cancelled() => break,
                Some(Ok((target, outcome))) = self.runs.join_next() => self.ran(target, outcome),
                () = self.nudge.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        self.runs.shutdown().await;
    }

    /// Attempts of a server that ended: their targets are due again.
    async fn abandon(&self) -> Result<(), StoreError> {
        let left = log::with_outcome(self.means.sql.reader(), Work::Backup, Outcome::Running, 1000).await?;
        let now = self.means.clock.now();
        for attempt in left {
            let line = Attempt {
                outcome: Outcome::Failed,
                ended_at: Some(now),
                reason: Some(Reason::Interrupted),
                detail: Some("the server ended during this attempt; it is made again at once".to_owned()),
                ..attempt
            };
            let target = line.target;
            let noted = self.term.write(move |transaction| {
                let line = line.clone();
                async move {
                    log::write(transaction, &line).await?;
                    match target {
                        Some(target) => targets::due_now(transaction, target, now).await,
                        None => Ok(()),
                    }
                }
                .boxed()
            });
            noted.await?;
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let now = self.means.clock.now();
        let queued = log::with_outcome(self.means.sql.reader(), Work::Backup, Outcome::Queued, CALLS as u64).await?;
        for attempt in queued {
            let target = match attempt.target {
                Some(id) => targets::get(self.means.sql.reader(), id).await?,
                None => None,
            };
            match target {
                Some(target) => self.start(target, Some(attempt), now),
                None => {
                    let detail = Some("it was unregistered before it began".to_owned());
                    let reason = Some(Reason::Unregistered);
                    let line = Attempt { outcome: Outcome::Failed, ended_at: Some(now), reason, detail, ..attempt };
                    write(&self.term, line).await?;
                }
            }
        }
        for target in targets::due(self.means.sql.reader(), now, 2 * CALLS as u64).await? {
            self.start(target, None, now);
        }
        Ok(())
    }

    fn start(&mut self, target: Target, queued: Option<Attempt>, now: Timestamp) {
        let node = target.node.id;
        if self.runs.len() >= CALLS || self.busy.contains_key(&node) {
            return;
        }
        let told = self.silent_since.get(&target.id);
        let tell_silence = told.is_none_or(|told| now.since(*told) >= target.every);
        self.busy.insert(node, target.id);
        let run = Run {
            means: self.means.clone(),
            term: Arc::clone(&self.term),
            calls: Arc::clone(&self.calls),
            slots: Arc::clone(&self.slots),
            target,
            queued,
            tell_silence,
        };
        if tell_silence {
            self.silent_since.remove(&run.target.id);
        }
        let id = run.target.id;
        // An attempt that dies must not keep its node from the next.
        let guarded = AssertUnwindSafe(run.run().boxed()).catch_unwind();
        self.runs.spawn(async move { guarded.await.unwrap_or((id, Outcome::Failed)) });
    }

    fn ran(&mut self, target: Id, outcome: Outcome) {
        self.busy.retain(|_, busy| *busy != target);
        if outcome == Outcome::Unreachable {
            self.silent_since.entry(target).or_insert_with(|| self.means.clock.now());
        } else {
            self.silent_since.remove(&target);
        }
    }
}
