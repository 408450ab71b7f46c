//! A PUB.

use std::net::SocketAddr;

use omq_tokio::{Message, Socket, SocketType};
use tokio_util::task::AbortOnDropHandle;

use super::{Door, Frames, Refusals, WireError, router};

/// A PUB; only admitted keys can subscribe.
#[derive(Debug)]
pub struct Publisher {
    socket: Socket,
    address: SocketAddr,
    _watch: AbortOnDropHandle<()>,
}

impl Publisher {
    /// Listens on `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// If it cannot be bound.
    pub async fn bind(address: SocketAddr, door: &Door, refusals: &Refusals) -> Result<Self, WireError> {
        let (socket, address, watch) = router::listen(SocketType::Pub, address, door, refusals).await?;
        Ok(Self { socket, address, _watch: watch })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends to whoever subscribed; who is too slow misses it.
    ///
    /// # Errors
    /// If the socket is closed.
    pub async fn send(&self, frames: Frames) -> Result<(), WireError> {
        self.socket.send(Message::multipart(frames)).await.map_err(|_| WireError::Closed)
    }
}
