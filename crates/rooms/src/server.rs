//! The sockets of a server: a ROUTER for transactions, a PUB for heartbeats.
//!
//! Two patterns, one core. `async`: a faculty's DEALER keeps one connection and has many transactions on their way; each
//! is worked on as it comes. `broker`: a faculty's REQ comes for one transaction; the broker gives it to the worker that
//! has least to do, and the worker that proposed settles. Either ROUTER takes both kinds of frames and answers in kind.

mod answers;
mod broker;
mod concurrent;
mod heartbeats;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use kernel::config::Pattern;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::keys::Roll;
use crate::wire::{Address, Door, Publisher, Refusals, Router, WireError};

/// How long a server that ends goes on saying who leads, so that nobody asks in vain.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the sockets need to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The replica's name, as heartbeats give it.
    pub server: String,
    /// Where the ROUTER listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where the PUB listens; port 0 takes any free one.
    pub heartbeat_listen: SocketAddr,
    /// The address under which others reach this machine.
    pub reached: IpAddr,
    /// How transactions are taken.
    pub pattern: Pattern,
    /// How many workers the broker has.
    pub workers: u32,
    /// Between two heartbeats.
    pub heartbeat: Duration,
    /// What faculties must show.
    pub door: Door,
    /// Whose programmes they may speak for; `None` behind an open door: any.
    pub roll: Option<Roll>,
}

/// The ROUTER, and for whom those who come may speak.
#[derive(Debug)]
struct Front {
    router: Router,
    roll: Option<Roll>,
}

/// Both sockets, bound, with nobody answering yet.
#[derive(Debug)]
pub struct Sockets {
    front: Arc<Front>,
    publisher: Publisher,
    settings: Settings,
}

impl Sockets {
    /// Binds both.
    ///
    /// # Errors
    /// If an address cannot be bound.
    pub async fn bind(settings: Settings, refusals: &Refusals) -> Result<Self, WireError> {
        let router = Router::bind(settings.listen, settings.door.clone(), refusals.clone()).await?;
        let publisher = Publisher::bind(settings.heartbeat_listen, &settings.door, refusals).await?;
        let front = Front { router, roll: settings.roll.clone() };
        Ok(Self { front: Arc::new(front), publisher, settings })
    }

    /// Where the ROUTER is reached.
    #[must_use]
    pub fn endpoint(&self) -> Address {
        SocketAddr::new(self.settings.reached, self.front.router.address().port()).into()
    }

    /// Where the PUB listens.
    #[must_use]
    pub fn heartbeats(&self) -> Address {
        self.publisher.address().into()
    }

    /// Answers and beats until `end`, then a little longer: until the core has stopped leading and what was begun is
    /// answered.
    pub async fn serve(self, core: Core, end: CancellationToken) {
        let endpoint = self.endpoint();
        let Self { front, publisher, settings } = self;
        let farewell = CancellationToken::new();
        let beating = heartbeats::publish(publisher, &settings, endpoint, core.standing(), farewell.clone());
        let serving = async {
            match settings.pattern {
                Pattern::Async => concurrent::serve(&front, &core, &farewell).await,
                Pattern::Broker => broker::serve(&front, &core, settings.workers, &farewell).await,
            }
            front.router.close().await;
        };
        let listing = async {
            if let Some(roll) = settings.roll.clone() {
                roll.follow(farewell.clone()).await;
            }
        };
        let ending = async {
            end.cancelled().await;
            let mut standing = core.standing();
            // Whether it stopped leading or not: after this time nobody waits for it any more.
            let _ = tokio::time::timeout(FAREWELL, standing.wait_for(|standing| !standing.active)).await;
            farewell.cancel();
        };
        tokio::join!(beating, serving, listing, ending);
    }
}
