//! A faculty: between its programmes and the active server.
//!
//! Programmes ask at its REP. For each request a transaction runs against the server that leads: `SOL`, `PROP`, `ACK`,
//! `RES`. Heartbeats and `NOT_LEADER` say who leads; when that changes the transaction goes on with the other server
//! from where it was, and the programme hears of it only that it took longer.

mod counts;
mod front;
mod leaders;
mod line;
mod transaction;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kernel::config::Pattern;
use tokio_util::sync::CancellationToken;

use crate::wire::{Address, Door, Key, Refusals, Rep, WireError};
pub use counts::Counts;
pub use transaction::{Measured, Step};

/// One of the servers a faculty knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAt {
    /// Its ROUTER.
    pub endpoint: Address,
    /// Its PUB.
    pub heartbeats: Address,
}

/// What a faculty needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its key's name, such as `faculty-01`.
    pub name: String,
    /// Where its REP listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// What programmes must show.
    pub door: Door,
    /// What it shows to servers.
    pub key: Key,
    /// The servers.
    pub servers: Vec<ServerAt>,
    /// How servers are asked: a DEALER for all transactions, or a REQ for each.
    pub pattern: Pattern,
    /// Whether it takes classrooms adapted as laboratories.
    pub accept_mobile: bool,
    /// How long it looks for an active server before it cancels.
    pub answer_timeout: Duration,
    /// How long a server may be silent before it counts as gone.
    pub silence: Duration,
    /// Where measured steps go, if anybody wants them.
    pub measured: Option<tokio::sync::mpsc::UnboundedSender<Measured>>,
}

/// A faculty whose REP is bound; nobody answers yet.
#[derive(Debug)]
pub struct Faculty {
    rep: Rep,
    settings: Settings,
}

impl Faculty {
    /// Binds the REP. A process may hold several faculties.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn bind(settings: Settings, refusals: &Refusals) -> Result<Self, WireError> {
        let rep = Rep::bind(settings.listen, settings.door.clone(), refusals.clone()).await?;
        Ok(Self { rep, settings })
    }

    /// Where the REP listens.
    #[must_use]
    pub fn endpoint(&self) -> Address {
        self.rep.address().into()
    }

    /// Answers programmes until `end`, then what was begun.
    ///
    /// # Errors
    /// If a server's address or the key cannot be used.
    pub async fn serve(self, end: CancellationToken) -> Result<(), WireError> {
        let transactions = Arc::new(transaction::Transactions::begin(self.settings).await?);
        front::serve(self.rep, transactions, end).await;
        Ok(())
    }
}
