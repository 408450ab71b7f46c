//! A SUB.

use omq_tokio::{Socket, SocketType};
use tokio_util::task::AbortOnDropHandle;

use super::{Address, Frames, Key, WireError, dealer};

/// A SUB of one topic at one address.
#[derive(Debug)]
pub struct Subscriber {
    socket: Socket,
    _redial: AbortOnDropHandle<()>,
}

impl Subscriber {
    /// Dials `address`, again and again if need be, and subscribes to what begins with `topic`.
    ///
    /// # Errors
    /// If the address or the key cannot be used.
    pub async fn connect(address: &Address, key: &Key, topic: &'static str) -> Result<Self, WireError> {
        let (socket, redial) = dealer::dial(SocketType::Sub, address, key).await?;
        socket.subscribe(topic).await.map_err(|_| WireError::Closed)?;
        Ok(Self { socket, _redial: redial })
    }

    /// The next message.
    ///
    /// # Errors
    /// If the socket is closed.
    pub async fn receive(&self) -> Result<Frames, WireError> {
        dealer::receive(&self.socket).await
    }
}
