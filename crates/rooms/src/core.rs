//! What sockets and HTTP ask: a handle on the one task that decides.

use tokio::sync::{mpsc, oneshot, watch};

use std::time::Instant;

use crate::model::{Acknowledgement, Answer, Origin, Reason, Resolution, Solicitation, Status};
use crate::notes::Notes;
use crate::store::notes::TimingKind;

/// Which of the two servers this is; either may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The one that leads when both start together.
    Primary,
    /// The other.
    Backup,
}

impl Role {
    /// Its name in heartbeats and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Backup => "backup",
        }
    }
}

/// Whether this server leads, and who does if it does not: what heartbeats say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// This server leads now. Its sockets need not look: the core answers [`Answer::NotLeader`] by itself.
    pub active: bool,
    /// The highest epoch known here; its own while it leads.
    pub epoch: u64,
    /// Which server this is.
    pub role: Role,
    /// Where the active server's ROUTER listens, if known.
    pub endpoint: Option<String>,
}

/// A question to the task that decides.
#[derive(Debug)]
pub enum Command {
    /// A programme asks.
    Solicit(Solicitation, Origin, oneshot::Sender<Answer>),
    /// A faculty answers.
    Acknowledge(Acknowledgement, Origin, oneshot::Sender<Answer>),
    /// The rooms of an accepted request, by its transaction's name, are given back.
    Release(String, oneshot::Sender<Answer>),
    /// Another server is to lead; answered with [`Answer::NotLeader`] once it does.
    HandOver(oneshot::Sender<Answer>),
}

/// A handle; clones are cheap and may be used concurrently: what waits together is committed together.
#[derive(Debug, Clone)]
pub struct Core {
    commands: mpsc::Sender<Command>,
    standing: watch::Receiver<Standing>,
    notes: Notes,
}

impl Core {
    /// A handle on whoever receives `commands`.
    #[must_use]
    pub fn new(commands: mpsc::Sender<Command>, standing: watch::Receiver<Standing>) -> Self {
        Self { commands, standing, notes: Notes::default() }
    }

    /// Notes how long answers take.
    #[must_use]
    pub(crate) fn noting(self, notes: Notes) -> Self {
        Self { notes, ..self }
    }

    /// Asks for rooms. The answer is durable when this returns; a repeat gets the same one. A faculty that `from` does
    /// not prove, a field out of range and a shortage are answers too.
    pub async fn solicit(&self, solicitation: Solicitation, from: Origin) -> Answer {
        let request_id = solicitation.request_id.clone();
        let began = Instant::now();
        let answer = self.ask(request_id, |answer| Command::Solicit(solicitation, from, answer)).await;
        self.time(TimingKind::Proposal, began, &answer);
        answer
    }

    /// Takes or rejects a proposal. The answer is durable when this returns; a repeat gets the same one.
    pub async fn acknowledge(&self, acknowledgement: Acknowledgement, from: Origin) -> Answer {
        let request_id = acknowledgement.request_id.clone();
        let began = Instant::now();
        let answer = self.ask(request_id, |answer| Command::Acknowledge(acknowledgement, from, answer)).await;
        self.time(TimingKind::Resolution, began, &answer);
        answer
    }

    /// Gives back the rooms of an accepted request, by its transaction's name. A repeat gets the same answer.
    pub async fn release(&self, transaction_id: String) -> Answer {
        self.ask(transaction_id.clone(), |answer| Command::Release(transaction_id, answer)).await
    }

    /// Lets another server lead; [`Answer::NotLeader`] says who does now.
    pub async fn hand_over(&self) -> Answer {
        self.ask(String::new(), Command::HandOver).await
    }

    /// Whether this server leads, now and after every change.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Only what was decided counts.
    fn time(&self, kind: TimingKind, began: Instant, answer: &Answer) {
        if !matches!(answer, Answer::NotLeader { .. }) {
            self.notes.time(kind, began.elapsed());
        }
    }

    async fn ask(&self, request_id: String, command: impl FnOnce(oneshot::Sender<Answer>) -> Command) -> Answer {
        let (answer, answered) = oneshot::channel();
        let known = self.standing.borrow().clone();
        if !known.active {
            return Answer::NotLeader { epoch: known.epoch, endpoint: known.endpoint };
        }
        if self.commands.send(command(answer)).await.is_ok()
            && let Ok(answer) = answered.await
        {
            return answer;
        }
        let detail = "the server is ending: ask again";
        Answer::Resolved(Resolution::refusal(request_id, known.epoch, Status::Canceled, Reason::Unavailable, detail))
    }
}
