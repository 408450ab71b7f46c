//! What administrators are to be told without asking, and when it is over: values and rules, no I/O.

use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Address, Archive, Node, Target};

/// A path is overdue half its interval late, within these bounds.
const GRACE_LEAST: Duration = Duration::from_secs(120);
const GRACE_MOST: Duration = Duration::from_secs(86_400);
/// Attempts in a row that a node answered and that failed.
const FAILURES: u32 = 3;
/// Backups of fewer entries may change as they like.
const WORTH_TELLING: u64 = 100;
/// Of a quota, in hundredths: from the first on it is nearly reached, below the second no longer.
const QUOTA: (u64, u64) = (90, 85);
/// Of a disk, in hundredths that are free: below the first it is nearly full, from the second on no longer.
const FREE: (u64, u64) = (5, 8);

/// What an alert tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BackupAlertKind)]
pub(crate) enum AlertKind {
    /// A path's next backup is later than it should be.
    Overdue,
    /// A node answers, and its backups fail.
    Failing,
    /// A backup lost most of what the one before had.
    Shrunk,
    /// A backup has hardly anything of the one before.
    Changed,
    /// A backup could not be restored as it was.
    RehearsalFailed,
    /// A node nearly has what it may have.
    QuotaNear,
    /// The disk of the backups is nearly full.
    StoreFull,
}

impl AlertKind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Overdue,
        Self::Failing,
        Self::Shrunk,
        Self::Changed,
        Self::RehearsalFailed,
        Self::QuotaNear,
        Self::StoreFull,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Failing => "failing",
            Self::Shrunk => "shrunk",
            Self::Changed => "changed",
            Self::RehearsalFailed => "rehearsal_failed",
            Self::QuotaNear => "quota_near",
            Self::StoreFull => "store_full",
        }
    }

    /// Whether it tells what happened once, rather than a state that passes by itself.
    pub(crate) const fn is_event(self) -> bool {
        matches!(self, Self::Shrunk | Self::Changed)
    }
}

/// What is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Concern {
    pub(crate) kind: AlertKind,
    /// What it is about: a target, a backup, a node, or nothing but the kind.
    about: Option<Id>,
    pub(crate) address: Option<Address>,
    pub(crate) path: Option<String>,
    pub(crate) backup: Option<Id>,
    pub(crate) detail: String,
}

impl Concern {
    /// Two with the same key tell the same.
    pub(crate) fn key(&self) -> String {
        match self.about {
            Some(about) => format!("{} {about}", self.kind.name()),
            None => self.kind.name().to_owned(),
        }
    }

    fn of_target(kind: AlertKind, target: &Target, detail: String) -> Self {
        let (address, path) = (Some(target.node.address.clone()), Some(target.path.clone()));
        Self { kind, about: Some(target.id), address, path, backup: None, detail }
    }
}

/// An alert that was raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    pub(crate) id: Id,
    pub(crate) key: String,
    pub(crate) kind: AlertKind,
    pub(crate) address: Option<Address>,
    pub(crate) path: Option<String>,
    pub(crate) backup: Option<Id>,
    pub(crate) detail: String,
    pub(crate) raised_at: Timestamp,
    pub(crate) cleared_at: Option<Timestamp>,
}

/// A disk's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) free: u64,
    pub(crate) total: u64,
}

impl Disk {
    /// Whether so many bytes more leave as much free as keeps it from being nearly full.
    pub(crate) fn has_room_for(&self, bytes: u64) -> bool {
        self.free
            .checked_sub(bytes)
            .is_some_and(|left| u128::from(left) * 100 >= u128::from(self.total) * u128::from(FREE.0))
    }

    fn is_nearly_full(&self, was: bool) -> bool {
        let border = if was { FREE.1 } else { FREE.0 };
        u128::from(self.free) * 100 < u128::from(self.total) * u128::from(border)
    }
}

/// A target whose backup is not as it should be, or may not be.
pub(crate) struct Watched {
    pub(crate) target: Target,
    /// A backup of it is under way.
    pub(crate) busy: bool,
    /// Why its last attempt failed, if the node answered.
    pub(crate) failed: Option<String>,
}

/// How late a path's backup may be.
pub(crate) fn grace(every: Duration) -> Duration {
    (every / 2).clamp(GRACE_LEAST, GRACE_MOST)
}

/// What is to be told of a path.
pub(crate) fn of_target(now: Timestamp, watched: &Watched) -> Vec<Concern> {
    let target = &watched.target;
    let since = target.good_since();
    let mut concerns = Vec::new();
    if !watched.busy && now > since.plus(target.every + grace(target.every)) {
        let last = match target.good_at {
            Some(good) => format!("the last backup that succeeded began at {good}"),
            None => "no backup of it succeeded yet".to_owned(),
        };
        let detail = format!("it should be backed up every {} minutes, and {last}", target.every.as_secs() / 60);
        concerns.push(Concern::of_target(AlertKind::Overdue, target, detail));
    }
    if let Some(failed) = watched.failed.as_ref().filter(|_| target.failures >= FAILURES) {
        let detail = format!("{} attempts in a row failed: {failed}", target.failures);
        concerns.push(Concern::of_target(AlertKind::Failing, target, detail));
    }
    concerns
}

/// What is to be told of a node; `was` says whether it is told already.
pub(crate) fn of_node(node: &Node, was: impl Fn(&Concern) -> bool) -> Option<Concern> {
    let quota = node.quota?;
    let concern = Concern {
        kind: AlertKind::QuotaNear,
        about: Some(node.id),
        address: Some(node.address.clone()),
        path: None,
        backup: None,
        detail: format!("its backups have {} of the {quota} bytes that they may have", node.used),
    };
    let border = if was(&concern) { QUOTA.1 } else { QUOTA.0 };
    (u128::from(node.used) * 100 >= u128::from(quota) * u128::from(border)).then_some(concern)
}

/// What is to be told of a backup whose rehearsal failed.
pub(crate) fn of_rehearsal(archive: &Archive) -> Concern {
    let detail = archive.proof.as_ref().and_then(|proof| proof.detail.clone()).unwrap_or_default();
    Concern {
        kind: AlertKind::RehearsalFailed,
        about: Some(archive.id),
        address: Some(archive.address.clone()),
        path: Some(archive.path.clone()),
        backup: Some(archive.id),
        detail: format!("restored, it was not what was backed up: {detail}"),
    }
}

/// What is to be told of the disk.
pub(crate) fn of_disk(disk: Disk, was: impl Fn(&Concern) -> bool) -> Option<Concern> {
    let concern = Concern {
        kind: AlertKind::StoreFull,
        about: None,
        address: None,
        path: None,
        backup: None,
        detail: format!("{} of the {} bytes of the disk are free", disk.free, disk.total),
    };
    disk.is_nearly_full(was(&concern)).then_some(concern)
}

/// Whether a backup lost most of the entries or of the content that `before` had.
pub(crate) fn shrank(before: &Archive, after: &Archive) -> bool {
    before.entries >= WORTH_TELLING && (after.entries < before.entries / 2 || after.span < before.span / 2)
}

/// Whether what two backups share is hardly anything of the later.
pub(crate) fn changed(before: &Archive, after: &Archive, shared: u64) -> bool {
    before.entries >= WORTH_TELLING && u128::from(shared) * 10 < u128::from(after.span)
}

/// What is to be told of a backup that came after `before`, of whose tar stream it has `shared` bytes.
pub(crate) fn of_backup(target: &Target, before: &Archive, after: &Archive, shared: u64) -> Vec<Concern> {
    let concern = |kind, detail| Concern { backup: Some(before.id), ..Concern::of_target(kind, target, detail) };
    let mut concerns = Vec::new();
    if shrank(before, after) {
        let detail = format!(
            "of {} entries and {} bytes {} entries and {} bytes are left",
            before.entries, before.span, after.entries, after.span
        );
        concerns.push(concern(AlertKind::Shrunk, detail));
    } else if changed(before, after, shared) {
        let detail = format!("of its {} bytes {shared} are as they were in the backup before", after.span);
        concerns.push(concern(AlertKind::Changed, detail));
    }
    concerns
}

#[cfg(test)]
mod tests;
