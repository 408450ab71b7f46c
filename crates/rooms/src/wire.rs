//! ZeroMQ: the only module that names its crate.
//!
//! A **door** is what a bound socket asks of those who come in, a **key** what a connecting one shows. Over CURVE every
//! message is read and written only by the two ends, and a bound socket knows with each message under which name its
//! sender was admitted. Whoever is not admitted never exchanges a message; the attempt is logged once and counted. A key
//! that is revoked loses its living connections.

mod address;
mod attempts;
mod curve;
mod dealer;
mod door;
mod publisher;
mod refusals;
mod rep;
mod req;
mod router;
mod subscriber;

pub use address::Address;
pub(crate) use curve::public_half;
pub use dealer::Dealer;
pub use door::{Door, Key};
pub use publisher::Publisher;
pub use refusals::{Refusal, Refusals};
pub use rep::{Asked, Rep};
pub(crate) use rep::{open, seal};
pub use req::Req;
pub use router::{Frames, Peer, Received, Router};
pub use subscriber::Subscriber;

/// The largest frame that is read at all, with what CURVE adds to a mebibyte (RFC 26: 33 bytes); a peer that sends more
/// loses its connection.
pub const LARGEST_FRAME: usize = (1 << 20) + 33;

/// A socket cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The address cannot be bound or connected to.
    #[error("{address}: {detail}")]
    Address {
        /// Which one.
        address: String,
        /// Why.
        detail: String,
    },
    /// Nobody is there to take the message.
    #[error("the peer is gone")]
    Gone,
    /// No answer came in time.
    #[error("no answer in time")]
    Silent,
    /// The socket was closed.
    #[error("the socket is closed")]
    Closed,
}
