//! The trash: files that can be brought back until their time is over.

use std::sync::Arc;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::{DbContext, StoreError};

use super::{Row, Store, catalogue, int, json, statement, text};
use crate::model::File;

impl Store {
    /// A file, be it in the trash or not.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn file_or_trashed(&self, id: Id) -> Result<Option<File>, StoreError> {
        catalogue::find(self.sql.reader(), id).await
    }

    /// Whose a file was that is gone for good, as long as that is remembered.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn purged(&self, id: Id) -> Result<Option<Id>, StoreError> {
        let connection = self.sql.reader();
        let query = statement(connection, "SELECT owner FROM files_purged WHERE id = ?", [text(id.to_string())]);
        let row = connection.query_one_raw(query).await.context("look for a purged file")?;
        row.map(|row| Row(&row).id("owner")).transpose()
    }

    /// Puts a file into the trash. One that is there already stays as long as it would have.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn trash(&self, id: Id, now: Timestamp) -> Result<(), StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    let update = statement(
                        tx,
                        "UPDATE files_file SET deleted_at = ? WHERE id = ? AND deleted_at = 0",
                        [now.as_micros().into(), text(id.to_string())],
                    );
                    tx.execute_raw(update).await.context("put a file into the trash").map(drop)
                }
                .boxed()
            })
            .await
    }

    /// Brings a file back. What had expired meanwhile no longer expires. `None` if there is no such file.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn restore(&self, id: Id, now: Timestamp) -> Result<Option<File>, StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    let update =
                        statement(tx, "UPDATE files_file SET deleted_at = 0 WHERE id = ?", [text(id.to_string())]);
                    tx.execute_raw(update).await.context("bring a file back")?;
                    let Some(mut file) = catalogue::find(tx, id).await? else { return Ok(None) };
                    if file.metadata.expires_at.is_some_and(|at| at <= now) {
                        file.metadata.expires_at = None;
                        let update = statement(
                            tx,
                            "UPDATE files_file SET expires_at = 0, metadata = ? WHERE id = ?",
                            [text(json(&file.metadata)?), text(id.to_string())],
                        );
                        tx.execute_raw(update).await.context("let a file stay")?;
                    }
                    Ok(Some(file))
                }
                .boxed()
            })
            .await
    }

    /// The files put into the trash before `before`, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn overdue(&self, before: Timestamp, limit: u64) -> Result<Vec<Id>, StoreError> {
        let connection = self.sql.reader();
        let query = statement(
            connection,
            "SELECT id FROM files_file WHERE deleted_at > 0 AND deleted_at <= ? LIMIT ?",
            [before.as_micros().into(), int(limit)],
        );
        let rows = connection.query_all_raw(query).await.context("look through the trash")?;
        rows.iter().map(|row| Row(row).id("id")).collect()
    }

    /// Puts files into the trash whose time is over, at most `limit`; returns which.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn expire_files(&self, now: Timestamp, limit: u64) -> Result<Vec<Id>, StoreError> {
        let connection = self.sql.reader();
        let query = statement(
            connection,
            "SELECT id FROM files_file WHERE deleted_at = 0 AND expires_at > 0 AND expires_at <= ? LIMIT ?",
            [now.as_micros().into(), int(limit)],
        );
        let rows = connection.query_all_raw(query).await.context("look for files that end")?;
        let ids = rows.iter().map(|row| Row(row).id("id")).collect::<Result<Vec<Id>, StoreError>>()?;
        if ids.is_empty() {
            return Ok(ids);
        }
        let ids = Arc::new(ids);
        self.sql
            .write(move |tx| {
                let ids = Arc::clone(&ids);
                async move {
                    let mut ended = Vec::with_capacity(ids.len());
                    for &id in ids.iter() {
                        if end(tx, id, now).await? {
                            ended.push(id);
                        }
                    }
                    Ok(ended)
                }
                .boxed()
            })
            .await
    }
}

/// It may have been given more time since it was listed: then it stays.
async fn end(tx: &DatabaseTransaction, id: Id, now: Timestamp) -> Result<bool, StoreError> {
    let update = statement(
        tx,
        "UPDATE files_file SET deleted_at = ? WHERE id = ? AND deleted_at = 0 AND expires_at > 0 AND expires_at <= ?",
        [now.as_micros().into(), text(id.to_string()), now.as_micros().into()],
    );
    Ok(tx.execute_raw(update).await.context("end a file")?.rows_affected() == 1)
}
