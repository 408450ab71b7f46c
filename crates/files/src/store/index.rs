//! What the catalogue's columns say about a file so that it is found, full text among them.
//!
//! On MySQL an index of the engine follows the column `words`. On SQLite the virtual table `files_search` is written in
//! the same transaction; `search_row` names a file's row there. Zero means: not indexed yet.

use futures::FutureExt;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};
use store::{DbContext, StoreError};

use super::{Row, Store, catalogue, int, json, statement, text};
use crate::model::search::{Search, indexed};
use crate::model::{File, fold, listing};

/// Writes every column that follows from what is said about a file.
pub(super) async fn write(tx: &DatabaseTransaction, file: &File) -> Result<(), StoreError> {
    let words = indexed(&file.metadata.search_text());
    let row = put(tx, file.id, &words).await?;
    let update = statement(
        tx,
        "UPDATE files_file SET name_key = ?, media_type = ?, category = ?, classification = ?, tags = ?, metadata = ?, \
         search = ?, words = ?, search_row = ?, visibility = ?, expires_at = ? WHERE id = ?",
        [
            text(listing::name_key(&file.metadata.name)),
            text(file.metadata.media_type.clone()),
            text(file.metadata.category.clone()),
            text(file.metadata.classification.clone()),
            text(tags(&file.metadata.tags)),
            text(json(&file.metadata)?),
            text(file.metadata.search_text()),
            text(words),
            row.into(),
            text(file.metadata.visibility.word()),
            file.metadata.expires_at.map_or(0, |at| at.as_micros()).into(),
            text(file.id.to_string()),
        ],
    );
    tx.execute_raw(update).await.context("describe a file").map(drop)
}

/// Takes a file out of full text, before its row goes.
pub(super) async fn remove(tx: &DatabaseTransaction, id: Id) -> Result<(), StoreError> {
    if tx.get_database_backend() != DbBackend::Sqlite {
        return Ok(());
    }
    let delete = statement(
        tx,
        "DELETE FROM files_search WHERE rowid = (SELECT search_row FROM files_file WHERE id = ?)",
        [text(id.to_string())],
    );
    tx.execute_raw(delete).await.context("take a file out of full text").map(drop)
}

/// The condition that finds what `search` asks for.
pub(super) fn condition(backend: DbBackend, search: &Search) -> (Vec<String>, Vec<Value>) {
    let mut sql = Vec::new();
    let mut values = Vec::new();
    if !search.beginnings.is_empty() {
        if backend == DbBackend::Sqlite {
            sql.push("search_row IN (SELECT rowid FROM files_search WHERE files_search MATCH ?)".to_owned());
            values.push(text(search.fts5()));
        } else {
            sql.push("MATCH (words) AGAINST (? IN BOOLEAN MODE)".to_owned());
            values.push(text(search.boolean()));
        }
    }
    for literal in &search.literals {
        sql.push("search LIKE ? ESCAPE '!'".to_owned());
        values.push(text(fold::like(literal)));
    }
    (sql, values)
}

/// A pattern that finds files with this tag.
pub(super) fn tag_pattern(tag: &str) -> String {
    fold::like(&format!(",{},", fold::fold(tag)))
}

fn tags(tags: &[String]) -> String {
    let folded: Vec<String> = tags.iter().map(|tag| fold::fold(tag)).collect();
    if folded.is_empty() { String::new() } else { format!(",{},", folded.join(",")) }
}

async fn put(tx: &DatabaseTransaction, id: Id, words: &str) -> Result<i64, StoreError> {
    if tx.get_database_backend() != DbBackend::Sqlite {
        return Ok(1);
    }
    remove(tx, id).await?;
    // The row's number is ours to choose, and nobody else writes while this transaction is open.
    let last = statement(tx, "SELECT rowid AS last FROM files_search ORDER BY rowid DESC LIMIT 1", []);
    let last = tx.query_one_raw(last).await.context("number a row of full text")?;
    let next = last.map(|row| Row(&row).int("last")).transpose()?.unwrap_or(0) + 1;
    let insert =
        statement(tx, "INSERT INTO files_search (rowid, words) VALUES (?, ?)", [next.into(), text(words.to_owned())]);
    tx.execute_raw(insert).await.context("put a file into full text")?;
    Ok(next)
}

impl Store {
    /// Indexes files that an older release stored, at most `limit`; returns how many.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn index_files(&self, limit: u64) -> Result<usize, StoreError> {
        let connection = self.sql.reader();
        let query = statement(connection, "SELECT id FROM files_file WHERE search_row = 0 LIMIT ?", [int(limit)]);
        let rows = connection.query_all_raw(query).await.context("look for files to index")?;
        let ids = rows.iter().map(|row| Row(row).id("id")).collect::<Result<Vec<Id>, StoreError>>()?;
        if ids.is_empty() {
            return Ok(0);
        }
        self.sql
            .write(move |tx| {
                let ids = ids.clone();
                async move {
                    for &id in &ids {
                        let lock = statement(
                            tx,
                            "UPDATE files_file SET version = version WHERE id = ? AND search_row = 0",
                            [text(id.to_string())],
                        );
                        if tx.execute_raw(lock).await.context("lock a file")?.rows_affected() == 1
                            && let Some(file) = catalogue::find(tx, id).await?
                        {
                            write(tx, &file).await?;
                        }
                    }
                    Ok(ids.len())
                }
                .boxed()
            })
            .await
    }
}
