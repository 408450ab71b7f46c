//! What a commit changed, as it travels to the live figures.

use serde::{Deserialize, Serialize};

use super::{Class, Record};

/// The topic of the outbox's messages.
pub const TOPIC: &str = "grades";

/// What one commit changed: the payload of one message of the outbox, as JSON. Whoever reads it may also ask
/// [`figures`](crate::figures) for what all commits come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Records that are new.
    pub created: i64,
    /// Of these, how many of each class.
    pub classes: Vec<(Class, i64)>,
    /// The newest of them, the newest last; at most [`Self::NEWEST`].
    pub newest: Vec<Record>,
}

impl Change {
    /// Records that the live figures show.
    pub const NEWEST: usize = 50;
}
