//! Guest vouchers and what was begun with them.

use std::sync::Arc;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use store::{DbContext, StoreError};

use super::uploads::{NewUpload, Repeat, answer_once};
use super::{Remember, Row, Shared, Store, int, statement, text};
use crate::model::concat::Kind;
use crate::model::voucher::{Item, Refusal, Stands, Voucher};
use crate::model::{File, UploadState, digest};

const COLUMNS: &str = "id, owner, owner_name, note, expires_at, max_files, max_bytes, begun_files, begun_bytes, revoked_at, \
                       created_at";

impl Store {
    /// Keeps a new voucher, once per idempotency key.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn create_voucher(
        &self,
        voucher: Voucher,
        token_hash: String,
        remember: Option<Remember>,
    ) -> Result<Repeat, StoreError> {
        let new: Shared<(Voucher, String, Option<Remember>)> = Arc::new((voucher, token_hash, remember));
        self.sql
            .write(move |tx| {
                let new = Arc::clone(&new);
                async move {
                    let (voucher, token_hash, remember) = &*new;
                    let repeat = answer_once(tx, remember.as_ref(), voucher.id, voucher.created_at).await?;
                    if repeat == Repeat::New {
                        insert(tx, voucher, token_hash).await?;
                    }
                    Ok(repeat)
                }
                .boxed()
            })
            .await
    }

    /// A voucher by its id.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn voucher(&self, id: Id) -> Result<Option<Voucher>, StoreError> {
        find(self.sql.reader(), "id", &id.to_string()).await
    }

    /// A voucher by what is kept of its token.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn voucher_by_token(&self, token_hash: &str) -> Result<Option<Voucher>, StoreError> {
        find(self.sql.reader(), "token_hash", token_hash).await
    }

    /// Up to `limit` vouchers of a member, or of all, that were not revoked, the newest first, older than `after`.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn vouchers(
        &self,
        owner: Option<Id>,
        after: Option<Id>,
        limit: u64,
    ) -> Result<Vec<Voucher>, StoreError> {
        let connection = self.sql.reader();
        let own = if owner.is_some() { "AND owner = ?" } else { "" };
        let older = if after.is_some() { "AND id < ?" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS} FROM files_voucher WHERE revoked_at IS NULL {own} {older} ORDER BY id DESC LIMIT ?"
        );
        let values = [owner.map(|id| text(id.to_string())), after.map(|id| text(id.to_string())), Some(int(limit))];
        let query = statement(connection, &sql, values.into_iter().flatten());
        let rows = connection.query_all_raw(query).await.context("list vouchers")?;
        rows.iter().map(|row| read(&Row(row))).collect()
    }

    /// Revokes a voucher: no upload is begun with it any more. False if there is none that could be.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn revoke_voucher(&self, id: Id, now: Timestamp) -> Result<bool, StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    let update = statement(
                        tx,
                        "UPDATE files_voucher SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
                        [now.as_micros().into(), text(id.to_string())],
                    );
                    Ok(tx.execute_raw(update).await.context("revoke a voucher")?.rows_affected() > 0)
                }
                .boxed()
            })
            .await
    }

    /// The voucher that an upload was begun with.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn voucher_of(&self, upload: Id) -> Result<Option<Id>, StoreError> {
        voucher_of(self.sql.reader(), upload).await
    }

    /// What was begun with a voucher, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn voucher_items(&self, voucher: Id) -> Result<Vec<Item>, StoreError> {
        let connection = self.sql.reader();
        // A removed file has left its digest in the item; an upload that was given up has left nothing.
        let query = statement(
            connection,
            "SELECT i.upload AS id, i.name AS name, i.size_bytes AS kept_size, i.sha256 AS kept_sha256, i.completed_at AS \
             kept_at, u.total AS total, u.acked AS acked, u.state AS state, f.size_bytes AS size_bytes, f.sha256 AS \
             sha256, f.created_at AS created_at FROM files_voucher_item i LEFT JOIN files_upload u ON u.id = i.upload LEFT \
             JOIN files_file f ON f.id = i.upload WHERE i.voucher = ? ORDER BY i.upload",
            [text(voucher.to_string())],
        );
        let rows = connection.query_all_raw(query).await.context("list what a guest uploaded")?;
        rows.iter().filter_map(|row| item(&Row(row)).transpose()).collect()
    }
}

/// Begins an upload with a voucher, if its limits allow it now: then the count and the item are there.
pub(super) async fn begin(
    tx: &DatabaseTransaction,
    voucher: Id,
    new: &NewUpload,
) -> Result<Result<(), Refusal>, StoreError> {
    if new.length.is_none() && new.kind != Kind::Final {
        return Ok(Err(Refusal::Length));
    }
    // What is made of parts has no bytes of its own: they were counted with its parts.
    let length = new.length.unwrap_or(0);
    let update = statement(
        tx,
        "UPDATE files_voucher SET begun_files = begun_files + 1, begun_bytes = begun_bytes + ? WHERE id = ? AND revoked_at \
         IS NULL AND expires_at > ? AND begun_files < max_files AND (max_bytes IS NULL OR begun_bytes + ? <= max_bytes)",
        [int(length), text(voucher.to_string()), new.now.as_micros().into(), int(length)],
    );
    if tx.execute_raw(update).await.context("begin an upload with a voucher")?.rows_affected() == 0 {
        let found = find(tx, "id", &voucher.to_string()).await?;
        return Ok(Err(found.and_then(|voucher| voucher.refusal(length, new.now)).unwrap_or(Refusal::Revoked)));
    }
    let insert = statement(
        tx,
        "INSERT INTO files_voucher_item (upload, voucher, name) VALUES (?, ?, ?)",
        [text(new.id.to_string()), text(voucher.to_string()), text(new.metadata.name.clone())],
    );
    tx.execute_raw(insert).await.context("note what a guest uploads")?;
    Ok(Ok(()))
}

/// Forgets the vouchers that ended at or before `border`, with their receipts.
pub(super) async fn forget(tx: &DatabaseTransaction, border: Timestamp) -> Result<u64, StoreError> {
    let items = statement(
        tx,
        "DELETE FROM files_voucher_item WHERE voucher IN (SELECT id FROM files_voucher WHERE revoked_at <= ? OR expires_at \
         <= ?)",
        [border.as_micros().into(), border.as_micros().into()],
    );
    tx.execute_raw(items).await.context("forget receipts")?;
    let delete = statement(
        tx,
        "DELETE FROM files_voucher WHERE revoked_at <= ? OR expires_at <= ?",
        [border.as_micros().into(), border.as_micros().into()],
    );
    Ok(tx.execute_raw(delete).await.context("forget vouchers")?.rows_affected())
}

/// Gives back what an upload of `length` bytes took of its voucher, if it was begun with one: it is given up.
pub(super) async fn give_back(tx: &DatabaseTransaction, upload: Id, length: u64) -> Result<(), StoreError> {
    let Some(voucher) = voucher_of(tx, upload).await? else { return Ok(()) };
    let update = statement(
        tx,
        "UPDATE files_voucher SET begun_files = begun_files - 1, begun_bytes = begun_bytes - ? WHERE id = ?",
        [int(length), text(voucher.to_string())],
    );
    tx.execute_raw(update).await.context("give a voucher's place back")?;
    let delete = statement(tx, "DELETE FROM files_voucher_item WHERE upload = ?", [text(upload.to_string())]);
    tx.execute_raw(delete).await.context("forget what a guest gave up").map(drop)
}

/// Keeps in the receipt what is known of a file that is removed.
pub(super) async fn keep_receipt(tx: &DatabaseTransaction, file: &File) -> Result<(), StoreError> {
    let update = statement(
        tx,
        "UPDATE files_voucher_item SET size_bytes = ?, sha256 = ?, completed_at = ? WHERE upload = ?",
        [
            int(file.size),
            text(file.sha256.map(|sha256| digest::hex(&sha256)).unwrap_or_default()),
            file.created_at.as_micros().into(),
            text(file.id.to_string()),
        ],
    );
    tx.execute_raw(update).await.context("keep a guest's receipt").map(drop)
}

async fn voucher_of(connection: &impl ConnectionTrait, upload: Id) -> Result<Option<Id>, StoreError> {
    let query =
        statement(connection, "SELECT voucher FROM files_voucher_item WHERE upload = ?", [text(upload.to_string())]);
    let row = connection.query_one_raw(query).await.context("find an upload's voucher")?;
    row.map(|row| Row(&row).id("voucher")).transpose()
}

async fn insert(tx: &DatabaseTransaction, voucher: &Voucher, token_hash: &str) -> Result<(), StoreError> {
    let insert = statement(
        tx,
        "INSERT INTO files_voucher (id, owner, owner_name, token_hash, note, expires_at, max_files, max_bytes, begun_files, \
         begun_bytes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?)",
        [
            text(voucher.id.to_string()),
            text(voucher.owner.id.to_string()),
            text(voucher.owner.name.clone()),
            text(token_hash),
            text(voucher.note.clone()),
            voucher.expires_at.as_micros().into(),
            int(voucher.max_files),
            voucher.max_bytes.map_or(Value::BigInt(None), int),
            voucher.created_at.as_micros().into(),
        ],
    );
    tx.execute_raw(insert).await.context("keep a voucher").map(drop)
}

async fn find(
    connection: &impl ConnectionTrait,
    column: &'static str,
    value: &str,
) -> Result<Option<Voucher>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM files_voucher WHERE {column} = ?");
    let row = connection.query_one_raw(statement(connection, &sql, [text(value)])).await.context("find a voucher")?;
    row.map(|row| read(&Row(&row))).transpose()
}

fn read(row: &Row<'_>) -> Result<Voucher, StoreError> {
    Ok(Voucher {
        id: row.id("id")?,
        owner: row.owner()?,
        note: row.text("note")?,
        expires_at: row.time("expires_at")?,
        max_files: row.size("max_files")?,
        max_bytes: row.maybe_size("max_bytes")?,
        files: row.size("begun_files")?,
        bytes: row.size("begun_bytes")?,
        revoked_at: row.maybe_time("revoked_at")?,
        created_at: row.time("created_at")?,
    })
}

fn item(row: &Row<'_>) -> Result<Option<Item>, StoreError> {
    let (id, name) = (row.id("id")?, row.text("name")?);
    let done = |sha256, at, kept| Stands::Done { sha256, at, kept };
    if let (Some(sha256), Some(at)) = (row.maybe_text("sha256")?, row.maybe_time("created_at")?) {
        return Ok(Some(Item { id, name, size: row.maybe_size("size_bytes")?, stands: done(sha256, at, true) }));
    }
    if let (Some(sha256), Some(at)) = (row.maybe_text("kept_sha256")?, row.maybe_time("kept_at")?) {
        return Ok(Some(Item { id, name, size: row.maybe_size("kept_size")?, stands: done(sha256, at, false) }));
    }
    if row.maybe_text("state")?.as_deref() != Some(UploadState::Open.word()) {
        return Ok(None);
    }
    let offset = row.maybe_size("acked")?.unwrap_or(0);
    Ok(Some(Item { id, name, size: row.maybe_size("total")?, stands: Stands::Open { offset } }))
}
