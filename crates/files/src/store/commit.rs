//! What a writer commits: how far it is, and at the end the file.

use std::sync::Arc;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::idempotency::{self, Answer, Seen};
use store::{DbContext, StoreError};

use super::audit::{self, Became, Cut};
use super::join::{self, Joining};
use super::{QuotaError, Shared, Store, index, int, json, quotas, statement, text};
use crate::model::quota::{Change, Quotas};
use crate::model::{File, Hold, Segment, UploadState, digest, listing};

/// A durable offset. The bytes it speaks of have been synced before.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    /// The upload.
    pub(crate) upload: Id,
    /// The epoch the writer was given; with any other in SQL nothing is committed.
    pub(crate) epoch: u64,
    /// The new offset.
    pub(crate) offset: u64,
    /// The hash state at that offset.
    pub(crate) hash: digest::Running,
    /// The writer's segment, if it has bytes, and whether it is in SQL already.
    pub(crate) segment: Option<(Segment, bool)>,
    /// Whether the writer has nothing more to say.
    pub(crate) release: bool,
    /// Whether the writer's request ended before its last byte; if the upload is held, somebody ordered that.
    pub(crate) broken: bool,
    /// What the upload becomes with this commit.
    pub(crate) finish: Option<Finish>,
    /// The largest file.
    pub(crate) most: u64,
    /// When.
    pub(crate) now: Timestamp,
    /// When the upload ends if nothing more arrives.
    pub(crate) expires_at: Timestamp,
    /// Whose it is, and what they may have, if its length was not declared: then each commit takes of the quota.
    pub(crate) growing: Option<(Id, Quotas)>,
}

/// What the last commit of an upload makes of it.
#[derive(Debug, Clone)]
pub(crate) enum Finish {
    /// A file.
    File {
        /// The file.
        file: Box<File>,
        /// The idempotency key under which the file is the answer.
        remember: Option<Remember>,
    },
    /// A part that has all its bytes, and with it the wholes that waited for it alone.
    Part,
}

/// An idempotency key and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remember {
    /// User, method and path.
    pub(crate) scope: String,
    /// The client's key.
    pub(crate) key: String,
    /// What tells this request from another under the same key.
    pub(crate) digest: [u8; 32],
}

impl Remember {
    /// What no other request has: from it repeats get the same secrets.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        format!("{}\n{}\n{}", self.scope, self.key, digest::hex(&self.digest))
    }
}

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    /// Another request has taken the upload over, or it was removed.
    #[error("another request has taken the upload over")]
    Stale,
    /// It would pass the owner's quota.
    #[error("{left} bytes are left of the quota")]
    Quota {
        /// How many would fit.
        left: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<QuotaError> for CommitError {
    fn from(error: QuotaError) -> Self {
        match error {
            QuotaError::Full { left } => Self::Quota { left },
            QuotaError::Store(error) => Self::Store(error),
        }
    }
}

impl Store {
    /// Commits a writer's progress, all of it or nothing.
    ///
    /// # Errors
    /// [`CommitError`].
    pub(crate) async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let commit: Shared<Commit> = Arc::new(commit);
        self.sql
            .write(move |tx| {
                let commit = Arc::clone(&commit);
                async move { apply(tx, &commit).await }.boxed()
            })
            .await
    }

    /// The file that a request with this key made before.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn seen(&self, remember: Remember) -> Result<Seen, StoreError> {
        self.sql
            .write(move |tx| {
                let key = remember.clone();
                async move { idempotency::find(tx, &key.scope, &key.key, &key.digest).await }.boxed()
            })
            .await
    }
}

async fn apply(tx: &DatabaseTransaction, commit: &Commit) -> Result<(), CommitError> {
    let done = commit.finish.is_some();
    let state = match commit.finish {
        None => UploadState::Open,
        Some(Finish::Part) => UploadState::Part,
        Some(Finish::File { .. }) => UploadState::Done,
    };
    let held = match &commit.growing {
        Some(_) => Some(fence(tx, commit).await?),
        None => None,
    };
    // The fence and the first statement: a write, because a read of the epoch is none. With the last byte the length is
    // what has arrived; `total = acked` would be the former offset on SQLite and the new one on MySQL.
    let sql = format!(
        "UPDATE files_upload SET acked = ?, total = COALESCE(?, total), hash = ?, state = ?, updated_at = ?, expires_at = ?{} WHERE id = ? AND epoch \
         = ? AND state = ?",
        if commit.release || done { ", writer = NULL" } else { "" },
    );
    let fence = statement(
        tx,
        &sql,
        [
            int(commit.offset),
            if done { int(commit.offset) } else { sea_orm::Value::BigInt(None) },
            text(commit.hash.serialize()),
            text(state.word()),
            commit.now.as_micros().into(),
            commit.expires_at.as_micros().into(),
            text(commit.upload.to_string()),
            int(commit.epoch),
            text(UploadState::Open.word()),
        ],
    );
    if tx.execute_raw(fence).await.context("commit an offset")?.rows_affected() != 1 {
        return Err(CommitError::Stale);
    }
    if let Some((segment, known)) = &commit.segment {
        let write = if *known {
            statement(
                tx,
                "UPDATE files_segment SET size_bytes = ? WHERE file = ? AND place = ?",
                [int(segment.length), text(commit.upload.to_string()), int(segment.position)],
            )
        } else {
            statement(
                tx,
                "INSERT INTO files_segment (file, place, blob_key, size_bytes) VALUES (?, ?, ?, ?)",
                [
                    text(commit.upload.to_string()),
                    int(segment.position),
                    text(segment.blob.clone()),
                    int(segment.length),
                ],
            )
        };
        tx.execute_raw(write).await.context("commit a segment")?;
    }
    if let (Some((owner, quotas)), Some(held), None | Some(Finish::Part)) = (commit.growing, held, &commit.finish) {
        let change = Change::reserve(commit.offset.saturating_sub(held));
        quotas::charge_within(tx, owner, None, change, quotas).await?;
    }
    let cut = if commit.broken { cut(tx, commit.upload).await? } else { Cut::No };
    audit::uploads::progress(tx, commit.upload, commit.offset, cut, commit.now).await?;
    match &commit.finish {
        None => Ok(()),
        Some(Finish::Part) => {
            let joining = Joining { now: commit.now, expires_at: commit.expires_at, most: commit.most };
            join::after_part(tx, commit.upload, joining).await?;
            Ok(audit::uploads::end(tx, commit.upload, Became::Part { size: commit.offset }, commit.now).await?)
        }
        Some(Finish::File { file, remember }) => {
            insert_file(tx, file).await?;
            let (owner, size) = (file.owner.id, file.size);
            match (commit.growing, held) {
                (Some((_, quotas)), Some(held)) => {
                    quotas::charge_within(tx, owner, None, Change::complete(held, size), quotas).await?;
                }
                _ => quotas::charge(tx, owner, None, Change::complete(size, size)).await?,
            }
            let became = Became::File { size, sha256: file.sha256.map(|sha256| digest::hex(&sha256)) };
            audit::uploads::end(tx, commit.upload, became, commit.now).await?;
            let Some(key) = remember else { return Ok(()) };
            // Two requests under one key may race to here: both made a file, the first one's is the answer.
            if idempotency::find(tx, &key.scope, &key.key, &key.digest).await? != Seen::New {
                return Ok(());
            }
            let body = serde_json::to_string(&file.view()).map_err(super::damaged)?;
            let answer = Answer { status: 201, body: &body };
            Ok(idempotency::remember(tx, &key.scope, &key.key, &key.digest, answer, commit.now).await?)
        }
    }
}

/// The row is ours by the fence, so whoever ordered the end has written it before or will find no writer.
async fn cut(tx: &DatabaseTransaction, upload: Id) -> Result<Cut, StoreError> {
    let held = super::uploads::find(tx, upload).await?.is_some_and(|upload| upload.hold != Hold::Free);
    Ok(if held { Cut::Ordered } else { Cut::Broken })
}

/// Holds the upload against every other writer; returns how much of the quota it takes until now.
async fn fence(tx: &DatabaseTransaction, commit: &Commit) -> Result<u64, CommitError> {
    let fence = statement(
        tx,
        "UPDATE files_upload SET updated_at = ? WHERE id = ? AND epoch = ? AND state = ?",
        [
            commit.now.as_micros().into(),
            text(commit.upload.to_string()),
            int(commit.epoch),
            text(UploadState::Open.word()),
        ],
    );
    if tx.execute_raw(fence).await.context("hold an upload")?.rows_affected() != 1 {
        return Err(CommitError::Stale);
    }
    let upload = super::uploads::find(tx, commit.upload).await?.ok_or(CommitError::Stale)?;
    Ok(upload.length.unwrap_or(upload.offset))
}

pub(super) async fn insert_file(tx: &DatabaseTransaction, file: &File) -> Result<(), StoreError> {
    let insert = statement(
        tx,
        "INSERT INTO files_file (id, version, owner, owner_name, name_key, media_type, category, metadata, search, \
         size_bytes, sha256, visibility, created_at, state, crc32) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            text(file.id.to_string()),
            int(file.version),
            text(file.owner.id.to_string()),
            text(file.owner.name.clone()),
            text(listing::name_key(&file.metadata.name)),
            text(file.metadata.media_type.clone()),
            text(file.metadata.category.clone()),
            text(json(&file.metadata)?),
            text(file.metadata.search_text()),
            int(file.size),
            text(file.sha256.map(|sha256| digest::hex(&sha256)).unwrap_or_default()),
            text(file.metadata.visibility.word()),
            file.created_at.as_micros().into(),
            text(file.state.word()),
            sea_orm::Value::BigInt(file.crc32.map(i64::from)),
        ],
    );
    tx.execute_raw(insert).await.context("add a file to the catalogue")?;
    index::write(tx, file).await
}
