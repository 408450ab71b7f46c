//! The server: one leads and calls agents when their time has come; what they send goes into a repository a node.

mod announcing;
pub(crate) mod calling;
pub(crate) mod leading;
mod receiving;
mod rehearsing;
mod running;
mod scheduling;
pub(crate) mod shelf;
mod telling;
mod watching;

use std::sync::Arc;

use kernel::clock::Clock;
use kernel::config;
use kernel::id::IdSource;
use store::Sql;

/// What leading needs, and each attempt.
#[derive(Clone)]
pub(crate) struct Means {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) settings: config::Backups,
}
