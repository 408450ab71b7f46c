//! What people are shown.

use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::members::{Issued, Members};
use crate::model::{Alert, AlertKind, Equipment, Member, Record, RoomName, State};

/// A request for rooms and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct RequestView {
    /// Also the transaction's name.
    #[schema(value_type = String)]
    pub(crate) id: Id,
    /// Its name within the faculty.
    pub(crate) request_id: String,
    #[schema(example = "faculty-01")]
    pub(crate) faculty: String,
    #[schema(example = "program-01-1")]
    pub(crate) program: String,
    #[schema(example = "2025-10")]
    pub(crate) semester: String,
    /// Classrooms asked for.
    pub(crate) classrooms: u32,
    /// Laboratories asked for.
    pub(crate) labs: u32,
    pub(crate) minimum_capacity: u32,
    pub(crate) equipment: Vec<Equipment>,
    pub(crate) state: State,
    /// Why, for people.
    #[schema(required)]
    pub(crate) detail: Option<String>,
    /// The leadership under which the state was reached.
    pub(crate) epoch: u64,
    /// Rooms that are or were proposed; they are the programme's while the state is `accepted`.
    pub(crate) rooms: RoomsView,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) asked_at: Timestamp,
    /// When the proposal ends.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub(crate) deadline: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) changed_at: Timestamp,
}

/// Rooms by their use.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct RoomsView {
    #[schema(value_type = Vec<String>)]
    pub(crate) classrooms: Vec<RoomName>,
    #[schema(value_type = Vec<String>)]
    pub(crate) labs: Vec<RoomName>,
    /// Classrooms adapted as laboratories.
    #[schema(value_type = Vec<String>)]
    pub(crate) mobile_labs: Vec<RoomName>,
}

impl RequestView {
    pub(crate) fn of(record: &Record) -> Self {
        let rooms = &record.allocation;
        Self {
            id: record.id,
            request_id: record.request_id.to_string(),
            faculty: record.faculty.to_string(),
            program: record.program.to_string(),
            semester: record.semester.to_string(),
            classrooms: record.wish.classrooms,
            labs: record.wish.labs,
            minimum_capacity: record.wish.minimum_capacity,
            equipment: record.wish.equipment.list(),
            state: record.state,
            detail: record.detail.as_deref().map(str::to_owned),
            epoch: record.epoch,
            rooms: RoomsView {
                classrooms: rooms.classrooms.to_vec(),
                labs: rooms.labs.to_vec(),
                mobile_labs: rooms.mobile_labs.to_vec(),
            },
            asked_at: record.asked_at,
            deadline: record.deadline,
            changed_at: record.changed_at,
        }
    }
}

/// Something that somebody should know.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AlertView {
    pub(crate) kind: AlertKind,
    pub(crate) detail: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
}

impl AlertView {
    pub(crate) fn of(alert: &Alert) -> Self {
        Self { kind: alert.kind, detail: alert.detail.clone(), at: alert.at }
    }
}

/// A faculty, or a programme of one, and its key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MemberView {
    /// Its key's name.
    #[schema(example = "program-01-1")]
    pub(crate) name: String,
    /// Whose programme it is; `null`: it is a faculty.
    #[schema(required, example = "faculty-01")]
    pub(crate) faculty: Option<String>,
    /// For people.
    pub(crate) title: String,
    /// The last key that was decided on (Z85), admitted or not.
    #[schema(required)]
    pub(crate) public_key: Option<String>,
    /// Its key is admitted on the machine that answers.
    pub(crate) admitted: bool,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) changed_at: Timestamp,
    /// The name of the user who decided last; empty while nobody has.
    pub(crate) changed_by: String,
}

/// A member whose key was admitted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IssuedKey {
    pub(crate) member: MemberView,
    /// What its file `NAME.key` is to hold, if the pair was made here. It is not shown again.
    #[schema(required)]
    pub(crate) key_file: Option<String>,
}

impl MemberView {
    pub(crate) fn of(member: &Member, members: &Members) -> Self {
        Self {
            name: member.name.clone(),
            faculty: member.faculty.clone(),
            title: member.title.clone(),
            public_key: member.public_key.map(|key| key.to_string()),
            admitted: members.is_admitted(member),
            changed_at: member.changed_at,
            changed_by: member.changed_by.clone(),
        }
    }
}

impl IssuedKey {
    pub(crate) fn of(issued: &Issued, members: &Members) -> Self {
        let key_file = issued.pair.as_ref().map(|pair| pair.text().expose().clone());
        Self { member: MemberView::of(&issued.member, members), key_file }
    }
}
