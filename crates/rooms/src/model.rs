//! What rooms are asked for, proposed and allocated: values and rules, no I/O.

mod request;

pub use request::{
    Acknowledgement, Answer, Equipment, Invalid, Origin, Proposal, Reason, Resolution, RoomName, Solicitation, Status,
    is_semester,
};
