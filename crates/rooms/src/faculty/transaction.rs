//! One request from its SOL to its RES, across whatever happens to servers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::config::Pattern;
use tokio::time::Instant;

use super::Settings;
use super::leaders::Leaders;
use super::line::{Dealers, Line};
use crate::message::{self, Reply};
use crate::model::{Acknowledgement, Proposal, Reason, Resolution, Solicitation, Status};
use crate::wire::{Address, WireError};

/// How long an answer may take before the same is said again: each message may be repeated.
const ATTEMPT: Duration = Duration::from_secs(1);
/// Before a server that cannot answer now is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a server took to answer a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Which.
    pub step: Step,
    /// From the first time it was sent to its answer.
    pub took: Duration,
}

/// A message and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// SOL to PROP or RES.
    Solicited,
    /// ACK to RES.
    Acknowledged,
}

impl Step {
    /// The message that is answered.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Solicited => "SOL",
            Self::Acknowledged => "ACK",
        }
    }
}

/// Runs the transactions of a faculty.
#[derive(Debug)]
pub(super) struct Transactions {
    pub(super) settings: Settings,
    leaders: Leaders,
    dealers: Arc<Dealers>,
}

/// Where a transaction is.
enum Stage {
    Soliciting,
    Acknowledging(Acknowledgement, u64),
}

impl Transactions {
    /// Begins to follow the servers.
    pub(super) async fn begin(settings: Settings) -> Result<Self, WireError> {
        let dealers = Arc::new(Dealers::new(settings.key.clone()));
        let kept = (settings.pattern == Pattern::Async).then_some(&dealers);
        let leaders = Leaders::follow(&settings, kept).await?;
        Ok(Self { settings, leaders, dealers })
    }

    /// The final word on a request. It asks the same again, of whoever leads, until it is answered or nobody has been
    /// for `answer_timeout`.
    pub(super) async fn run(&self, asked: &Solicitation) -> Resolution {
        let mut line = match self.settings.pattern {
            Pattern::Async => Line::Dealer(self.dealers.line(&asked.request_id)),
            Pattern::Broker => Line::Req { key: self.settings.key.clone(), open: None },
        };
        let mut stage = Stage::Soliciting;
        let mut begun = Instant::now();
        let mut patience = begun + self.settings.answer_timeout;
        let mut last_word = None;
        loop {
            let payload = match &stage {
                Stage::Soliciting => message::solicitation(asked),
                Stage::Acknowledging(given, _) => message::acknowledgement(given),
            };
            let Ok(reply) = tokio::time::timeout_at(patience, self.answer(&mut line, &stage, payload)).await else {
                return last_word.unwrap_or_else(|| unavailable(asked));
            };
            match (reply, &stage) {
                (Reply::Proposed(proposal), Stage::Soliciting) => {
                    self.measure(Step::Solicited, begun);
                    stage = Stage::Acknowledging(self.judge(asked, &proposal), proposal.epoch);
                    begun = Instant::now();
                    patience = begun + self.settings.answer_timeout;
                }
                (Reply::Resolved(said), Stage::Acknowledging(_, epoch))
                    if said.reason == Some(Reason::UnknownTransaction) && said.epoch > *epoch =>
                {
                    // Another server leads and does not know the proposal: it was never durable, so ask anew.
                    stage = Stage::Soliciting;
                    last_word = Some(said);
                    tokio::time::sleep(PAUSE).await;
                }
                (Reply::Resolved(said), _) if said.reason == Some(Reason::Unavailable) => {
                    last_word = Some(said);
                    tokio::time::sleep(PAUSE).await;
                }
                (Reply::Resolved(said), stage) => {
                    let step = match stage {
                        Stage::Soliciting => Step::Solicited,
                        Stage::Acknowledging(..) => Step::Acknowledged,
                    };
                    self.measure(step, begun);
                    return said;
                }
                (Reply::Proposed(_), Stage::Acknowledging(..)) => {}
                (Reply::NotLeader { .. }, _) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// The next answer that counts: sent to whoever leads, again after a while or when another does.
    async fn answer(&self, line: &mut Line, stage: &Stage, payload: Bytes) -> Reply {
        loop {
            let server = self.leaders.active().await;
            let mut answered = tokio::select! {
                answered = line.exchange(&server, payload.clone(), ATTEMPT) => answered,
                () = self.leaders.no_longer(&server) => {
                    self.dealers.drop_connection(&server).await;
                    continue;
                }
            };
            // What was answered late, to an earlier sending, must not be taken for the answer to this one.
            while let Ok((from, reply)) = &answered {
                if self.counts(from, reply, stage) {
                    return reply.clone();
                }
                answered = line.further(ATTEMPT).await;
            }
            if let Err(error) = answered {
                tracing::debug!(server.endpoint = %server, error = %error, "asking again");
            }
        }
    }

    fn counts(&self, from: &Address, reply: &Reply, stage: &Stage) -> bool {
        match (reply, stage) {
            (Reply::Proposed(proposal), Stage::Soliciting) => self.leaders.believes(from, proposal.epoch),
            (Reply::Proposed(_), Stage::Acknowledging(..)) => false,
            (Reply::Resolved(said), _) => self.leaders.believes(from, said.epoch),
            (Reply::NotLeader { epoch, endpoint }, _) => {
                self.leaders.told(from, *epoch, endpoint.as_deref());
                true
            }
        }
    }

    /// A proposal is taken if it is what was asked for, and rejected if it adapts classrooms that this faculty does not
    /// want adapted.
    fn judge(&self, asked: &Solicitation, proposal: &Proposal) -> Acknowledgement {
        let labs = proposal.labs.len() + proposal.mobile_labs.len();
        let complete = proposal.classrooms.len() == asked.classrooms as usize && labs == asked.labs as usize;
        if !complete {
            tracing::warn!(request.id = asked.request_id, "a proposal is not what was asked for");
        }
        Acknowledgement {
            request_id: asked.request_id.clone(),
            transaction_id: proposal.transaction_id.clone(),
            accept: complete && (self.settings.accept_mobile || proposal.mobile_labs.is_empty()),
        }
    }

    fn measure(&self, step: Step, begun: Instant) {
        if let Some(measured) = &self.settings.measured {
            // Nobody wants it any more: nothing is lost.
            let _ = measured.send(Measured { step, took: begun.elapsed() });
        }
    }
}

fn unavailable(asked: &Solicitation) -> Resolution {
    let detail = "no server is active: ask again with the same request_id";
    Resolution::refusal(&asked.request_id, 0, Status::Canceled, Reason::Unavailable, detail)
}
