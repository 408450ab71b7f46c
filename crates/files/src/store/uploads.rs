//! Uploads: beginning them, finding them, taking them over, removing them.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::auth::UserRole;
use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::idempotency::{self, Answer, Seen};
use store::{DbContext, StoreError, jobs};

use super::audit::{self, Became};
use super::join::{self, Joining};
use super::{DELETE_BLOBS, QuotaError, Remember, Row, Shared, Store, int, json, quotas, statement, text, vouchers};
use crate::model::audit::Via;
use crate::model::concat::{BadConcat, Kind};
use crate::model::quota::{Change, Quotas};
use crate::model::voucher::Refusal;
use crate::model::{Hold, Metadata, Owner, Segment, Upload, UploadState, Writer, digest};

const COLUMNS: &str = "id, owner, owner_name, kind, total, acked, epoch, writer, hash, state, metadata, metadata_header, \
                       concat_header, created_at, updated_at, expires_at, hold, joined";

/// An upload that begins.
#[derive(Debug, Clone)]
pub(crate) struct NewUpload {
    /// Its id.
    pub(crate) id: Id,
    /// Whose it is.
    pub(crate) owner: Owner,
    /// Whether it is to be a file by itself, a part, or made of parts.
    pub(crate) kind: Kind,
    /// What it is made of, if it is made of parts.
    pub(crate) parts: Vec<Id>,
    /// `Upload-Concat` as the client wrote it.
    pub(crate) concat_header: Option<String>,
    /// The largest file.
    pub(crate) most: u64,
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
    /// With what right it is begun.
    pub(crate) by: Begun,
    /// What its owner may have.
    pub(crate) quotas: Quotas,
    /// What let its owner, or their guest, in.
    pub(crate) via: Via,
    /// From where, as the gateway saw it; empty if it did not say.
    pub(crate) address: String,
}

/// With what right an upload is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// By its owner, who has this role.
    Member(UserRole),
    /// With the owner's voucher.
    Guest(Id),
}

/// Why no upload was begun.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    /// It would pass its owner's quota.
    #[error("{left} bytes are left of the quota")]
    Quota {
        /// How many would fit.
        left: u64,
    },
    /// The voucher does not allow it.
    #[error(transparent)]
    Voucher(Refusal),
    /// A part is missing, no part, or somebody else's.
    #[error(transparent)]
    Concat(BadConcat),
    /// The parts are longer than a file may be.
    #[error("at most {most} bytes")]
    TooLarge {
        /// How long it may be.
        most: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<QuotaError> for CreateError {
    fn from(error: QuotaError) -> Self {
        match error {
            QuotaError::Full { left } => Self::Quota { left },
            QuotaError::Store(error) => Self::Store(error),
        }
    }
}

/// Whether a request that may be sent again was seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It was not.
    New,
    /// It was, and made the thing of this id.
    Before(Id),
    /// The key was used for another request.
    OtherRequest,
}

/// Looks a request up by its idempotency key; a new one is remembered as having made `id`.
pub(super) async fn answer_once(
    tx: &DatabaseTransaction,
    remember: Option<&Remember>,
    id: Id,
    now: Timestamp,
) -> Result<Repeat, StoreError> {
    let Some(key) = remember else { return Ok(Repeat::New) };
    match idempotency::find(tx, &key.scope, &key.key, &key.digest).await? {
        Seen::New => {}
        Seen::Replay { body, .. } => return Ok(body.parse().map_or(Repeat::OtherRequest, Repeat::Before)),
        Seen::OtherBody => return Ok(Repeat::OtherRequest),
    }
    let answer = Answer { status: 201, body: &id.to_string() };
    idempotency::remember(tx, &key.scope, &key.key, &key.digest, answer, now).await?;
    Ok(Repeat::New)
}

impl Store {
    /// Begins an upload, once per idempotency key.
    ///
    /// # Errors
    /// [`CreateError`]; then there is none.
    pub(crate) async fn create(&self, new: NewUpload) -> Result<Repeat, CreateError> {
        let new: Shared<NewUpload> = Arc::new(new);
        let metadata = json(&new.metadata)?;
        self.sql
            .write(move |tx| {
                let (new, metadata) = (Arc::clone(&new), metadata.clone());
                async move {
                    let repeat = answer_once(tx, new.remember.as_ref(), new.id, new.now).await?;
                    if repeat != Repeat::New {
                        return Ok(repeat);
                    }
                    if new.kind == Kind::Final {
                        join::hold_parts(tx, &new).await?;
                    }
                    let insert = statement(
                        tx,
                        "INSERT INTO files_upload (id, owner, owner_name, kind, total, acked, epoch, writer, hash, \
                         state, metadata, metadata_header, concat_header, created_at, updated_at, expires_at) VALUES (?, \
                         ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        [
                            text(new.id.to_string()),
                            text(new.owner.id.to_string()),
                            text(new.owner.name.clone()),
                            text(new.kind.word()),
                            new.length.map_or(sea_orm::Value::BigInt(None), int),
                            i64::from(new.writer.is_some()).into(),
                            sea_orm::Value::from(new.writer.as_ref().map(|writer| writer.0.clone())),
                            text(digest::Running::default().serialize()),
                            text(UploadState::Open.word()),
                            text(metadata),
                            text(new.metadata_header.clone()),
                            sea_orm::Value::from(new.concat_header.clone()),
                            new.now.as_micros().into(),
                            new.now.as_micros().into(),
                            new.expires_at.as_micros().into(),
                        ],
                    );
                    tx.execute_raw(insert).await.context("begin an upload")?;
                    let role = match new.by {
                        Begun::Member(role) => Some(role),
                        Begun::Guest(voucher) => {
                            vouchers::begin(tx, voucher, &new).await?.map_err(CreateError::Voucher)?;
                            None
                        }
                    };
                    let change = Change::reserve(new.length.unwrap_or(0));
                    quotas::charge_within(tx, new.owner.id, role, change, new.quotas).await?;
                    audit::uploads::begin(tx, &new).await?;
                    if new.kind == Kind::Final {
                        let joining = Joining { now: new.now, expires_at: new.expires_at, most: new.most };
                        join::enter_parts(tx, &new, joining).await?;
                    }
                    Ok(Repeat::New)
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

    /// Fixes the length of an upload of which it was put off. False if it was fixed before, or the epoch is another.
    ///
    /// # Errors
    /// [`QuotaError`].
    pub(crate) async fn fix_length(&self, upload: &Upload, length: u64, quotas: Quotas) -> Result<bool, QuotaError> {
        let (id, epoch, owner) = (upload.id, upload.epoch, upload.owner.id);
        let more = Change::reserve(length.saturating_sub(upload.offset));
        self.sql
            .write(move |tx| {
                async move {
                    let update = statement(
                        tx,
                        "UPDATE files_upload SET total = ? WHERE id = ? AND epoch = ? AND state = ? AND total IS NULL",
                        [int(length), text(id.to_string()), int(epoch), text(UploadState::Open.word())],
                    );
                    if tx.execute_raw(update).await.context("fix a length")?.rows_affected() == 0 {
                        return Ok(false);
                    }
                    quotas::charge_within(tx, owner, None, more, quotas).await?;
                    Ok(true)
                }
                .boxed()
            })
            .await
    }

    /// Removes an upload that is no file, its bytes by a job, and the wholes that wait for it. False if it is a file or
    /// gone, or `expired` is asked for and it has time left.
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
                         AND state IN (?, ?) AND expires_at <= ?",
                        [
                            text(UploadState::Gone.word()),
                            now.plus(super::sweep::GONE_FOR).as_micros().into(),
                            text(id.to_string()),
                            text(UploadState::Open.word()),
                            text(UploadState::Part.word()),
                            if expired { now.as_micros() } else { i64::MAX }.into(),
                        ],
                    );
                    if tx.execute_raw(update).await.context("remove an upload")?.rows_affected() == 0 {
                        return Ok(false);
                    }
                    join::forsake(tx, id, now).await?;
                    let delete =
                        statement(tx, "DELETE FROM files_segment WHERE file = ?", [text(id.to_string())]);
                    tx.execute_raw(delete).await.context("remove an upload's segments")?;
                    jobs::enqueue(tx, DELETE_BLOBS, &id.to_string(), "{}", now).await?;
                    if let Some(gone) = find(tx, id).await? {
                        let held = if gone.joined { 0 } else { gone.length.unwrap_or(gone.offset) };
                        vouchers::give_back(tx, id, held).await?;
                        quotas::charge(tx, gone.owner.id, None, Change::release(held)).await?;
                    }
                    audit::uploads::end(tx, id, Became::Nothing, now).await?;
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
        rows.iter().map(|row| segment(&Row(row))).collect()
    }

    /// The chains of files, each in order.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn chains(&self, ids: &[Id]) -> Result<BTreeMap<Id, Vec<Segment>>, StoreError> {
        let connection = self.sql.reader();
        let sql = format!(
            "SELECT file, place, blob_key, size_bytes FROM files_segment WHERE file IN ({}) ORDER BY file, place",
            super::marks(ids.len())
        );
        let query = statement(connection, &sql, ids.iter().map(|id| text(id.to_string())));
        let rows = connection.query_all_raw(query).await.context("read chains")?;
        let mut chains: BTreeMap<Id, Vec<Segment>> = BTreeMap::new();
        for row in &rows {
            chains.entry(Row(row).id("file")?).or_default().push(segment(&Row(row))?);
        }
        Ok(chains)
    }

    /// The unfinished uploads of a user, or of all, the most recently moved first, at most 500.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn unfinished(&self, owner: Option<Id>) -> Result<Vec<Upload>, StoreError> {
        let connection = self.sql.reader();
        let condition = if owner.is_some() { "AND owner = ?" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS} FROM files_upload WHERE state = ? AND kind <> ? {condition} ORDER BY updated_at DESC LIMIT \
             500"
        );
        // What waits for its parts takes no bytes: there is nothing to go on with.
        let values = [
            Some(text(UploadState::Open.word())),
            Some(text(Kind::Final.word())),
            owner.map(|owner| text(owner.to_string())),
        ];
        let query = statement(connection, &sql, values.into_iter().flatten());
        let rows = connection.query_all_raw(query).await.context("list unfinished uploads")?;
        rows.iter().map(|row| read(&Row(row))).collect()
    }
}

fn segment(row: &Row<'_>) -> Result<Segment, StoreError> {
    Ok(Segment { position: row.size("place")?, blob: row.text("blob_key")?, length: row.size("size_bytes")? })
}

pub(super) async fn find(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Upload>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM files_upload WHERE id = ?");
    let query = statement(connection, &sql, [text(id.to_string())]);
    let row = connection.query_one_raw(query).await.context("find an upload")?;
    row.map(|row| read(&Row(&row))).transpose()
}

fn read(row: &Row<'_>) -> Result<Upload, StoreError> {
    let (state, kind, hold) = (row.text("state")?, row.text("kind")?, row.text("hold")?);
    Ok(Upload {
        id: row.id("id")?,
        owner: row.owner()?,
        length: row.maybe_size("total")?,
        offset: row.size("acked")?,
        epoch: row.size("epoch")?,
        writer: row.maybe_text("writer")?.map(Writer),
        hash: digest::Running::deserialize(&row.text("hash")?).map_err(super::damaged)?,
        kind: Kind::from_word(&kind).ok_or_else(|| super::damaged(format!("kind {kind:?}")))?,
        state: UploadState::from_word(&state).ok_or_else(|| super::damaged(format!("state {state:?}")))?,
        joined: row.int("joined")? != 0,
        hold: Hold::from_word(&hold).ok_or_else(|| super::damaged(format!("hold {hold:?}")))?,
        metadata: row.metadata()?,
        metadata_header: row.text("metadata_header")?,
        concat_header: row.maybe_text("concat_header")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        expires_at: row.time("expires_at")?,
    })
}
