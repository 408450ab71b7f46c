//! The socket of servers: many peers, each message with its sender, each answer to one of them.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use omq_tokio::endpoint::Host;
use omq_tokio::{Endpoint, Identity, IdentitySocket, Message, Socket, SocketType};
use tokio_util::task::AbortOnDropHandle;

use super::door::{self, Door, Reasons, key_of};
use super::{Address, Refusals, WireError, attempts};

/// Frames of a message, without what routes it.
pub type Frames = Vec<Bytes>;

/// A ROUTER.
#[derive(Debug)]
pub struct Router {
    socket: IdentitySocket,
    address: SocketAddr,
    door: Door,
    refusals: Refusals,
    _watch: AbortOnDropHandle<()>,
}

/// The sender of a message; an answer goes back to the connection it came from.
#[derive(Debug, Clone)]
pub struct Peer {
    identity: Identity,
    /// The name under which its key is admitted; `None` behind an open door.
    pub name: Option<Arc<str>>,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Received {
    /// Who sent it.
    pub from: Peer,
    /// What.
    pub frames: Frames,
}

impl Peer {
    /// Where it is, for the log.
    #[must_use]
    pub fn address(&self) -> String {
        self.identity.peer_info().peer_address.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
    }
}

impl Router {
    /// Listens on `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// If it cannot be bound.
    pub async fn bind(address: SocketAddr, door: Door, refusals: Refusals) -> Result<Self, WireError> {
        let (socket, address, watch) = listen(SocketType::Router, address, &door, &refusals).await?;
        let socket = IdentitySocket::try_from(socket).map_err(|_| WireError::Closed)?;
        Ok(Self { socket, address, door, refusals, _watch: watch })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next message of an admitted peer.
    ///
    /// # Errors
    /// If the socket is closed.
    pub async fn receive(&self) -> Result<Received, WireError> {
        loop {
            let (identity, message) = self.socket.recv_from().await.map_err(|_| WireError::Closed)?;
            let Some(from) = self.admit(identity) else { continue };
            let frames = (0..message.len()).filter_map(|place| message.part_bytes(place)).collect();
            return Ok(Received { from, frames });
        }
    }

    /// Answers a peer.
    ///
    /// # Errors
    /// If it has gone.
    pub async fn send(&self, to: &Peer, frames: Frames) -> Result<(), WireError> {
        self.socket.send_to(&to.identity, Message::multipart(frames)).await.map_err(|_| WireError::Gone)
    }

    /// Closes the socket, after what was sent is delivered or a second has passed.
    pub async fn close(&self) {
        // The only failure is that it is closed already.
        let _ = self.socket.clone().into_inner().close().await;
    }

    /// Writes down that an admitted peer said what it may not say.
    pub fn refuse(&self, peer: &Peer, reason: impl Into<String>) {
        self.refusals.add(peer.address(), reason);
    }

    /// What was revoked after the handshake does not count any more, even before its connection is closed.
    fn admit(&self, identity: Identity) -> Option<Peer> {
        let Some(admission) = self.door.admission() else { return Some(Peer { identity, name: None }) };
        let key = key_of(identity.peer_info());
        if let Some(name) = key.as_ref().and_then(|key| admission.name_of(key)) {
            return Some(Peer { identity, name: Some(name) });
        }
        let peer = Peer { identity, name: None };
        let key = key.map_or_else(|| "none".to_owned(), |key| key.to_string());
        self.refuse(&peer, format!("the key {key} is no longer admitted"));
        None
    }
}

/// Binds a socket, logs whom it refuses, and closes the connections of keys that are revoked.
pub(super) async fn listen(
    kind: SocketType,
    address: SocketAddr,
    door: &Door,
    refusals: &Refusals,
) -> Result<(Socket, SocketAddr, AbortOnDropHandle<()>), WireError> {
    let reasons = Reasons::default();
    let options = door
        .apply(door::options().monitor_capacity(door::EVENTS).router_mandatory(kind == SocketType::Router), &reasons);
    let wrong = |error: omq_tokio::Error| WireError::Address {
        address: Address::from(address).to_string(),
        detail: error.to_string(),
    };
    let socket = Socket::try_new(kind, options).map_err(wrong)?;
    let events = socket.monitor();
    let bound = socket.bind(Address::from(address).endpoint()?).await.map_err(wrong)?;
    let Endpoint::Tcp { host: Host::Ip(ip), port } = bound else {
        return Err(WireError::Address { address: bound.to_string(), detail: "an IP address is expected".to_owned() });
    };
    let log = attempts::follow(socket.clone(), events, reasons, refusals.clone());
    let revoke = revoke(socket.clone(), door.clone(), refusals.clone());
    let watch = AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::join!(log, revoke);
    }));
    Ok((socket, SocketAddr::new(ip, port), watch))
}

async fn revoke(socket: Socket, door: Door, refusals: Refusals) {
    let Some(admission) = door.admission() else { return };
    let mut changes = admission.changes();
    while changes.changed().await.is_ok() {
        let Ok(connections) = socket.connections().await else { return };
        for connection in connections {
            let Some(peer) = connection.peer_info else { continue };
            let Some(key) = key_of(&peer).filter(|key| admission.name_of(key).is_none()) else { continue };
            let address = peer.peer_address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
            refusals.add(address, format!("the key {key} was revoked"));
            // It may have gone by itself.
            let _ = socket.disconnect_peer(connection.connection_id).await;
        }
    }
}
