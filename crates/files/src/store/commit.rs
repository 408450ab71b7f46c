//! What a writer commits: how far it is, and at the end the file.

use std::sync::Arc;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::idempotency::{self, Answer, Seen};
use store::{DbContext, StoreError};

use super::audit::{self, Cut};
use super::{Shared, Store, index, int, json, statement, text};
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
    /// The file that the upload becomes with this commit.
    pub(crate) finish: Option<Finish>,
    /// When.
    pub(crate) now: Timestamp,
    /// When the upload ends if nothing more arrives.
    pub(crate) expires_at: Timestamp,
}

/// The last commit of an upload.
#[derive(Debug, Clone)]
pub(crate) struct Finish {
    /// The file it becomes.
    pub(crate) file: File,
    /// The idempotency key under which the file is the answer.
    pub(crate) remember: Option<Remember>,
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

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    /// Another request has taken the upload over, or it was removed.
    #[error("another request has taken the upload over")]
    Stale,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    let state = if done { UploadState::Done } else { UploadState::Open };
    // The fence and the first statement: a write, because a read of the epoch is none.
    let sql = format!(
        "UPDATE files_upload SET acked = ?, hash = ?, state = ?, updated_at = ?, expires_at = ?{}{} WHERE id = ? AND epoch \
         = ? AND state = ?",
        if commit.release || done { ", writer = NULL" } else { "" },
        if done { ", total = acked" } else { "" },
    );
    let fence = statement(
        tx,
        &sql,
        [
            int(commit.offset),
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
    let cut = if commit.broken { cut(tx, commit.upload).await? } else { Cut::No };
    audit::uploads::progress(tx, commit.upload, commit.offset, cut, commit.now).await?;
    if let Some(finish) = &commit.finish {
        insert_file(tx, &finish.file).await?;
        audit::uploads::end(tx, commit.upload, Some(digest::hex(&finish.file.sha256)), commit.now).await?;
        if let Some(key) = &finish.remember {
            // Two requests under one key may race to here: both made a file, the first one's is the answer.
            if idempotency::find(tx, &key.scope, &key.key, &key.digest).await? != Seen::New {
                return Ok(());
            }
            let body = serde_json::to_string(&finish.file.view()).map_err(super::damaged)?;
            let answer = Answer { status: 201, body: &body };
            idempotency::remember(tx, &key.scope, &key.key, &key.digest, answer, commit.now).await?;
        }
    }
    Ok(())
}

/// The row is ours by the fence, so whoever ordered the end has written it before or will find no writer.
async fn cut(tx: &DatabaseTransaction, upload: Id) -> Result<Cut, StoreError> {
    let held = super::uploads::find(tx, upload).await?.is_some_and(|upload| upload.hold != Hold::Free);
    Ok(if held { Cut::Ordered } else { Cut::Broken })
}

async fn insert_file(tx: &DatabaseTransaction, file: &File) -> Result<(), StoreError> {
    let insert = statement(
        tx,
        "INSERT INTO files_file (id, version, owner, owner_name, name_key, media_type, category, metadata, search, \
         size_bytes, sha256, visibility, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            text(digest::hex(&file.sha256)),
            text(file.metadata.visibility.word()),
            file.created_at.as_micros().into(),
        ],
    );
    tx.execute_raw(insert).await.context("add a file to the catalogue")?;
    index::write(tx, file).await
}
