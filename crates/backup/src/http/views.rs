//! What administrators are shown.

use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Archive, Attempt, Outcome, Target, Warning};

/// A path of a node that is backed up.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct TargetView {
    #[schema(value_type = String)]
    pub(crate) id: Id,
    #[schema(example = "web-1")]
    pub(crate) host: String,
    #[schema(example = 9750)]
    pub(crate) port: u16,
    #[schema(example = "/srv/data")]
    pub(crate) path: String,
    pub(crate) every_minutes: u64,
    /// When it is next attempted.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) next_at: Timestamp,
    /// Attempts in a row without a backup.
    pub(crate) failures: u32,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
}

impl TargetView {
    pub(crate) fn of(target: &Target) -> Self {
        Self {
            id: target.id,
            host: target.node.address.host.clone(),
            port: target.node.address.port,
            path: target.path.clone(),
            every_minutes: target.every.as_secs() / 60,
            next_at: target.next_at,
            failures: target.failures,
            created_at: target.created_at,
        }
    }
}

/// A backup.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct BackupView {
    #[schema(value_type = String)]
    pub(crate) id: Id,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    /// When it began: what it holds is from then or later.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// Bytes of the `.tgz`.
    pub(crate) size: u64,
    /// Bytes of the tar stream in it.
    pub(crate) content_size: u64,
    pub(crate) entries: u64,
    /// Files that are not in it as they were; the log lists them.
    pub(crate) warnings: u64,
    /// Whether it can still be had.
    pub(crate) kept: bool,
}

impl BackupView {
    pub(crate) fn of(archive: &Archive) -> Self {
        Self {
            id: archive.id,
            host: archive.address.host.clone(),
            port: archive.address.port,
            path: archive.path.clone(),
            at: archive.at,
            size: archive.size,
            content_size: archive.span,
            entries: archive.entries,
            warnings: archive.warnings,
            kept: archive.kept,
        }
    }
}

/// An attempt to make a backup.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct AttemptView {
    #[schema(value_type = String)]
    pub(crate) id: Id,
    #[schema(value_type = String)]
    pub(crate) target: Id,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) outcome: Outcome,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) ended_at: Option<Timestamp>,
    /// The backup that it made.
    #[schema(value_type = Option<String>)]
    pub(crate) backup: Option<Id>,
    /// Why it ended so.
    pub(crate) detail: Option<String>,
    /// Files that are not in the archive as they are: the first of them.
    pub(crate) warnings: Vec<Warning>,
    pub(crate) warnings_total: u64,
    /// Bytes of fragments that came over the network.
    pub(crate) sent: u64,
    pub(crate) entries: u64,
}

impl AttemptView {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        Self {
            id: attempt.id,
            target: attempt.target,
            host: attempt.address.host.clone(),
            port: attempt.address.port,
            path: attempt.path.clone(),
            outcome: attempt.outcome,
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            backup: attempt.backup,
            detail: attempt.detail.clone(),
            warnings: attempt.warnings.clone(),
            warnings_total: attempt.warnings_total,
            sent: attempt.sent,
            entries: attempt.entries,
        }
    }
}
