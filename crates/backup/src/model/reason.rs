//! Why there is no backup, or no proof of one, for programs; people are told more.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why an attempt did not bring what it was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = BackupReason)]
pub(crate) enum Reason {
    /// The node does not answer.
    Unreachable,
    /// Whoever answers is not the agent that was enrolled.
    Stranger,
    /// The agent is of a version that is not understood.
    Version,
    /// The path is not below one that the agent may give.
    NotAllowed,
    /// The path is not there, or no folder.
    NoFolder,
    /// The agent is at another backup.
    Busy,
    /// A hook failed.
    Hook,
    /// The agent could not read or send.
    Agent,
    /// The link to the agent failed, or it was silent for too long.
    Link,
    /// The agent sent what is refused.
    Protocol,
    /// The node's quota is used up.
    Quota,
    /// The store of backups failed.
    Store,
    /// The server ended, or another leads.
    Interrupted,
    /// The path was unregistered.
    Unregistered,
    /// What was restored is not what was backed up.
    Differs,
}

impl Reason {
    pub(crate) const ALL: [Self; 15] = [
        Self::Unreachable,
        Self::Stranger,
        Self::Version,
        Self::NotAllowed,
        Self::NoFolder,
        Self::Busy,
        Self::Hook,
        Self::Agent,
        Self::Link,
        Self::Protocol,
        Self::Quota,
        Self::Store,
        Self::Interrupted,
        Self::Unregistered,
        Self::Differs,
    ];

    /// As it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Stranger => "stranger",
            Self::Version => "version",
            Self::NotAllowed => "not-allowed",
            Self::NoFolder => "no-folder",
            Self::Busy => "busy",
            Self::Hook => "hook",
            Self::Agent => "agent",
            Self::Link => "link",
            Self::Protocol => "protocol",
            Self::Quota => "quota",
            Self::Store => "store",
            Self::Interrupted => "interrupted",
            Self::Unregistered => "unregistered",
            Self::Differs => "differs",
        }
    }
}
