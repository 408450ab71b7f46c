//! Uploads: beginning them, finding them, taking them over, removing them.

use std::sync::Arc;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::ConnectionTrait;
use store::idempotency::{self, Answer, Seen};
use store::{DbContext, StoreError, jobs};

use super::{DELETE_BLOBS, Remember, Row, Shared, Store, audit, int, json, statement, text};
use crate::model::audit::Via;
use crate::model::{Hold, Metadata, Owner, Segment, Upload, UploadState, Writer, digest};

const COLUMNS: &str = "id, owner, owner_name, total, acked, epoch, writer, hash, state, metadata, metadata_header, \
                       created_at, updated_at, expires_at, hold";

/// An upload that begins.
#[derive(Debug, Clone)]
pub(crate) struct NewUpload {
    /// Its id.
    pub(crate) id: Id,
    /// Whose it is.
    pub(crate) owner: Owner,
    /// How long it will be, if that is known.
    pub(crate) length: Option<u64>,
    /// What is said about it.
    pub(crate) metadata: Metadata,
    /// The same as the client wrote it.
    pub(crate) metadata_header: String,
    /// When.
    pub(crate) now: Timestamp,
    /// When it ends if nothing arrives.
    pub(crate) expires_at: Timestamp,
    /// The client's idempotency key.
    pub(crate) remember: Option<Remember>,
    /// Who writes it at once.
    pub(crate) writer: Option<Writer>,
    /// What let its owner, or their guest, in.
    pub(crate) via: Via,
    /// From where, as the gateway saw it; empty if it did not say.
    pub(crate) address: String,
}

/// What became of a beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Created {
    /// There is a new upload.
    New,
    /// The same request was made before and began this one.
    Before(Id),
    /// The key was used for another request.
    OtherRequest,
}

impl Store {
    /// Begins an upload, once per idempotency key.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn create(&self, new: NewUpload) -> Result<Created, StoreError> {
        let new: Shared<NewUpload> = Arc::new(new);
        let metadata = json(&new.metadata)?;
        self.sql
            .write(move |tx| {
                let (new, metadata) = (Arc::clone(&new), metadata.clone());
                async move {
                    if let Some(key) = &new.remember {
                        match idempotency::find(tx, &key.scope, &key.key, &key.digest).await? {
                            Seen::New => {}
                            Seen::Replay { body, .. } => {
                                return Ok(body.parse().map_or(Created::OtherRequest, Created::Before));
                            }
                            Seen::OtherBody => return Ok(Created::OtherRequest),
                        }
                        let answer = Answer { status: 201, body: &new.id.to_string() };
                        idempotency::remember(tx, &key.scope, &key.key, &key.digest, answer, new.now).await?;
                    }
                    let insert = statement(
                        tx,
                        "INSERT INTO files_upload (id, owner, owner_name, total, acked, epoch, writer, hash, state, \
                         metadata, metadata_header, created_at, updated_at, expires_at) VALUES (?, ?, ?, ?, 0, ?, ?, ?, \
                         ?, ?, ?, ?, ?, ?)",
                        [
                            text(new.id.to_string()),
                            text(new.owner.id.to_string()),
                            text(new.owner.name.clone()),
                            new.length.map_or(sea_orm::Value::BigInt(None), int),
                            i64::from(new.writer.is_some()).into(),
                            sea_orm::Value::from(new.writer.as_ref().map(|writer| writer.0.clone())),
                            text(digest::Running::default().serialize()),
                            text(UploadState::Open.word()),
                            text(metadata),
                            text(new.metadata_header.clone()),
                            new.now.as_micros().into(),
                            new.now.as_micros().into(),
                            new.expires_at.as_micros().into(),
                        ],
                    );
                    tx.execute_raw(insert).await.context("begin an upload")?;
                    audit::uploads::begin(tx, &new).await?;
                    Ok(Created::New)
                }
                .boxed()
            })
            .await
    }

    /// An upload.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn upload(&self, id: Id) -> Result<Option<Upload>, StoreError> {
        find(self.sql.reader(), id).await
    }

    /// Gives an upload to a new writer, or to none: whoever wrote until now can commit nothing more. `None` if its epoch
    /// is no longer `seen`, it is not open, or it is held and would get a writer. With `lost` a writer that stands in the
    /// row has gone without a word.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn take_over(
        &self,
        id: Id,
        seen: u64,
        writer: Option<Writer>,
        lost: bool,
        now: Timestamp,
    ) -> Result<Option<Upload>, StoreError> {
        self.sql
            .write(move |tx| {
                let writer = writer.clone();
                async move {
                    let update = statement(
                        tx,
                        "UPDATE files_upload SET epoch = epoch + 1, updated_at = ? WHERE id = ? AND epoch = ? AND state = ? \
                         AND (? = 0 OR hold <> ?)",
                        [
                            now.as_micros().into(),
                            text(id.to_string()),
                            int(seen),
                            text(UploadState::Open.word()),
                            i64::from(writer.is_some()).into(),
                            text(Hold::Paused.word()),
                        ],
                    );
                    if tx.execute_raw(update).await.context("take an upload over")?.rows_affected() == 0 {
                        return Ok(None);
                    }
                    let Some(mut upload) = find(tx, id).await? else { return Ok(None) };
                    if lost && upload.writer.is_some() {
                        audit::uploads::lost(tx, id, now).await?;
                    }
                    let name = statement(
                        tx,
                        "UPDATE files_upload SET writer = ? WHERE id = ?",
                        [sea_orm::Value::from(writer.as_ref().map(|writer| writer.0.clone())), text(id.to_string())],
                    );
                    tx.execute_raw(name).await.context("name an upload's writer")?;
                    upload.writer = writer;
                    Ok(Some(upload))
                }
                .boxed()
            })
            .await
    }

    /// Removes an unfinished upload, its bytes by a job. False if it was not open, or `expired` is asked for and it has
    /// time left.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn abandon(&self, id: Id, expired: bool, now: Timestamp) -> Result<bool, StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    let update = statement(
                        tx,
                        "UPDATE files_upload SET epoch = epoch + 1, writer = NULL, state = ?, expires_at = ? WHERE id = ? \
                         AND state = ? AND expires_at <= ?",
                        [
                            text(UploadState::Gone.word()),
                            now.plus(super::sweep::GONE_FOR).as_micros().into(),
                            text(id.to_string()),
                            text(UploadState::Open.word()),
                            if expired { now.as_micros() } else { i64::MAX }.into(),
                        ],
                    );
                    if tx.execute_raw(update).await.context("remove an upload")?.rows_affected() == 0 {
                        return Ok(false);
                    }
                    let delete =
                        statement(tx, "DELETE FROM files_segment WHERE file = ?", [text(id.to_string())]);
                    tx.execute_raw(delete).await.context("remove an upload's segments")?;
                    audit::uploads::end(tx, id, None, now).await?;
                    jobs::enqueue(tx, DELETE_BLOBS, &id.to_string(), "{}", now).await?;
                    Ok(true)
                }
                .boxed()
            })
            .await
    }

    /// Holds an open upload, or lets it go. False if there is none.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn hold(&self, id: Id, hold: Hold) -> Result<bool, StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    let update = statement(
                        tx,
                        "UPDATE files_upload SET hold = ? WHERE id = ? AND state = ?",
                        [text(hold.word()), text(id.to_string()), text(UploadState::Open.word())],
                    );
                    Ok(tx.execute_raw(update).await.context("hold an upload")?.rows_affected() == 1)
                }
                .boxed()
            })
            .await
    }

    /// The chain of an upload or a file, in order.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn chain(&self, id: Id) -> Result<Vec<Segment>, StoreError> {
        let connection = self.sql.reader();
        let query = statement(
            connection,
            "SELECT place, blob_key, size_bytes FROM files_segment WHERE file = ? ORDER BY place",
            [text(id.to_string())],
        );
        let rows = connection.query_all_raw(query).await.context("read a chain")?;
        rows.iter()
            .map(|row| {
                let row = Row(row);
                Ok(Segment {
                    position: row.size("place")?,
                    blob: row.text("blob_key")?,
                    length: row.size("size_bytes")?,
                })
            })
            .collect()
    }

    /// The unfinished uploads of a user, or of all, the most recently moved first, at most 500.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn unfinished(&self, owner: Option<Id>) -> Result<Vec<Upload>, StoreError> {
        let connection = self.sql.reader();
        let condition = if owner.is_some() { "AND owner = ?" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS} FROM files_upload WHERE state = ? {condition} ORDER BY updated_at DESC LIMIT 500"
        );
        let values = [Some(text(UploadState::Open.word())), owner.map(|owner| text(owner.to_string()))];
        let query = statement(connection, &sql, values.into_iter().flatten());
        let rows = connection.query_all_raw(query).await.context("list unfinished uploads")?;
        rows.iter().map(|row| read(&Row(row))).collect()
    }
}

pub(super) async fn find(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Upload>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM files_upload WHERE id = ?");
    let query = statement(connection, &sql, [text(id.to_string())]);
    let row = connection.query_one_raw(query).await.context("find an upload")?;
    row.map(|row| read(&Row(&row))).transpose()
}

fn read(row: &Row<'_>) -> Result<Upload, StoreError> {
    let (state, hold) = (row.text("state")?, row.text("hold")?);
    Ok(Upload {
        id: row.id("id")?,
        owner: row.owner()?,
        length: row.maybe_size("total")?,
        offset: row.size("acked")?,
        epoch: row.size("epoch")?,
        writer: row.maybe_text("writer")?.map(Writer),
        hash: digest::Running::deserialize(&row.text("hash")?).map_err(super::damaged)?,
        state: UploadState::from_word(&state).ok_or_else(|| super::damaged(format!("state {state:?}")))?,
        hold: Hold::from_word(&hold).ok_or_else(|| super::damaged(format!("hold {hold:?}")))?,
        metadata: row.metadata()?,
        metadata_header: row.text("metadata_header")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        expires_at: row.time("expires_at")?,
    })
}
