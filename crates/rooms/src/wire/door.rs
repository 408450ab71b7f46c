//! What sockets ask of each other before the first message.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use omq_tokio::options::{KeepAlive, ReconnectPolicy};
use omq_tokio::proto::mechanism::MechanismPeerInfo;
use omq_tokio::{CurveServerOptions, Options, PeerInfo, PeerPublicKey};

use super::{LARGEST_FRAME, curve};
use crate::keys::{Admission, KeyPair, PublicKey};

/// A peer that is silent for this long is pinged; without an answer for `DEAD` its connection ends.
const PING: Duration = Duration::from_secs(1);
const DEAD: Duration = Duration::from_secs(3);
/// How long a peer may take to prove who it is.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a closing socket tries to deliver what was sent.
const LINGER: Duration = Duration::from_secs(1);
/// Between two attempts to connect: the first pause, doubled until it is the last.
const REDIAL: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(800));
/// Messages that wait in each direction of a connection. Room for them is taken at once: with 10,000 an idle process of ten
/// faculties held 150 MB.
const QUEUE: u32 = 512;
/// Connection events that wait to be logged.
pub(super) const EVENTS: usize = 2_048;
/// Events of a connection of one's own that wait: there are few, and room for them is taken at once in every socket.
const OWN_EVENTS: usize = 64;
/// Routing identities that are remembered with the key that first used them.
const IDENTITIES: usize = 65_536;

/// What a bound socket asks of those who come in.
#[derive(Debug, Clone)]
pub enum Door {
    /// Nothing: for a laboratory, on loopback.
    Open,
    /// CURVE, and an admitted key.
    Curve {
        /// This side's keys.
        keys: KeyPair,
        /// Whom it admits.
        admission: Admission,
    },
}

/// What a connecting socket shows.
#[derive(Debug, Clone)]
pub enum Key {
    /// Nothing.
    Open,
    /// Its own keys, and which server it expects.
    Curve {
        /// This side's keys.
        keys: KeyPair,
        /// The other side's public key; nobody else is spoken to.
        server: PublicKey,
    },
}

/// What the authenticator found wrong and from which IP address (it is told no port), until the connection's end is
/// logged. Attempts of one address end in the order in which they were judged.
pub(super) type Reasons = Arc<Mutex<VecDeque<(String, String)>>>;

/// The reason for a connection from `ip` that ended after the authenticator had judged it.
pub(super) fn take_reason(reasons: &Reasons, ip: &str) -> Option<String> {
    let mut reasons = reasons.lock().unwrap_or_else(PoisonError::into_inner);
    let place = reasons.iter().position(|(from, _)| from == ip)?;
    reasons.remove(place).map(|(_, reason)| reason)
}

/// What every socket has: silence is noticed, closing delivers, frames are limited.
pub(super) fn options() -> Options {
    Options::default()
        .linger(LINGER)
        .send_hwm(QUEUE)
        .recv_hwm(QUEUE)
        .max_message_size(LARGEST_FRAME)
        .heartbeat_interval(PING)
        .heartbeat_ttl(DEAD)
        .heartbeat_timeout(DEAD)
        .handshake_timeout(HANDSHAKE)
        .reconnect(ReconnectPolicy::Exponential { min: REDIAL.0, max: REDIAL.1 })
        .tcp_keepalive(KeepAlive::Enabled { idle: Duration::from_secs(10), intvl: Duration::from_secs(5), cnt: 3 })
        .monitor_capacity(OWN_EVENTS)
}

impl Door {
    pub(super) fn apply(&self, options: Options, reasons: &Reasons) -> Options {
        match self {
            Self::Open => options,
            Self::Curve { keys, admission } => {
                let check =
                    Check { admission: admission.clone(), reasons: Arc::clone(reasons), used: Mutex::default() };
                let server = CurveServerOptions::default().authenticator(move |peer| check.admits(peer));
                options.curve_server_with_options(curve::pair(keys), server)
            }
        }
    }

    pub(super) fn admission(&self) -> Option<&Admission> {
        match self {
            Self::Open => None,
            Self::Curve { admission, .. } => Some(admission),
        }
    }
}

impl Key {
    pub(super) fn apply(&self, options: Options) -> Options {
        match self {
            Self::Open => options,
            Self::Curve { keys, server } => options.curve_client(curve::pair(keys), curve::public(*server)),
        }
    }
}

/// The key a peer proved to hold.
pub(super) fn key_of(peer: &PeerInfo) -> Option<PublicKey> {
    match peer.authentication.public_key {
        Some(PeerPublicKey::Curve(key)) => Some(PublicKey(key)),
        _ => None,
    }
}

struct Check {
    admission: Admission,
    reasons: Reasons,
    used: Mutex<HashMap<Bytes, [u8; 32]>>,
}

impl Check {
    fn admits(&self, peer: &MechanismPeerInfo) -> bool {
        let key = PublicKey(peer.public_key);
        let reason = match self.admission.name_of(&key) {
            None => format!("the key {key} is not admitted"),
            Some(name) => match self.claim(peer.identity.as_ref(), peer.public_key) {
                Ok(()) => return true,
                Err(reason) => format!("{name}: {reason}"),
            },
        };
        if let Some(address) = &peer.peer_address {
            let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
            if reasons.len() >= EVENTS {
                // Their events went by unseen: nobody will fetch them.
                reasons.clear();
            }
            reasons.push_back((address.clone(), reason));
        }
        false
    }

    /// A routing identity stays with the key that first used it: else answers could go to whoever takes it over.
    fn claim(&self, identity: Option<&Bytes>, key: [u8; 32]) -> Result<(), &'static str> {
        let Some(identity) = identity.filter(|identity| !identity.is_empty()) else { return Ok(()) };
        if identity[0] == 0 {
            return Err("its routing identity begins with a zero byte");
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        match used.get(identity) {
            Some(owner) if *owner == key => Ok(()),
            Some(_) => Err("its routing identity belongs to another key"),
            None if used.len() >= IDENTITIES => Err("too many routing identities are in use"),
            None => {
                // A copy: the original keeps the whole handshake's buffer.
                used.insert(Bytes::copy_from_slice(identity), key);
                Ok(())
            }
        }
    }
}
