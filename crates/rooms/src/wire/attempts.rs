//! Connections that never became peers: each is logged once.

use std::collections::HashMap;
use std::time::Duration;

use omq_tokio::socket::MonitorStream;
use omq_tokio::{MonitorEvent, MonitorRecvError, PeerIdent, Socket};
use tokio::time::MissedTickBehavior;

use super::Refusals;
use super::door::{Reasons, take_reason};

/// How often connections that have not proved anything yet are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How the library words the end of a connection that the authenticator refused.
const JUDGED: &str = "authentication failed";

/// Connections that were accepted and have neither succeeded nor failed, and whether each was missing at the last look.
type Undecided = HashMap<u64, (String, bool)>;

/// Logs refused handshakes, and those that the other side gave up: a client that wants another security than ours leaves
/// as soon as it has read our greeting, and of that there is no event.
pub(super) async fn follow(socket: Socket, mut events: MonitorStream, reasons: Reasons, refusals: Refusals) {
    let mut undecided = Undecided::new();
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(MonitorEvent::Accepted { peer_ident, connection_id, .. }) => {
                    undecided.insert(connection_id, (peer_ident.to_string(), false));
                }
                Ok(MonitorEvent::HandshakeSucceeded { peer, .. }) => drop(undecided.remove(&peer.connection_id)),
                Ok(MonitorEvent::HandshakeFailed { peer_ident, reason, .. }) => {
                    let address = peer_ident.to_string();
                    undecided.retain(|_, (accepted, _)| *accepted != address);
                    let known = match &peer_ident {
                        PeerIdent::Socket(from) if reason.contains(JUDGED) => {
                            take_reason(&reasons, &from.ip().to_string())
                        }
                        _ => None,
                    };
                    refusals.add(address, known.unwrap_or(reason));
                }
                Ok(_) => {}
                Err(MonitorRecvError::Lagged(missed)) => refusals.add_unseen(missed),
                Err(_) => return,
            },
            _ = ticks.tick(), if !undecided.is_empty() => {
                for address in given_up(&socket, &mut undecided).await {
                    refusals.add(address, "left before it had proved a key");
                }
            }
        }
    }
}

/// Those that were missing twice: in between, an event that explains it would have come.
async fn given_up(socket: &Socket, undecided: &mut Undecided) -> Vec<String> {
    let mut decided = Vec::new();
    let mut gone = Vec::new();
    for (connection, (address, missing)) in undecided.iter_mut() {
        match socket.connection_info(*connection).await {
            Ok(Some(status)) if status.peer_info.is_some() => decided.push(*connection),
            Ok(Some(_)) => {}
            Ok(None) if *missing => {
                gone.push(address.clone());
                decided.push(*connection);
            }
            Ok(None) => *missing = true,
            Err(_) => return Vec::new(),
        }
    }
    undecided.retain(|connection, _| !decided.contains(connection));
    gone
}
