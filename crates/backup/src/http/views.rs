//! What administrators are shown.

use std::collections::HashMap;

use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use store::{Sql, StoreError};
use utoipa::ToSchema;

use crate::model::alerts::{Alert, AlertKind};
use crate::model::{Archive, Attempt, Outcome, Proof, Reason, Target, Warning, Work, target_key};
use crate::store::nodes::Listed;
use crate::store::{alerts, archives};

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
    /// Whether the last good backup stays, as one of those that are kept, after one that lost or changed nearly everything.
    pub(crate) pin_last_good: bool,
    /// When an attempt that succeeded last began, whether anything had changed or not.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_good_at: Option<Timestamp>,
    /// When a rehearsal last proved a backup of this path.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_proof_at: Option<Timestamp>,
    /// The backups that can be had, newest first.
    pub(crate) kept: Vec<KeptView>,
    pub(crate) node: UsageView,
    /// Those that are open: of the path, of its backups, and of its node.
    pub(crate) alerts: Vec<AlertView>,
}

impl TargetView {
    fn of(target: &Target) -> Self {
        Self {
            id: target.id,
            host: target.node.address.host.clone(),
            port: target.node.address.port,
            path: target.path.clone(),
            every_minutes: target.every.as_secs() / 60,
            next_at: target.next_at,
            failures: target.failures,
            created_at: target.created_at,
            pin_last_good: target.pin_last_good,
            last_good_at: target.good_at,
            last_proof_at: None,
            kept: Vec::new(),
            node: UsageView { id: target.node.id, used: target.node.used, quota: target.node.quota },
            alerts: Vec::new(),
        }
    }

    /// With what other tables tell of them.
    pub(crate) async fn whole(sql: &Sql, targets: &[Target]) -> Result<Vec<Self>, StoreError> {
        let connection = sql.reader();
        let mut kept: HashMap<String, Vec<KeptView>> = HashMap::new();
        for archive in archives::kept_of(connection, targets).await? {
            let key = target_key(&archive.address, &archive.path);
            kept.entry(key).or_default().push(KeptView::of(&archive));
        }
        let proofs: HashMap<String, Timestamp> =
            archives::last_proofs(connection, targets).await?.into_iter().collect();
        let open = alerts::open(connection).await?;
        let whole = |target: &Target| {
            let key = target_key(&target.node.address, &target.path);
            let about = |alert: &&Alert| {
                alert.address.as_ref() == Some(&target.node.address)
                    && alert.path.as_ref().is_none_or(|path| *path == target.path)
            };
            Self {
                kept: kept.remove(&key).unwrap_or_default(),
                last_proof_at: proofs.get(&key).copied(),
                alerts: open.iter().filter(about).map(AlertView::of).collect(),
                ..Self::of(target)
            }
        };
        Ok(targets.iter().map(whole).collect())
    }

    /// One, as the others.
    pub(crate) async fn one(sql: &Sql, target: &Target) -> Result<Self, StoreError> {
        let whole = Self::whole(sql, std::slice::from_ref(target)).await?.pop();
        Ok(whole.unwrap_or_else(|| Self::of(target)))
    }
}

/// What a node's backups have of the disk.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct UsageView {
    #[schema(value_type = String)]
    pub(crate) id: Id,
    /// Bytes of its packs.
    pub(crate) used: u64,
    /// Bytes that they may have; null: as many as there are.
    pub(crate) quota: Option<u64>,
}

/// A backup that is kept, in short.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct KeptView {
    #[schema(value_type = String)]
    pub(crate) id: Id,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// Bytes of the `.tgz`.
    pub(crate) size: u64,
    /// Bytes of the tar stream in it.
    pub(crate) content_size: u64,
    pub(crate) entries: u64,
    pub(crate) warnings: u64,
    /// What its last rehearsal found; null: it was never rehearsed.
    pub(crate) proof: Option<Proof>,
}

impl KeptView {
    pub(crate) fn of(archive: &Archive) -> Self {
        Self {
            id: archive.id,
            at: archive.at,
            size: archive.size,
            content_size: archive.span,
            entries: archive.entries,
            warnings: archive.warnings,
            proof: archive.proof.clone(),
        }
    }
}

/// A node whose paths are, or were, backed up.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct NodeView {
    #[schema(value_type = String)]
    pub(crate) id: Id,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The agent that answers there.
    #[schema(value_type = Option<String>)]
    pub(crate) agent: Option<Id>,
    /// Bytes of its packs.
    pub(crate) used: u64,
    /// Bytes that they may have.
    pub(crate) quota: Option<u64>,
    /// Paths that are registered.
    pub(crate) targets: u64,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
}

impl NodeView {
    pub(crate) fn of(listed: &Listed) -> Self {
        Self {
            id: listed.node.id,
            host: listed.node.address.host.clone(),
            port: listed.node.address.port,
            agent: listed.node.agent,
            used: listed.node.used,
            quota: listed.node.quota,
            targets: listed.targets,
            created_at: listed.created_at,
        }
    }
}

/// Something that is wrong, or was.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = BackupAlert)]
pub(crate) struct AlertView {
    #[schema(value_type = String)]
    pub(crate) id: Id,
    pub(crate) kind: AlertKind,
    /// The node it is about, if it is about one.
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) path: Option<String>,
    /// Of a rehearsal that failed the backup; of one that shrank or changed the backup before.
    #[schema(value_type = Option<String>)]
    pub(crate) backup: Option<Id>,
    pub(crate) detail: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) raised_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) cleared_at: Option<Timestamp>,
}

impl AlertView {
    pub(crate) fn of(alert: &Alert) -> Self {
        Self {
            id: alert.id,
            kind: alert.kind,
            host: alert.address.as_ref().map(|address| address.host.clone()),
            port: alert.address.as_ref().map(|address| address.port),
            path: alert.path.clone(),
            backup: alert.backup,
            detail: alert.detail.clone(),
            raised_at: alert.raised_at,
            cleared_at: alert.cleared_at,
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
    /// What its last rehearsal found; null: it was never rehearsed.
    pub(crate) proof: Option<Proof>,
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
            proof: archive.proof.clone(),
        }
    }
}

/// An attempt to make a backup, or to rehearse one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct AttemptView {
    #[schema(value_type = String)]
    pub(crate) id: Id,
    pub(crate) kind: Work,
    /// Null if a backup is rehearsed whose path is no longer registered.
    #[schema(value_type = Option<String>)]
    pub(crate) target: Option<Id>,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) outcome: Outcome,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) ended_at: Option<Timestamp>,
    /// The backup that it made, or that is rehearsed.
    #[schema(value_type = Option<String>)]
    pub(crate) backup: Option<Id>,
    /// Why it did not bring what it was for, for programs; null if it did, or if there is only a `detail`.
    pub(crate) reason: Option<Reason>,
    /// Why it ended so, for people, in English.
    pub(crate) detail: Option<String>,
    /// Files that are not in the archive as they are: the first of them.
    pub(crate) warnings: Vec<Warning>,
    pub(crate) warnings_total: u64,
    /// Bytes of fragments that came over the network; of a rehearsal, bytes that were compared.
    pub(crate) sent: u64,
    pub(crate) entries: u64,
}

impl AttemptView {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        Self {
            id: attempt.id,
            kind: attempt.work,
            target: attempt.target,
            host: attempt.address.host.clone(),
            port: attempt.address.port,
            path: attempt.path.clone(),
            outcome: attempt.outcome,
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            backup: attempt.backup,
            reason: attempt.reason,
            detail: attempt.detail.clone(),
            warnings: attempt.warnings.clone(),
            warnings_total: attempt.warnings_total,
            sent: attempt.sent,
            entries: attempt.entries,
        }
    }
}
