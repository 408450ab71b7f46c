//! What is said on the wire: JSON in one frame, checked field by field.

use bytes::Bytes;
use serde::Serialize;

mod fields;
mod heartbeat;
mod reply;
mod request;

pub use heartbeat::{Heartbeat, TOPIC};
pub use reply::{Reply, parse_reply, reply};
pub use request::{Malformed, Request, acknowledgement, parse_request, solicitation};

/// What messages have room for at first: those of a few rooms fit.
const USUAL: usize = 512;

/// The largest message; one that is larger is wrong whatever it says.
pub const LARGEST: usize = 64 << 10;

fn written(message: &impl Serialize) -> Bytes {
    let mut json = Vec::with_capacity(USUAL);
    // Texts, numbers and lists of them can always be written.
    drop(serde_json::to_writer(&mut json, message));
    json.into()
}
