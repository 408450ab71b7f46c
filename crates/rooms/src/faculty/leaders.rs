//! Who leads, by heartbeats and by what servers say of each other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::line::Dealers;
use super::{ServerAt, Settings};
use crate::message::{Heartbeat, TOPIC};
use crate::wire::{Address, Subscriber, WireError};

/// Follows the heartbeats of every server it knows.
#[derive(Debug)]
pub(super) struct Leaders {
    known: Arc<watch::Sender<Known>>,
    servers: Vec<ServerAt>,
    _following: JoinSet<()>,
}

/// What is known now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    /// The highest epoch heard of; whoever claims to lead with a lower one is not believed.
    epoch: u64,
    /// The active server.
    active: Option<Address>,
}

impl Leaders {
    /// `dealers` are kept connected to every server that lives, so that none has to be dialled when the lead changes.
    pub(super) async fn follow(settings: &Settings, dealers: Option<&Arc<Dealers>>) -> Result<Self, WireError> {
        let known = Arc::new(watch::Sender::new(Known::default()));
        let mut following = JoinSet::new();
        for server in &settings.servers {
            let heartbeats = Subscriber::connect(&server.heartbeats, &settings.key, TOPIC).await?;
            let listener = Listener {
                heartbeats,
                endpoint: server.endpoint.clone(),
                known: Arc::clone(&known),
                dealers: dealers.cloned(),
            };
            following.spawn(listener.listen(settings.silence));
        }
        Ok(Self { known, servers: settings.servers.clone(), _following: following })
    }

    /// The active server, as soon as there is one.
    pub(super) async fn active(&self) -> Address {
        let mut known = self.known.subscribe();
        loop {
            if let Some(active) = known.borrow_and_update().active.clone() {
                return active;
            }
            if known.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Returns when `server` is not the active one.
    pub(super) async fn no_longer(&self, server: &Address) {
        let mut known = self.known.subscribe();
        // It cannot close: we hold the sender.
        let _ = known.wait_for(|known| known.active.as_ref() != Some(server)).await;
    }

    /// Whether a message of `server` that carries `epoch` counts: that of the active one does, and any that is not
    /// from an earlier leadership than the one known.
    pub(super) fn believes(&self, server: &Address, epoch: u64) -> bool {
        let known = self.known.borrow();
        epoch >= known.epoch || known.active.as_ref() == Some(server)
    }

    /// `server` said that it does not lead, and who does.
    pub(super) fn told(&self, server: &Address, epoch: u64, endpoint: Option<&str>) {
        self.known.send_if_modified(|known| {
            let before = known.clone();
            if epoch >= known.epoch {
                known.epoch = epoch;
                let other = endpoint.and_then(|endpoint| self.known_as(endpoint)).filter(|other| other != server);
                if let Some(other) = other {
                    known.active = Some(other);
                } else if known.active.as_ref() == Some(server) {
                    known.active = None;
                }
            }
            *known != before
        });
    }

    /// Only servers that were configured are spoken to.
    fn known_as(&self, endpoint: &str) -> Option<Address> {
        self.servers.iter().map(|server| &server.endpoint).find(|known| known.to_string() == endpoint).cloned()
    }
}

/// Hears one server.
struct Listener {
    heartbeats: Subscriber,
    endpoint: Address,
    known: Arc<watch::Sender<Known>>,
    dealers: Option<Arc<Dealers>>,
}

impl Listener {
    async fn listen(self, silence: Duration) {
        loop {
            match tokio::time::timeout(silence, self.heartbeats.receive()).await {
                Ok(Ok(frames)) => match Heartbeat::read(&frames) {
                    Some(heartbeat) => {
                        heard(&self.known, &self.endpoint, heartbeat.active, heartbeat.epoch);
                        self.keep_connected().await;
                    }
                    None => tracing::warn!(server.endpoint = %self.endpoint, "a heartbeat cannot be read"),
                },
                Ok(Err(_)) => return,
                Err(_) => heard(&self.known, &self.endpoint, false, 0),
            }
        }
    }

    async fn keep_connected(&self) {
        if let Some(dealers) = &self.dealers
            && let Err(error) = dealers.connect(&self.endpoint).await
        {
            tracing::warn!(server.endpoint = %self.endpoint, error = %error, "cannot connect");
        }
    }
}

fn heard(known: &watch::Sender<Known>, endpoint: &Address, active: bool, epoch: u64) {
    known.send_if_modified(|known| {
        let before = known.clone();
        if active && epoch >= known.epoch {
            known.active = Some(endpoint.clone());
        } else if !active && known.active.as_ref() == Some(endpoint) {
            known.active = None;
        }
        known.epoch = known.epoch.max(epoch);
        let changed = *known != before;
        if changed {
            tracing::info!(epoch = known.epoch, active = ?known.active.as_ref().map(ToString::to_string), "who leads");
        }
        changed
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> Address {
        Address::from(std::net::SocketAddr::from(([127, 0, 0, 1], port)))
    }

    fn leaders() -> Leaders {
        let servers = [1, 2].map(|port| ServerAt { endpoint: address(port), heartbeats: address(port + 10) }).into();
        Leaders { known: Arc::default(), servers, _following: JoinSet::new() }
    }

    fn active(leaders: &Leaders) -> Option<Address> {
        leaders.known.borrow().active.clone()
    }

    #[test]
    fn a_lower_epoch_is_not_believed() {
        let leaders = leaders();
        heard(&leaders.known, &address(1), true, 4);
        heard(&leaders.known, &address(2), true, 5);
        heard(&leaders.known, &address(1), true, 4);
        assert_eq!(active(&leaders), Some(address(2)));
        assert!(!leaders.believes(&address(1), 4));
        assert!(leaders.believes(&address(2), 4), "a stored answer of an earlier leadership, from the present leader");
        heard(&leaders.known, &address(1), false, 0);
        assert_eq!(active(&leaders), Some(address(2)), "the silence of another says nothing");
        heard(&leaders.known, &address(2), false, 0);
        assert_eq!(active(&leaders), None);
    }

    #[test]
    fn a_server_that_does_not_lead_may_name_only_a_known_one() {
        let leaders = leaders();
        heard(&leaders.known, &address(1), true, 4);
        leaders.told(&address(1), 3, Some("tcp://127.0.0.1:2"));
        assert_eq!(active(&leaders), Some(address(1)), "it speaks of the past");
        leaders.told(&address(1), 5, Some("tcp://192.0.2.1:9"));
        assert_eq!(active(&leaders), None);
        leaders.told(&address(1), 5, Some("tcp://127.0.0.1:2"));
        assert_eq!(active(&leaders), Some(address(2)));
    }
}
