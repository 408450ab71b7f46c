//! The sockets that connect.

use omq_tokio::{Message, MonitorEvent, MonitorRecvError, Socket, SocketType};
use tokio_util::task::AbortOnDropHandle;

use super::{Address, Frames, Key, WireError, door};

/// After a server refused this side's key: it may be admitted later.
const REFUSED: std::time::Duration = std::time::Duration::from_secs(1);

/// A DEALER: one lasting connection, many messages on their way at once.
#[derive(Debug)]
pub struct Dealer {
    socket: Socket,
    _redial: AbortOnDropHandle<()>,
}

impl Dealer {
    /// Dials `address`, again and again if need be; returns at once.
    ///
    /// # Errors
    /// If the address or the key cannot be used.
    pub async fn connect(address: &Address, key: &Key) -> Result<Self, WireError> {
        let (socket, redial) = dial(SocketType::Dealer, address, key).await?;
        Ok(Self { socket, _redial: redial })
    }

    /// Sends, or keeps until there is a connection.
    ///
    /// # Errors
    /// If the socket is closed.
    pub async fn send(&self, frames: Frames) -> Result<(), WireError> {
        self.socket.send(Message::multipart(frames)).await.map_err(|_| WireError::Closed)
    }

    /// The next message.
    ///
    /// # Errors
    /// If the socket is closed.
    pub async fn receive(&self) -> Result<Frames, WireError> {
        receive(&self.socket).await
    }
}

pub(super) async fn receive(socket: &Socket) -> Result<Frames, WireError> {
    let message = socket.recv().await.map_err(|_| WireError::Closed)?;
    Ok((0..message.len()).filter_map(|place| message.part_bytes(place)).collect())
}

/// Connects a socket and keeps it dialling, also after a refusal, which the library takes as final.
pub(super) async fn dial(
    kind: SocketType,
    address: &Address,
    key: &Key,
) -> Result<(Socket, AbortOnDropHandle<()>), WireError> {
    let wrong =
        |error: omq_tokio::Error| WireError::Address { address: address.to_string(), detail: error.to_string() };
    let socket = Socket::try_new(kind, key.apply(door::options())).map_err(wrong)?;
    let mut events = socket.monitor();
    let endpoint = address.endpoint()?;
    socket.connect(endpoint.clone()).await.map_err(wrong)?;
    let redial = {
        let socket = socket.clone();
        let address = address.to_string();
        async move {
            loop {
                match events.recv().await {
                    Ok(MonitorEvent::ConnectStopped { reason, .. }) => {
                        tracing::warn!(address, reason = ?reason, "the other side refuses our key");
                        tokio::time::sleep(REFUSED).await;
                        if socket.connect(endpoint.clone()).await.is_err() {
                            return;
                        }
                    }
                    Ok(_) | Err(MonitorRecvError::Lagged(_)) => {}
                    Err(_) => return,
                }
            }
        }
    };
    Ok((socket, AbortOnDropHandle::new(tokio::spawn(redial))))
}
