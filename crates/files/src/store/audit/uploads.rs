//! An upload's entry, kept up by the transactions that move the upload itself.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use store::{DbContext, StoreError};

use super::super::{NewUpload, int, statement, text};
use super::counts::{Counts, count_row};
use super::{Entry, insert};
use crate::model::audit::{Chain, Outcome};
use crate::model::transfer::Direction;

/// Begins an upload's entry.
pub(in crate::store) async fn begin(tx: &DatabaseTransaction, new: &NewUpload) -> Result<(), StoreError> {
    insert(
        tx,
        Entry {
            id: new.id,
            user: Some(&new.owner),
            file: String::new(),
            name: &new.metadata.name,
            direction: Direction::Upload,
            via: new.via,
            address: &new.address,
            started_at: new.now,
            seen_at: new.now,
            ended_at: None,
            size: new.length,
            chain: &Chain::default(),
            sha256: None,
            outcome: Outcome::Open,
        },
    )
    .await
}

/// How far an upload is, and whether its request was cut off without anybody having ordered it.
pub(in crate::store) async fn progress(
    tx: &DatabaseTransaction,
    upload: Id,
    offset: u64,
    cut: Cut,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Whoever moved on after a cut has resumed; `transferred` is read before it is set, on MySQL too.
    let update = statement(
        tx,
        "UPDATE files_audit SET resumes = resumes + CASE WHEN transferred < ? THEN cut ELSE 0 END, cut = CASE WHEN ? = 1 \
         THEN 1 WHEN transferred < ? THEN 0 ELSE cut END, interruptions = interruptions + ?, transferred = ?, seen_at = ? \
         WHERE id = ? AND outcome = ?",
        [
            int(offset),
            i64::from(cut != Cut::No).into(),
            int(offset),
            i64::from(cut == Cut::Broken).into(),
            int(offset),
            now.as_micros().into(),
            text(upload.to_string()),
            text(Outcome::Open.word()),
        ],
    );
    tx.execute_raw(update).await.context("note an upload's progress").map(drop)
}

/// How a request that brought bytes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// In good order, or it has not ended.
    No,
    /// Somebody ordered it.
    Ordered,
    /// It broke off.
    Broken,
}

/// An upload's writer is gone and said nothing.
pub(in crate::store) async fn lost(tx: &DatabaseTransaction, upload: Id, now: Timestamp) -> Result<(), StoreError> {
    let update = statement(
        tx,
        "UPDATE files_audit SET interruptions = interruptions + 1, cut = 1, seen_at = ? WHERE id = ? AND outcome = ?",
        [now.as_micros().into(), text(upload.to_string()), text(Outcome::Open.word())],
    );
    tx.execute_raw(update).await.context("note an interruption").map(drop)
}

/// What an upload is when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Became {
    /// A file of so many bytes. What was joined of parts has no SHA-256 yet.
    File { size: u64, sha256: Option<String> },
    /// A part of a file.
    Part { size: u64 },
    /// It was given up.
    Nothing,
}

/// An upload ended.
pub(in crate::store) async fn end(
    tx: &DatabaseTransaction,
    upload: Id,
    became: Became,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (file, size, sha256, outcome) = match became {
        Became::File { size, sha256 } => (upload.to_string(), Some(size), sha256, Outcome::Done),
        Became::Part { size } => (String::new(), Some(size), None, Outcome::Done),
        Became::Nothing => (String::new(), None, None, Outcome::Abandoned),
    };
    let update = statement(
        tx,
        "UPDATE files_audit SET file = ?, sha256 = ?, size_bytes = COALESCE(?, size_bytes), ended_at = ?, seen_at = ?, outcome = ? WHERE id = ? AND outcome = ?",
        [
            text(file),
            Value::from(sha256),
            size.map_or(Value::BigInt(None), int),
            now.as_micros().into(),
            now.as_micros().into(),
            text(outcome.word()),
            text(upload.to_string()),
            text(Outcome::Open.word()),
        ],
    );
    if tx.execute_raw(update).await.context("end an upload's entry")?.rows_affected() == 0 {
        return Ok(());
    }
    let mut counts = Counts::default();
    count_row(tx, upload, &mut counts).await?;
    counts.write(tx).await
}

/// The digest of what was joined of parts is known by now.
pub(in crate::store) async fn hashed(tx: &DatabaseTransaction, file: Id, sha256: &str) -> Result<(), StoreError> {
    let update = statement(
        tx,
        "UPDATE files_audit SET sha256 = ? WHERE id = ? AND sha256 IS NULL",
        [text(sha256), text(file.to_string())],
    );
    tx.execute_raw(update).await.context("note a digest").map(drop)
}
