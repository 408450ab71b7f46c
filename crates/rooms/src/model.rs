//! What rooms are asked for, proposed and allocated: values and rules, no I/O.

mod equipment;
mod fit;
mod inventory;
mod ledger;
mod member;
mod question;
mod record;
mod request;

pub use equipment::Equipment;
pub(crate) use equipment::EquipmentSet;
pub(crate) use fit::{Allocation, Wish};
pub use inventory::{Inventory, Kind, Room};
pub(crate) use ledger::{Changes, Ledger, Moment, key};
pub(crate) use member::{Action, Admittance, Decision, FOUND, Member, check_member, check_title};
pub(crate) use question::Question;
pub(crate) use record::{Alert, Record};
pub use record::{AlertKind, State};
pub use request::{
    Acknowledgement, Answer, Invalid, Origin, Proposal, Reason, Resolution, RoomName, Rooms, Solicitation, Status,
    is_semester,
};
