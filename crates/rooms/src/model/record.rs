//! What is remembered of a request, and what each state of it answers.

use std::sync::Arc;
use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Allocation, Answer, Moment, Proposal, Reason, Resolution, Solicitation, Status, Wish};

/// Where a request is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// There are no rooms yet.
    Waiting,
    /// Rooms are reserved until the deadline.
    Proposed,
    /// The rooms are the programme's.
    Accepted,
    /// They were, and were given back.
    Released,
    /// The faculty did not take them.
    Rejected,
    /// The faculty did not answer in time.
    Expired,
    /// There were not enough rooms.
    Denied,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Waiting, Self::Proposed, Self::Accepted, Self::Released, Self::Rejected, Self::Expired, Self::Denied];

    /// Its name in records and on the wire of HTTP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Released => "released",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Denied => "denied",
        }
    }

    /// Whether its rooms are not free.
    pub(crate) const fn occupies(self) -> bool {
        matches!(self, Self::Proposed | Self::Accepted)
    }
}

/// A request as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Also the transaction's name.
    pub(crate) id: Id,
    pub(crate) faculty: Arc<str>,
    pub(crate) request_id: Arc<str>,
    pub(crate) program: Arc<str>,
    pub(crate) semester: Arc<str>,
    pub(crate) wish: Wish,
    /// How long a proposal is held; `None`: as the server's settings say.
    pub(crate) hold: Option<Duration>,
    pub(crate) state: State,
    /// The leadership under which the state was reached.
    pub(crate) epoch: u64,
    pub(crate) allocation: Allocation,
    pub(crate) detail: Option<Arc<str>>,
    pub(crate) asked_at: Timestamp,
    /// When the proposal ends.
    pub(crate) deadline: Option<Timestamp>,
    /// When the state was reached.
    pub(crate) changed_at: Timestamp,
}

impl Record {
    /// Whether a repeat under the same key asks for the same.
    pub(crate) fn is_repeat(&self, again: &Solicitation) -> bool {
        *self.program == *again.program && *self.semester == *again.semester && self.wish == Wish::of(again)
    }

    pub(crate) fn answer(&self, moment: &Moment) -> Answer {
        match self.state {
            State::Proposed => Answer::Proposed(Proposal {
                request_id: self.request_id.to_string(),
                transaction_id: self.id.to_string(),
                epoch: moment.epoch,
                classrooms: self.allocation.classrooms.clone(),
                labs: self.allocation.labs.clone(),
                mobile_labs: self.allocation.mobile_labs.clone(),
                expires_in: self.deadline.unwrap_or(moment.now).since(moment.now),
            }),
            State::Waiting => Answer::Waiting(self.resolution(Status::Denied, Some(Reason::InsufficientRooms), moment)),
            State::Accepted | State::Released => Answer::Resolved(self.resolution(Status::Accepted, None, moment)),
            State::Rejected => Answer::Resolved(self.resolution(Status::Canceled, Some(Reason::Rejected), moment)),
            State::Expired => Answer::Resolved(self.resolution(Status::Canceled, Some(Reason::Expired), moment)),
            State::Denied => Answer::Resolved(self.resolution(Status::Denied, Some(Reason::InsufficientRooms), moment)),
        }
    }

    fn resolution(&self, status: Status, reason: Option<Reason>, moment: &Moment) -> Resolution {
        let rooms = if status == Status::Accepted { self.allocation.clone() } else { Allocation::default() };
        Resolution {
            request_id: self.request_id.to_string(),
            // What was denied at once never was a transaction.
            transaction_id: (self.state != State::Denied).then(|| self.id.to_string()),
            epoch: moment.epoch,
            status,
            reason,
            detail: self.detail.as_deref().map(str::to_owned),
            classrooms: rooms.classrooms,
            labs: rooms.labs,
            mobile_labs: rooms.mobile_labs,
        }
    }
}

impl Wish {
    pub(crate) fn of(solicitation: &Solicitation) -> Self {
        Self {
            classrooms: solicitation.classrooms,
            labs: solicitation.labs,
            minimum_capacity: solicitation.minimum_capacity.unwrap_or(0),
            equipment: solicitation.equipment.iter().copied().collect(),
        }
    }
}

/// Something that somebody should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    pub(crate) kind: AlertKind,
    /// For people.
    pub(crate) detail: String,
    pub(crate) at: Timestamp,
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// A request of a semester was denied for want of rooms, for the first time since some were free.
    RoomsExhausted,
    /// Laboratories ran out and classrooms are adapted.
    LabsExhausted,
    /// Another server leads.
    Takeover,
}

impl AlertKind {
    pub(crate) const ALL: [Self; 3] = [Self::RoomsExhausted, Self::LabsExhausted, Self::Takeover];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RoomsExhausted => "rooms-exhausted",
            Self::LabsExhausted => "labs-exhausted",
            Self::Takeover => "takeover",
        }
    }
}
