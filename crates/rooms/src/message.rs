//! What is said on the wire: JSON in one frame, checked field by field.

mod fields;
mod heartbeat;
mod reply;
mod request;

pub use heartbeat::{Heartbeat, TOPIC};
pub use reply::{Reply, parse_reply, reply};
pub use request::{Malformed, Request, acknowledgement, parse_request, solicitation};

/// The largest message; one that is larger is wrong whatever it says.
pub const LARGEST: usize = 64 << 10;
