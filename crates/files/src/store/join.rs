//! Joining parts into a whole (tus concatenation).
//!
//! A whole that waits has a row in `files_join` for each of its parts, in order; the rows go when it is complete or gone.
//! Who changes a part locks the part's row first and then those of the wholes that wait for it, so of two parts that end
//! at once the later one sees the other complete.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::{DbContext, StoreError, jobs};

use super::audit::{self, Became};
use super::{CreateError, HASH, NewUpload, Row, Store, int, quotas, statement, text};
use crate::model::concat::{BadConcat, Kind};
use crate::model::quota::Change;
use crate::model::{File, FileState, UploadState};

/// What a whole that becomes complete needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joining {
    /// When.
    pub(super) now: Timestamp,
    /// When its upload's row may be forgotten.
    pub(super) expires_at: Timestamp,
    /// The largest file.
    pub(super) most: u64,
}

struct Part {
    id: Id,
    complete: bool,
    length: Option<u64>,
}

impl Store {
    /// How long a whole that waits will be; `None` while the length of a part is not known.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn joined_length(&self, whole: Id) -> Result<Option<u64>, StoreError> {
        Ok(sum(&parts(self.sql.reader(), whole).await?))
    }
}

/// Makes sure that the parts of a new whole are parts, alive and the owner's, and keeps them so until the transaction's
/// end, and that they are not too long together.
pub(super) async fn hold_parts(tx: &DatabaseTransaction, new: &NewUpload) -> Result<(), CreateError> {
    let mut ids: Vec<Id> = new.parts.clone();
    // In one order, so that two wholes with the same parts do not wait for each other.
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        // A part that is named gets as much time as one that moves.
        let hold = statement(
            tx,
            "UPDATE files_upload SET expires_at = ? WHERE id = ? AND owner = ? AND kind = ? AND state IN (?, ?)",
            [
                new.expires_at.as_micros().into(),
                text(id.to_string()),
                text(new.owner.id.to_string()),
                text(Kind::Partial.word()),
                text(UploadState::Open.word()),
                text(UploadState::Part.word()),
            ],
        );
        if tx.execute_raw(hold).await.context("hold a part")?.rows_affected() != 1 {
            return Err(CreateError::Concat(BadConcat::Part));
        }
    }
    if too_long(tx, new).await? { Err(CreateError::TooLarge { most: new.most }) } else { Ok(()) }
}

/// Enters a new whole's parts, and completes it if they are complete.
pub(super) async fn enter_parts(tx: &DatabaseTransaction, new: &NewUpload, joining: Joining) -> Result<(), StoreError> {
    for (place, part) in (1_u64..).zip(&new.parts) {
        let insert = statement(
            tx,
            "INSERT INTO files_join (whole, place, part) VALUES (?, ?, ?)",
            [text(new.id.to_string()), int(place), text(part.to_string())],
        );
        tx.execute_raw(insert).await.context("enter a part")?;
    }
    complete_if_whole(tx, new.id, joining).await
}

/// Completes the wholes for which this part was the last to wait for.
pub(super) async fn after_part(tx: &DatabaseTransaction, part: Id, joining: Joining) -> Result<(), StoreError> {
    for whole in waiting(tx, part).await? {
        complete_if_whole(tx, whole, joining).await?;
    }
    Ok(())
}

/// Ends the wholes that wait for a part that is gone, and forgets what this upload waited for itself.
pub(super) async fn forsake(tx: &DatabaseTransaction, gone: Id, now: Timestamp) -> Result<(), StoreError> {
    for whole in waiting(tx, gone).await? {
        end(tx, whole, now).await?;
    }
    forget_parts(tx, gone).await
}

async fn complete_if_whole(tx: &DatabaseTransaction, whole: Id, joining: Joining) -> Result<(), StoreError> {
    let lock = statement(
        tx,
        "UPDATE files_upload SET updated_at = ? WHERE id = ? AND state = ?",
        [joining.now.as_micros().into(), text(whole.to_string()), text(UploadState::Open.word())],
    );
    if tx.execute_raw(lock).await.context("lock a whole")?.rows_affected() == 0 {
        return Ok(());
    }
    let parts = parts(tx, whole).await?;
    if !parts.iter().all(|part| part.complete) {
        return Ok(());
    }
    // Lengths that were put off may add up to more than a file may have.
    let Some(size) = sum(&parts).filter(|size| *size <= joining.most) else {
        return end(tx, whole, joining.now).await;
    };
    let Some(upload) = super::uploads::find(tx, whole).await? else { return Ok(()) };
    link(tx, whole, &parts).await?;
    let file = File {
        id: whole,
        version: 1,
        owner: upload.owner,
        metadata: upload.metadata,
        size,
        sha256: None,
        crc32: None,
        created_at: joining.now,
        state: FileState::Hashing,
        downloads: 0,
        deleted_at: None,
    };
    super::commit::insert_file(tx, &file).await?;
    let held = count_with_whole(tx, &parts).await?;
    quotas::charge(tx, file.owner.id, None, Change::complete(held, size)).await?;
    let done = statement(
        tx,
        "UPDATE files_upload SET state = ?, acked = ?, total = ?, expires_at = ? WHERE id = ?",
        [
            text(UploadState::Done.word()),
            int(size),
            int(size),
            joining.expires_at.as_micros().into(),
            text(whole.to_string()),
        ],
    );
    tx.execute_raw(done).await.context("complete a whole")?;
    forget_parts(tx, whole).await?;
    jobs::enqueue(tx, HASH, &whole.to_string(), "{}", joining.now).await?;
    audit::uploads::end(tx, whole, Became::File { size, sha256: None }, joining.now).await
}

/// What parts take of the quota is taken by the whole from now on; returns how many bytes that was.
async fn count_with_whole(tx: &DatabaseTransaction, parts: &[Part]) -> Result<u64, StoreError> {
    let mut parts: Vec<&Part> = parts.iter().collect();
    parts.sort_unstable_by_key(|part| part.id);
    let mut held = 0;
    for part in parts {
        let mark = statement(
            tx,
            "UPDATE files_upload SET joined = 1 WHERE id = ? AND joined = 0",
            [text(part.id.to_string())],
        );
        if tx.execute_raw(mark).await.context("count a part with its whole")?.rows_affected() == 1 {
            held += part.length.unwrap_or(0);
        }
    }
    Ok(held)
}

/// Ends a part that was counted with a file which is removed, unless another file is made of it. Where a whole waits for
/// it, it stays and counts by itself again: returns how many bytes it takes of the quota then.
pub(super) async fn part_without_file(tx: &DatabaseTransaction, part: Id, now: Timestamp) -> Result<u64, StoreError> {
    let lock = statement(
        tx,
        "UPDATE files_upload SET joined = 0 WHERE id = ? AND state = ? AND joined = 1",
        [text(part.to_string()), text(UploadState::Part.word())],
    );
    if tx.execute_raw(lock).await.context("look at a part")?.rows_affected() == 0 {
        return Ok(0);
    }
    if super::sweep::is_named_elsewhere(tx, part).await? {
        let back = statement(tx, "UPDATE files_upload SET joined = 1 WHERE id = ?", [text(part.to_string())]);
        tx.execute_raw(back).await.context("leave a part with its other file")?;
        return Ok(0);
    }
    if !waiting(tx, part).await?.is_empty() {
        return Ok(super::uploads::find(tx, part).await?.map_or(0, |part| part.offset));
    }
    let end = statement(
        tx,
        "UPDATE files_upload SET epoch = epoch + 1, writer = NULL, state = ?, expires_at = ? WHERE id = ?",
        [text(UploadState::Gone.word()), now.plus(super::sweep::GONE_FOR).as_micros().into(), text(part.to_string())],
    );
    tx.execute_raw(end).await.context("end a part")?;
    let chain = statement(tx, "DELETE FROM files_segment WHERE file = ?", [text(part.to_string())]);
    tx.execute_raw(chain).await.context("end a part's chain").map(|_| 0)
}

/// The parts' chains, one behind the other, become the whole's. No byte moves.
async fn link(tx: &DatabaseTransaction, whole: Id, parts: &[Part]) -> Result<(), StoreError> {
    let mut behind = 0_u64;
    for part in parts {
        let copy = statement(
            tx,
            "INSERT INTO files_segment (file, place, blob_key, size_bytes) SELECT ?, place + ?, blob_key, size_bytes FROM \
             files_segment WHERE file = ?",
            [text(whole.to_string()), int(behind), text(part.id.to_string())],
        );
        tx.execute_raw(copy).await.context("link a part")?;
        let last = statement(
            tx,
            "SELECT place FROM files_segment WHERE file = ? ORDER BY place DESC LIMIT 1",
            [text(whole.to_string())],
        );
        if let Some(row) = tx.query_one_raw(last).await.context("link a part")? {
            behind = Row(&row).size("place")?;
        }
    }
    Ok(())
}

async fn end(tx: &DatabaseTransaction, whole: Id, now: Timestamp) -> Result<(), StoreError> {
    let update = statement(
        tx,
        "UPDATE files_upload SET epoch = epoch + 1, writer = NULL, state = ?, expires_at = ? WHERE id = ? AND state = ?",
        [
            text(UploadState::Gone.word()),
            now.plus(super::sweep::GONE_FOR).as_micros().into(),
            text(whole.to_string()),
            text(UploadState::Open.word()),
        ],
    );
    tx.execute_raw(update).await.context("end a whole")?;
    forget_parts(tx, whole).await?;
    audit::uploads::end(tx, whole, Became::Nothing, now).await
}

async fn forget_parts(tx: &DatabaseTransaction, whole: Id) -> Result<(), StoreError> {
    let delete = statement(tx, "DELETE FROM files_join WHERE whole = ?", [text(whole.to_string())]);
    tx.execute_raw(delete).await.context("forget parts").map(drop)
}

async fn waiting(tx: &DatabaseTransaction, part: Id) -> Result<Vec<Id>, StoreError> {
    let query =
        statement(tx, "SELECT DISTINCT whole FROM files_join WHERE part = ? ORDER BY whole", [text(part.to_string())]);
    let rows = tx.query_all_raw(query).await.context("find who waits for a part")?;
    rows.iter().map(|row| Row(row).id("whole")).collect()
}

async fn parts(connection: &impl ConnectionTrait, whole: Id) -> Result<Vec<Part>, StoreError> {
    let query = statement(
        connection,
        "SELECT files_join.part AS part, files_upload.state AS state, files_upload.total AS total FROM files_join JOIN \
         files_upload ON files_upload.id = files_join.part WHERE files_join.whole = ? ORDER BY files_join.place",
        [text(whole.to_string())],
    );
    let rows = connection.query_all_raw(query).await.context("read the parts of a whole")?;
    rows.iter()
        .map(|row| {
            let row = Row(row);
            Ok(Part {
                id: row.id("part")?,
                complete: row.text("state")? == UploadState::Part.word(),
                length: row.maybe_size("total")?,
            })
        })
        .collect()
}

/// The length of parts joined, if it is known.
fn sum(parts: &[Part]) -> Option<u64> {
    parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.length?))
}

/// Whether parts, as far as their lengths are known, are longer than a file may be.
async fn too_long(tx: &DatabaseTransaction, new: &NewUpload) -> Result<bool, StoreError> {
    let mut least = 0_u64;
    for &part in &new.parts {
        let found = super::uploads::find(tx, part).await?;
        least = least.saturating_add(found.and_then(|part| part.length).unwrap_or(0));
    }
    Ok(least > new.most)
}
