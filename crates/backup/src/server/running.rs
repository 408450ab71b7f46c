//! One attempt, from the call to its line in the log.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use rustls::ClientConfig;
use store::StoreError;
use tokio::sync::Semaphore;
use vault::Repository;
use vault::repository::{Note, NoteKind, Retention};

use super::Means;
use super::calling::{CallError, Called, call};
use super::leading::Term;
use super::receiving::{Allowance, Checks, ReceiveError, Received, Receiving};
use super::shelf::{ShelfError, micros};
use super::telling::{Counts, ended, tell, told};
use crate::model::alerts::{Concern, of_backup};
use crate::model::schedule::{after_failure, after_silence, after_success};
use crate::model::{Archive, Attempt, Outcome, Reason, Target, Warning};
use crate::store::{agents, alerts, archives, log, nodes, targets};

/// Between two looks whether an agent that sends still may.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Packs younger than this are left as they are.
const GRACE: Duration = Duration::from_secs(600);

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
    #[error("the server ends")]
    Ended,
}

impl Failure {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Call(CallError::Silent(..)) => Outcome::Unreachable,
            _ => Outcome::Failed,
        }
    }

    fn reason(&self) -> Reason {
        match self {
            Self::Call(CallError::Silent(..)) => Reason::Unreachable,
            Self::Call(CallError::Stranger(..)) | Self::Stranger(_) => Reason::Stranger,
            Self::Receive(error) => error.reason(),
            Self::Shelf(_) => Reason::Store,
            Self::Ended => Reason::Interrupted,
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
                told(&self.term, &attempt).await;
                let made = self.receive(called, &counts);
                let telling = tell(&self.term, attempt.clone(), &counts);
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
        let slot = slot.map_err(|_| Failure::Ended)?;
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
                self.term.write(move |tx| async move { nodes::bind(tx, id, agent).await }.boxed()).await?;
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
            allowance: Allowance::new(node.quota, repository.stored()),
            checks: Checks::default(),
        };
        let received = self.unless_revoked(agent, receiving.run(&self.target.path, self.means.settings.level)).await;
        drop(session);
        match received {
            Err(failure @ Failure::Receive(ReceiveError::Quota(_))) => {
                self.give_up(&repository).await;
                Err(failure)
            }
            received => Ok((received?, repository)),
        }
    }

    /// Takes a backup in for as long as its agent may give one.
    async fn unless_revoked(
        &self,
        agent: Id,
        receiving: impl Future<Output = Result<Received, ReceiveError>>,
    ) -> Result<Received, Failure> {
        let revoked = async {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                match agents::is_revoked(self.means.sql.reader(), agent).await {
                    Ok(true) => return,
                    Ok(false) => {}
                    Err(error) => tracing::debug!(error = %error, "whether an agent was revoked is not known"),
                }
            }
        };
        tokio::select! {
            received = receiving => Ok(received?),
            () = revoked => {
                let address = &self.target.node.address;
                tracing::warn!(agent.id = %agent, node = %address, "an agent was revoked: its connection ends");
                Err(Failure::Stranger(format!("the agent at {address} was revoked during this attempt")))
            }
        }
    }

    /// After a node had more to send than it may have: what it sent goes, but for what committed backups need.
    async fn give_up(&self, repository: &Arc<Repository>) {
        if let Err(error) = repository.flush().await {
            tracing::warn!(error = %error, "what was sent in vain goes with the next backup");
            return;
        }
        self.let_go(repository, Duration::ZERO).await;
        self.uses(repository).await;
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
        counts.note(attempt);
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
                    proof: None,
                });
                if let Some(archive) = &archive {
                    attempt.entries = archive.entries;
                }
                attempt.backup = archive.as_ref().map(|archive| archive.id);
            }
            Err(failure) => {
                attempt.outcome = failure.outcome();
                attempt.reason = Some(failure.reason());
                attempt.detail = Some(failure.to_string());
                tracing::warn!(
                    node = %self.target.node.address, path = self.target.path, error = %failure, "no backup was made"
                );
            }
        }
        let (next, good_at) = (self.next(attempt.outcome, called), repository.as_ref().map(|_| attempt.started_at));
        let (target, line) = (self.target.id, attempt.clone());
        let concerns = match (&repository, &archive) {
            (Some(repository), Some(archive)) => self.concerns(repository, archive, attempt.sent).await,
            _ => Vec::new(),
        };
        for (_, concern) in &concerns {
            tracing::warn!(node = %self.target.node.address, path = self.target.path, alert = concern.kind.name(),
                detail = concern.detail, "a backup is not as the one before");
        }
        ended(&self.term, move |transaction| {
            let (line, archive, concerns) = (line.clone(), archive.clone(), concerns.clone());
            async move {
                log::write(transaction, &line).await?;
                if let Some(archive) = &archive {
                    archives::insert(transaction, archive).await?;
                }
                for (id, concern) in &concerns {
                    alerts::raise(transaction, *id, concern, now).await?;
                }
                targets::plan(transaction, target, next, good_at).await
            }
            .boxed()
        })
        .await;
        if let Some(repository) = repository {
            if attempt.outcome == Outcome::Done {
                self.let_go(&repository, GRACE).await;
            }
            self.uses(&repository).await;
        }
        attempt.outcome
    }

    /// What is to be told of a new backup beside the newest before it.
    async fn concerns(&self, repository: &Arc<Repository>, after: &Archive, sent: u64) -> Vec<(Id, Concern)> {
        let node = &self.target.node;
        let before = match archives::newest(self.means.sql.reader(), &node.address, &self.target.path).await {
            Ok(Some(before)) if before.node == node.id => before,
            Ok(_) => return Vec::new(),
            Err(error) => {
                tracing::warn!(error = %error, "a backup could not be compared with the one before");
                return Vec::new();
            }
        };
        // Little was sent, and nothing had been sent by an attempt that failed: most of it was here.
        let alike = self.target.failures == 0 && sent < after.size / 4;
        let shared = if alike { Ok(after.span) } else { repository.in_common(after.number, before.number).await };
        let shared = shared.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "what two backups share is not known");
            after.span
        });
        let concerns = of_backup(&self.target, &before, after, shared);
        concerns.into_iter().map(|concern| (self.means.ids.next(), concern)).collect()
    }

    /// Notes how many bytes the node's packs have.
    async fn uses(&self, repository: &Repository) {
        let (node, used) = (self.target.node.id, repository.stored());
        if used == self.target.node.used {
            return;
        }
        let noted = self.term.write(move |tx| async move { nodes::uses(tx, node, used).await }.boxed());
        if let Err(error) = noted.await {
            tracing::warn!(error = %error, "what a node uses is noted with its next backup");
        }
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

    /// After a look at a node that still does not answer.
    async fn look_again(&self, called: Timestamp) {
        let (target, next) = (self.target.id, self.next(Outcome::Unreachable, called));
        let planned = self.term.write(move |tx| async move { targets::plan(tx, target, next, None).await }.boxed());
        if let Err(error) = planned.await {
            tracing::debug!(error = %error, "the next look was not noted");
        }
    }

    /// Drops backups beyond those that are kept, now that a newer one is committed, and what only they needed.
    async fn let_go(&self, repository: &Arc<Repository>, grace: Duration) {
        let keep = usize::try_from(self.means.settings.keep).unwrap_or(usize::MAX);
        let gone = async {
            let pinned = alerts::pinned(self.means.sql.reader(), self.target.node.id).await?;
            let retention = Retention { keep, pinned: pinned.into_iter().collect(), grace };
            let plan = repository.plan(&retention, micros(self.means.clock.now())).await?;
            if plan.drop.is_empty() && plan.delete.is_empty() && plan.rewrite.is_empty() {
                return Ok(Vec::new());
            }
            let term = Arc::clone(&self.term);
            Ok::<_, ShelfError>(repository.apply(&plan, &move || term.holds()).await?.dropped)
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
