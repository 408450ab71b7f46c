//! A request and every answer it can get.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Equipment;

/// Such as `S-001` or `L-01`. Clones share the text.
pub type RoomName = Arc<str>;

/// A list of rooms. Clones share it.
pub type Rooms = Arc<[RoomName]>;

/// A programme asks for rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solicitation {
    /// The idempotency key within the faculty: 1–64 of `[A-Za-z0-9._-]`.
    pub request_id: String,
    /// The faculty's key name, such as `faculty-01`.
    pub faculty: String,
    /// The programme's key name, such as `program-01-1`.
    pub program: String,
    /// Such as `2025-10`; any of that form is known.
    pub semester: String,
    /// How many classrooms.
    pub classrooms: u32,
    /// How many laboratories; classrooms are adapted when they run out.
    pub labs: u32,
    /// Fewest seats of each room.
    pub minimum_capacity: Option<u32>,
    /// What each room must have.
    pub equipment: Vec<Equipment>,
    /// On a shortage, wait for rooms instead of being denied. Never set by a `SOL`.
    pub wait: bool,
    /// How long the proposal may wait for its acknowledgement: the server's setting if `None`, as for every `SOL`.
    pub hold: Option<Duration>,
}

/// Rooms that are reserved until the acknowledgement's deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Which request.
    pub request_id: String,
    /// Names this proposal in the acknowledgement.
    pub transaction_id: String,
    /// Under which leadership it was made; clients ignore a lower one than they have seen.
    pub epoch: u64,
    /// Classrooms used as such.
    pub classrooms: Rooms,
    /// Laboratories.
    pub labs: Rooms,
    /// Classrooms adapted as laboratories.
    pub mobile_labs: Rooms,
    /// How long the reservation still holds.
    pub expires_in: Duration,
}

/// The answer of a faculty to a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Which request.
    pub request_id: String,
    /// Which proposal.
    pub transaction_id: String,
    /// Whether it takes the rooms.
    pub accept: bool,
}

/// The final word on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Which request; as given, also where it is invalid.
    pub request_id: String,
    /// Which proposal, if there was one.
    pub transaction_id: Option<String>,
    /// Under which leadership it was said.
    pub epoch: u64,
    /// What became of it.
    pub status: Status,
    /// Why, unless it was accepted.
    pub reason: Option<Reason>,
    /// For people.
    pub detail: Option<String>,
    /// Classrooms used as such, when accepted.
    pub classrooms: Rooms,
    /// Laboratories, when accepted.
    pub labs: Rooms,
    /// Classrooms adapted as laboratories, when accepted.
    pub mobile_labs: Rooms,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// The rooms are the programme's.
    Accepted,
    /// It was refused; nothing is reserved.
    Denied,
    /// It was given up; nothing is reserved.
    Canceled,
}

/// Why a request was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// There are not as many rooms of that kind free.
    InsufficientRooms,
    /// The faculty did not take the proposal.
    Rejected,
    /// The proposal was not acknowledged in time.
    Expired,
    /// No proposal of that name is known for this faculty.
    UnknownTransaction,
    /// No server, or its records cannot be written: try again.
    Unavailable,
    /// The message is wrong; `detail` names the field.
    Invalid,
}

/// Who asks, as far as it is proven.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The faculty whose key the connection has, or for whom the user of HTTP speaks. `None` if nothing proves it
    /// (`rooms.security = "none"`): then what the message says counts.
    pub faculty: Option<Arc<str>>,
}

/// The answer of the core to a request or an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Rooms are reserved.
    Proposed(Proposal),
    /// It is over, or the message was wrong.
    Resolved(Resolution),
    /// It waits for rooms: only a request with `wait` gets this first, and any repeat of it while it waits.
    Waiting(Resolution),
    /// Another server leads.
    NotLeader {
        /// The highest epoch known here.
        epoch: u64,
        /// Where the active server's ROUTER listens, if known.
        endpoint: Option<String>,
    },
}

/// A field of a message is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct Invalid {
    /// The field's name on the wire.
    pub field: &'static str,
    /// What is wrong.
    pub detail: String,
}

impl Invalid {
    /// A field and what is wrong with it.
    #[must_use]
    pub fn new(field: &'static str, detail: impl Into<String>) -> Self {
        Self { field, detail: detail.into() }
    }
}

/// The most rooms of one kind that one request may name.
pub const MOST_ROOMS: u32 = 10_000;

/// Whether this is a year and a term: `^[0-9]{4}-(10|20|30)$`.
#[must_use]
pub fn is_semester(text: &str) -> bool {
    text.split_once('-').is_some_and(|(year, term)| {
        year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) && matches!(term, "10" | "20" | "30")
    })
}

/// Where both are named as in the reference campus, the programme must be one of the faculty's.
pub(super) fn check_programme(faculty: &str, program: &str) -> Result<(), Invalid> {
    if let (Some(of), Some(rest)) = (faculty.strip_prefix("faculty-"), program.strip_prefix("program-"))
        && rest.rsplit_once('-').map(|(number, _)| number) != Some(of)
    {
        return Err(Invalid::new("program", format!("{faculty} has no such programme")));
    }
    Ok(())
}

impl Solicitation {
    /// Checks what a message alone can tell: forms and ranges, not who sent it.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        let name_fits = |text: &str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        for (field, value) in [("request_id", &self.request_id), ("faculty", &self.faculty), ("program", &self.program)]
        {
            if !name_fits(value) {
                return Err(Invalid::new(field, "1 to 64 letters, digits, dots, underscores or hyphens are expected"));
            }
        }
        check_programme(&self.faculty, &self.program)?;
        if !is_semester(&self.semester) {
            return Err(Invalid::new("semester", "a year and 10, 20 or 30 are expected, such as 2025-10"));
        }
        for (field, count) in [("classrooms", self.classrooms), ("labs", self.labs)] {
            if count > MOST_ROOMS {
                return Err(Invalid::new(field, format!("at most {MOST_ROOMS} are expected")));
            }
        }
        if self.classrooms == 0 && self.labs == 0 {
            return Err(Invalid::new("classrooms", "at least one classroom or laboratory is expected"));
        }
        Ok(())
    }
}

impl Resolution {
    /// A refusal without rooms.
    #[must_use]
    pub fn refusal(
        request_id: impl Into<String>,
        epoch: u64,
        status: Status,
        reason: Reason,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            request_id: request_id.into(),
            transaction_id: None,
            epoch,
            status,
            reason: Some(reason),
            detail: Some(detail.into()),
            classrooms: Rooms::default(),
            labs: Rooms::default(),
            mobile_labs: Rooms::default(),
        }
    }
}
