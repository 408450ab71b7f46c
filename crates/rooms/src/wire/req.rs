//! A REQ: a question, then its answer.

use std::time::Duration;

use bytes::Bytes;
use omq_tokio::{Message, Socket, SocketType};
use tokio_util::task::AbortOnDropHandle;

use super::{Address, Key, WireError, dealer};

/// A REQ. One that got no answer in time is of no more use: drop it and connect another.
#[derive(Debug)]
pub struct Req {
    socket: Socket,
    _redial: AbortOnDropHandle<()>,
}

impl Req {
    /// Dials `address`, again and again if need be; returns at once.
    ///
    /// # Errors
    /// If the address or the key cannot be used.
    pub async fn connect(address: &Address, key: &Key) -> Result<Self, WireError> {
        let (socket, redial) = dealer::dial(SocketType::Req, address, key).await?;
        Ok(Self { socket, _redial: redial })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// If none came in time, or the socket is closed.
    pub async fn ask(&self, payload: Bytes, limit: Duration) -> Result<Bytes, WireError> {
        let exchange = async {
            self.socket.send(Message::single(payload)).await.map_err(|_| WireError::Closed)?;
            let mut frames = dealer::receive(&self.socket).await?;
            Ok(frames.pop().unwrap_or_default())
        };
        tokio::time::timeout(limit, exchange).await.unwrap_or(Err(WireError::Silent))
    }
}
