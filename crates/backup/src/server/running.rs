//! One attempt, from the call to its line in the log.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::error::Kind;
use kernel::id::Id;
use rustls::ClientConfig;
use store::StoreError;
use tokio::sync::Semaphore;
use vault::Repository;
use vault::repository::{Note, NoteKind, RepositoryError, Retention};

use super::Means;
use super::calling::{CallError, Called, call};
use super::leading::Term;
use super::receiving::{Counts, ReceiveError, Received, Receiving};
use super::shelf::{ShelfError, micros};
use crate::model::schedule::{after_failure, after_silence, after_success};
use crate::model::{Archive, Attempt, Outcome, Target, Warning};
use crate::store::{agents, archives, log, targets};

/// How often the log tells how far an attempt has come.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// Packs younger than this are left as they are.
const GRACE: Duration = Duration::from_secs(600);
/// While SQL is away an end waits to be written.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// An attempt that is to be made.
pub(super) struct Run {
    pub(super) means: Means,
    pub(super) term: Arc<Term>,
    pub(super) calls: Arc<ClientConfig>,
    /// Who may send at the same time.
    pub(super) slots: Arc<Semaphore>,
    pub(super) target: Target,
    /// Its line, if somebody asked for it.
    pub(super) queued: Option<Attempt>,
    /// Whether the log is told if the node does not answer: once for each time it is due, not for each look.
    pub(super) tell_silence: bool,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    #[error("the store of backups failed: {}", kernel::error::chain(.0))]
    Shelf(#[from] ShelfError),
    #[error("{0}")]
    Stranger(String),
}

impl Failure {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Call(CallError::Silent(..)) => Outcome::Unreachable,
            _ => Outcome::Failed,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Shelf(error.into())
    }
}

impl Run {
    /// Makes it; gives the target and how it ended.
    pub(super) async fn run(self) -> (Id, Outcome) {
        let (id, called) = (self.target.id, self.means.clock.now());
        let reached = self.reach().await;
        if let Err(Failure::Call(CallError::Silent(..))) = &reached
            && self.queued.is_none()
            && !self.tell_silence
        {
            self.look_again(called).await;
            return (id, Outcome::Unreachable);
        }
        let mut attempt = self.begin();
        let counts = Counts::default();
        let received = match reached {
            Ok((called, _slot)) => {
                self.told(&attempt).await;
                let made = self.receive(called, &counts);
                let telling = self.tell(attempt.clone(), &counts);
                tokio::select! {
                    made = made => made,
                    never = telling => match never {},
                }
            }
            Err(error) => Err(error),
        };
        let outcome = self.end(&mut attempt, received, (&counts, called)).await;
        (id, outcome)
    }

    /// Calls the node, and waits for a place to send from.
    async fn reach(&self) -> Result<(Called, tokio::sync::OwnedSemaphorePermit), Failure> {
        let address = &self.target.node.address;
        let called = call(address, &self.calls).await?;
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Ok((called, slot));
        }
        // An agent does not wait long to be told what is wanted of it.
        drop(called);
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.map_err(|_| Failure::Stranger("the server ends".to_owned()))?;
        Ok((call(address, &self.calls).await?, slot))
    }

    fn begin(&self) -> Attempt {
        let now = self.means.clock.now();
        match &self.queued {
            Some(queued) => Attempt { outcome: Outcome::Running, started_at: now, ..queued.clone() },
            None => Attempt::begun(self.means.ids.next(), &self.target, Outcome::Running, now),
        }
    }

    /// Takes the backup in, from the agent that was known here before.
    async fn receive(&self, called: Called, counts: &Counts) -> Result<(Received, Arc<Repository>), Failure> {
        let node = &self.target.node;
        let agent = agents::by_fingerprint(self.means.sql.reader(), &called.fingerprint).await?;
        let Some(agent) = agent else {
            let detail = format!("the agent at {} is not one that was enrolled here", node.address);
            return Err(Failure::Stranger(detail));
        };
        match node.agent {
            None => {
                let id = node.id;
                self.term.write(move |tx| async move { targets::bind(tx, id, agent).await }.boxed()).await?;
            }
            Some(known) if known == agent => {}
            Some(_) => {
                let detail = format!("another agent than before answers at {}: it was not asked", node.address);
                return Err(Failure::Stranger(detail));
            }
        }
        let repository = self.term.shelf.repository(node.id, &node.address).await?;
        let session = repository.session(micros(self.means.clock.now())).await.map_err(ReceiveError::from)?;
        let receiving = Receiving {
            stream: tokio::io::BufStream::new(called.stream),
            repository: &repository,
            session: &session,
            term: &self.term,
            clock: &*self.means.clock,
            counts,
        };
        let received = receiving.run(&self.target.path, self.means.settings.level).await?;
        drop(session);
        Ok((received, repository))
    }

    /// Writes how it ended and when it is due again, and then lets go of what is too old.
    async fn end(
        &self,
        attempt: &mut Attempt,
        received: Result<(Received, Arc<Repository>), Failure>,
        (counts, called): (&Counts, Timestamp),
    ) -> Outcome {
        let now = self.means.clock.now();
        attempt.ended_at = Some(now);
        attempt.sent = counts.sent.load(Ordering::Relaxed);
        attempt.entries = counts.entries.load(Ordering::Relaxed);
        let (mut archive, mut repository) = (None, None);
        match received {
            Ok((received, kept)) => {
                attempt.outcome = if received.record.is_some() { Outcome::Done } else { Outcome::Unchanged };
                attempt.warnings = received.notes.iter().map(warning).collect();
                attempt.warnings_total = received.notes.len() as u64;
                repository = Some(kept);
                archive = received.record.map(|record| Archive {
                    id: self.means.ids.next(),
                    node: self.target.node.id,
                    address: self.target.node.address.clone(),
                    path: self.target.path.clone(),
                    number: record.number,
                    at: attempt.started_at,
                    size: record.length,
                    span: record.span,
                    entries: record.entries,
                    warnings: record.notes_total,
                    kept: true,
                });
                if let Some(archive) = &archive {
                    attempt.entries = archive.entries;
                }
                attempt.backup = archive.as_ref().map(|archive| archive.id);
            }
            Err(failure) => {
                attempt.outcome = failure.outcome();
                attempt.detail = Some(failure.to_string());
                tracing::warn!(
                    node = %self.target.node.address, path = self.target.path, error = %failure, "no backup was made"
                );
            }
        }
        let (next_at, failures) = self.next(attempt.outcome, called);
        let (target, line) = (self.target.id, attempt.clone());
        self.written(move || (line.clone(), archive.clone(), target, next_at, failures)).await;
        if let (Some(repository), Outcome::Done) = (repository, attempt.outcome) {
            self.let_go(&repository).await;
        }
        attempt.outcome
    }

    fn next(&self, outcome: Outcome, called: Timestamp) -> (Timestamp, u32) {
        let (now, every) = (self.means.clock.now(), self.target.every);
        let failures = self.target.failures.saturating_add(1);
        match outcome {
            Outcome::Done | Outcome::Unchanged => {
                let mut chance = [0];
                self.means.ids.fill(&mut chance);
                (after_success(now, every, chance[0]), 0)
            }
            Outcome::Unreachable => (after_silence(called, failures), failures),
            _ => (after_failure(now, every, failures), failures),
        }
    }

    /// Writes an end, for as long as it takes SQL to answer: the backup itself is durable already.
    async fn written(
        &self,
        end: impl Fn() -> (Attempt, Option<Archive>, Id, Timestamp, u32) + Send + Sync + Clone + 'static,
    ) {
        loop {
            let end = end.clone();
            let written = self.term.write(move |transaction| {
                let (line, archive, target, next_at, failures) = end();
                async move {
                    log::write(transaction, &line).await?;
                    if let Some(archive) = &archive {
                        archives::insert(transaction, archive).await?;
                    }
                    targets::plan(transaction, target, next_at, failures).await
                }
                .boxed()
            });
            match written.await {
                Err(error) if matches!(error.kind, Kind::Unavailable | Kind::NoSpace) && self.term.holds() => {
                    tracing::warn!(error = %error, "the end of a backup waits to be noted");
                    tokio::time::sleep(WRITE_AGAIN).await;
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the end of a backup was not noted: whoever leads next finds it");
                    return;
                }
                Ok(()) => return,
            }
        }
    }

    /// After a look at a node that still does not answer.
    async fn look_again(&self, called: Timestamp) {
        let (target, (next_at, failures)) = (self.target.id, self.next(Outcome::Unreachable, called));
        let planned =
            self.term.write(move |tx| async move { targets::plan(tx, target, next_at, failures).await }.boxed());
        if let Err(error) = planned.await {
            tracing::debug!(error = %error, "the next look was not noted");
        }
    }

    async fn told(&self, attempt: &Attempt) {
        let line = attempt.clone();
        let told = self.term.write(move |transaction| {
            let line = line.clone();
            async move { log::write(transaction, &line).await }.boxed()
        });
        if let Err(error) = told.await {
            tracing::debug!(error = %error, "the log was not told how far a backup is");
        }
    }

    /// Tells the log now and then how far it is; never ends by itself.
    async fn tell(&self, mut attempt: Attempt, counts: &Counts) -> Infallible {
        loop {
            tokio::time::sleep(TELL_EVERY).await;
            let now = (counts.sent.load(Ordering::Relaxed), counts.entries.load(Ordering::Relaxed));
            if now != (attempt.sent, attempt.entries) {
                (attempt.sent, attempt.entries) = now;
                self.told(&attempt).await;
            }
        }
    }

    /// Drops backups beyond those that are kept, now that a newer one is committed, and what only they needed.
    async fn let_go(&self, repository: &Arc<Repository>) {
        let keep = usize::try_from(self.means.settings.keep).unwrap_or(usize::MAX);
        let retention = Retention { keep, pinned: BTreeSet::new(), grace: GRACE };
        let gone = async {
            let plan = repository.plan(&retention, micros(self.means.clock.now())).await?;
            if plan.drop.is_empty() && plan.delete.is_empty() && plan.rewrite.is_empty() {
                return Ok(Vec::new());
            }
            let term = Arc::clone(&self.term);
            Ok::<_, RepositoryError>(repository.apply(&plan, &move || term.holds()).await?.dropped)
        };
        let (node, dropped) = match gone.await {
            Ok(dropped) if dropped.is_empty() => return,
            Ok(dropped) => (self.target.node.id, dropped),
            Err(error) => {
                tracing::warn!(error = %error, "old backups stay until the next one");
                return;
            }
        };
        let noted = self.term.write(move |transaction| {
            let dropped = dropped.clone();
            async move { archives::drop_numbers(transaction, node, &dropped).await }.boxed()
        });
        if let Err(error) = noted.await {
            tracing::warn!(error = %error, "dropped backups were not noted: whoever leads next finds out");
        }
    }
}

fn warning(note: &Note) -> Warning {
    let kind = match note.kind {
        NoteKind::Unstable => "unstable",
        NoteKind::Unreadable => "unreadable",
        NoteKind::Socket => "socket",
        NoteKind::Refused => "refused",
    };
    Warning { kind: kind.to_owned(), name: crate::model::shown(&note.name) }
}
