//! The socket of faculties towards their programmes: a request, then its answer.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::{Door, Frames, Peer, Refusals, Router, WireError};

/// Answers REQ as a REP does, and DEALER in its own kind. Underneath it is a ROUTER, which a REQ cannot tell apart: a
/// REP would let one programme's transaction keep the others waiting, and does not say whose key a request came with.
#[derive(Debug, Clone)]
pub struct Rep {
    router: Arc<Router>,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Asked {
    rep: Arc<Router>,
    from: Peer,
    enveloped: bool,
    /// The request; `Err` if it has not exactly one frame.
    pub payload: Result<Bytes, usize>,
}

impl Rep {
    /// Listens on `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// If it cannot be bound.
    pub async fn bind(address: SocketAddr, door: Door, refusals: Refusals) -> Result<Self, WireError> {
        Router::bind(address, door, refusals).await.map(|router| Self { router: Arc::new(router) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.router.address()
    }

    /// The next request of an admitted peer.
    ///
    /// # Errors
    /// If the socket is closed.
    pub async fn receive(&self) -> Result<Asked, WireError> {
        let received = self.router.receive().await?;
        let (enveloped, payload) = open(received.frames);
        Ok(Asked { rep: Arc::clone(&self.router), from: received.from, enveloped, payload })
    }

    /// Closes the socket, after what was sent is delivered or a second has passed.
    pub async fn close(&self) {
        self.router.close().await;
    }
}

impl Asked {
    /// The name under which the sender's key is admitted; `None` behind an open door.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.from.name.as_deref()
    }

    /// Answers.
    ///
    /// # Errors
    /// If who asked has gone.
    pub async fn answer(self, payload: Bytes) -> Result<(), WireError> {
        self.rep.send(&self.from, seal(self.enveloped, payload)).await
    }

    /// Writes down that an admitted peer said what it may not say.
    pub fn refuse(&self, reason: impl Into<String>) {
        self.rep.refuse(&self.from, reason);
    }
}

/// Takes a REQ's empty delimiter off; what is left must be one frame, else the number there is.
pub(crate) fn open(mut frames: Frames) -> (bool, Result<Bytes, usize>) {
    let enveloped = frames.len() > 1 && frames[0].is_empty();
    if enveloped {
        frames.remove(0);
    }
    match <[Bytes; 1]>::try_from(frames) {
        Ok([payload]) => (enveloped, Ok(payload)),
        Err(frames) => (enveloped, Err(frames.len())),
    }
}

/// The frames of an answer, in the kind of its question.
pub(crate) fn seal(enveloped: bool, payload: Bytes) -> Frames {
    if enveloped { vec![Bytes::new(), payload] } else { vec![payload] }
}
