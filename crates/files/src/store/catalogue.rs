//! The catalogue: finding, listing, correcting and removing files.

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DbBackend, Value};
use store::{DbContext, StoreError, jobs};

use super::{DELETE_BLOBS, Row, Store, index, int, join, quotas, shares, statement, text, vouchers};
use crate::model::listing::{Cursor, Filter, Key, Sort};
use crate::model::quota::Change;
use crate::model::{File, FileState, Metadata, UploadState, Viewer, Visibility, digest, fold};

const COLUMNS: &str = "id, version, owner, owner_name, metadata, size_bytes, sha256, crc32, created_at, state, downloads, \
     deleted_at";

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removal {
    /// It is gone from the catalogue; its bytes follow.
    Removed,
    /// There was nothing.
    Absent,
}

impl Store {
    /// A file that is not in the trash.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn file(&self, id: Id) -> Result<Option<File>, StoreError> {
        Ok(find(self.sql.reader(), id).await?.filter(|file| file.deleted_at.is_none()))
    }

    /// Those of these files that are not in the trash, in no order.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn files(&self, ids: &[Id]) -> Result<Vec<File>, StoreError> {
        let connection = self.sql.reader();
        let sql =
            format!("SELECT {COLUMNS} FROM files_file WHERE deleted_at = 0 AND id IN ({})", super::marks(ids.len()));
        let query = statement(connection, &sql, ids.iter().map(|id| text(id.to_string())));
        let rows = connection.query_all_raw(query).await.context("find files")?;
        rows.iter().map(|row| read(&Row(row))).collect()
    }

    /// Up to `limit` files that the viewer may see, behind `after`.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn list(
        &self,
        viewer: Viewer,
        filter: &Filter,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<File>, StoreError> {
        let (conditions, mut values) = conditions(self.sql.backend(), viewer, filter, after);
        let (column, direction) = order(filter.sort);
        let sql = format!(
            "SELECT {COLUMNS} FROM files_file WHERE {conditions} ORDER BY {column} {direction}, id {direction} LIMIT ?"
        );
        values.push(int(limit));
        let connection = self.sql.reader();
        let rows = connection.query_all_raw(statement(connection, &sql, values)).await.context("list files")?;
        rows.iter().map(|row| read(&Row(row))).collect()
    }

    /// Replaces what is said about a file by what `change` makes of it. `None` if there is no such file.
    ///
    /// # Errors
    /// `change`'s own, or the database's.
    pub(crate) async fn describe<E, F>(&self, id: Id, change: F) -> Result<Option<File>, E>
    where
        E: From<StoreError> + Send + 'static,
        F: Fn(&File) -> Result<Metadata, E> + Clone + Send + Sync + 'static,
    {
        self.sql
            .write(move |tx| {
                let change = change.clone();
                async move {
                    // A write first, so that two corrections at once cannot undo each other.
                    let lock =
                        statement(tx, "UPDATE files_file SET version = version WHERE id = ?", [text(id.to_string())]);
                    tx.execute_raw(lock).await.context("lock a file")?;
                    let found = find(tx, id).await?.filter(|file| file.deleted_at.is_none());
                    let Some(mut file) = found else { return Ok(None) };
                    file.metadata = change(&file)?;
                    index::write(tx, &file).await?;
                    Ok(Some(file))
                }
                .boxed()
            })
            .await
    }

    /// Removes a file for good and leaves its bytes to a job; with `trashed_before` only one that was put into the trash
    /// before then.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn remove_file(
        &self,
        id: Id,
        trashed_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Removal, StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    let key = || [text(id.to_string())];
                    let lock = statement(
                        tx,
                        "UPDATE files_file SET version = version WHERE id = ? AND (? = 0 OR (deleted_at > 0 AND deleted_at \
                         <= ?))",
                        [
                            text(id.to_string()),
                            i64::from(trashed_before.is_some()).into(),
                            trashed_before.map_or(0, Timestamp::as_micros).into(),
                        ],
                    );
                    if tx.execute_raw(lock).await.context("lock a file")?.rows_affected() == 0 {
                        return Ok(Removal::Absent);
                    }
                    let Some(file) = find(tx, id).await? else { return Ok(Removal::Absent) };
                    let note = statement(
                        tx,
                        "INSERT INTO files_purged (id, owner, expires_at) VALUES (?, ?, ?)",
                        [
                            text(id.to_string()),
                            text(file.owner.id.to_string()),
                            now.plus(super::sweep::GONE_FOR).as_micros().into(),
                        ],
                    );
                    tx.execute_raw(note).await.context("remember a removal")?;
                    index::remove(tx, id).await?;
                    let delete = statement(tx, "DELETE FROM files_file WHERE id = ?", key());
                    tx.execute_raw(delete).await.context("remove a file")?;
                    let owners = super::sweep::owners_of_blobs(tx, id).await?;
                    let segments = statement(tx, "DELETE FROM files_segment WHERE file = ?", key());
                    tx.execute_raw(segments).await.context("remove a file's segments")?;
                    let upload = statement(
                        tx,
                        "UPDATE files_upload SET state = ?, expires_at = ? WHERE id = ?",
                        [
                            text(UploadState::Gone.word()),
                            now.plus(super::sweep::GONE_FOR).as_micros().into(),
                            text(id.to_string()),
                        ],
                    );
                    tx.execute_raw(upload).await.context("remove a file's upload")?;
                    let mut counts_again = 0;
                    for owner in owners {
                        counts_again += join::part_without_file(tx, owner, now).await?;
                        jobs::enqueue(tx, DELETE_BLOBS, &owner.to_string(), "{}", now).await?;
                    }
                    shares::revoke_of_file(tx, id, now).await?;
                    vouchers::keep_receipt(tx, &file).await?;
                    let change = Change { reserved: Change::reserve(counts_again).reserved, ..Change::remove(file.size) };
                    quotas::charge(tx, file.owner.id, None, change).await?;
                    Ok(Removal::Removed)
                }
                .boxed()
            })
            .await
    }
}

fn conditions(backend: DbBackend, viewer: Viewer, filter: &Filter, after: Option<&Cursor>) -> (String, Vec<Value>) {
    let mut sql: Vec<String> = vec![if filter.trash { "deleted_at > 0" } else { "deleted_at = 0" }.to_owned()];
    let mut values: Vec<Value> = Vec::new();
    match viewer {
        Viewer::Admin(_) => {}
        Viewer::User(user) if filter.trash => {
            sql.push("owner = ?".to_owned());
            values.push(text(user.to_string()));
        }
        Viewer::User(user) => {
            sql.push("(owner = ? OR visibility <> ?)".to_owned());
            values.extend([text(user.to_string()), text(Visibility::Private.word())]);
        }
        Viewer::Anonymous => {
            sql.push("visibility = ?".to_owned());
            values.push(text(Visibility::Public.word()));
        }
    }
    let (found, by) = index::condition(backend, &filter.search);
    sql.extend(found);
    values.extend(by);
    if let Some(classification) = &filter.classification {
        sql.push("classification = ?".to_owned());
        values.push(text(classification.clone()));
    }
    if let Some(tag) = &filter.tag {
        sql.push("tags LIKE ? ESCAPE '!'".to_owned());
        values.push(text(index::tag_pattern(tag)));
    }
    if let Some(moment) = filter.ends_before {
        sql.push("expires_at > 0 AND expires_at <= ?".to_owned());
        values.push(moment.as_micros().into());
    }
    if let Some(category) = &filter.category {
        sql.push("category = ?".to_owned());
        values.push(text(category.clone()));
    }
    if let Some(media_type) = &filter.media_type {
        match media_type.trim_end_matches("/*").split_once('/') {
            Some(_) => {
                sql.push("media_type = ?".to_owned());
                values.push(text(media_type.clone()));
            }
            None => {
                sql.push("media_type LIKE ? ESCAPE '!'".to_owned());
                let kind = fold::like(&format!("{}/", media_type.trim_end_matches("/*")));
                values.push(text(kind.trim_start_matches('%')));
            }
        }
    }
    if let Some(owner) = &filter.owner {
        sql.push("(owner = ? OR owner_name = ?)".to_owned());
        values.extend([text(owner.clone()), text(owner.clone())]);
    }
    if let Some(cursor) = after {
        let (column, direction) = order(filter.sort);
        let beyond = if direction == "ASC" { ">" } else { "<" };
        sql.push(format!("({column} {beyond} ? OR ({column} = ? AND id {beyond} ?))"));
        let key = || match &cursor.key {
            Key::Number(number) => Value::from(*number),
            Key::Text(name) => text(name.clone()),
        };
        values.extend([key(), key(), text(cursor.id.to_string())]);
    }
    (sql.join(" AND "), values)
}

const fn order(sort: Sort) -> (&'static str, &'static str) {
    match sort {
        Sort::Newest => ("created_at", "DESC"),
        Sort::Oldest => ("created_at", "ASC"),
        Sort::Name => ("name_key", "ASC"),
        Sort::NameBackwards => ("name_key", "DESC"),
        Sort::Smallest => ("size_bytes", "ASC"),
        Sort::Largest => ("size_bytes", "DESC"),
        Sort::Popular => ("downloads", "DESC"),
        Sort::Unpopular => ("downloads", "ASC"),
    }
}

pub(super) async fn find(connection: &impl ConnectionTrait, id: Id) -> Result<Option<File>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM files_file WHERE id = ?");
    let query = statement(connection, &sql, [text(id.to_string())]);
    let row = connection.query_one_raw(query).await.context("find a file")?;
    row.map(|row| read(&Row(&row))).transpose()
}

/// The file that follows `after` in the order of ids.
pub(super) async fn following(
    connection: &impl ConnectionTrait,
    after: Option<Id>,
) -> Result<Option<File>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM files_file WHERE id > ? ORDER BY id LIMIT 1");
    let query = statement(connection, &sql, [text(after.map(|id| id.to_string()).unwrap_or_default())]);
    let row = connection.query_one_raw(query).await.context("find the next file")?;
    row.map(|row| read(&Row(&row))).transpose()
}

fn read(row: &Row<'_>) -> Result<File, StoreError> {
    let (sha256, state) = (row.text("sha256")?, row.text("state")?);
    Ok(File {
        id: row.id("id")?,
        version: row.size("version")?,
        owner: row.owner()?,
        metadata: row.metadata()?,
        size: row.size("size_bytes")?,
        sha256: if sha256.is_empty() { None } else { Some(parse(&sha256)?) },
        crc32: row.maybe_size("crc32")?.map(u32::try_from).transpose().map_err(super::damaged)?,
        created_at: row.time("created_at")?,
        state: FileState::from_word(&state).ok_or_else(|| super::damaged(format!("state {state:?}")))?,
        downloads: row.size("downloads")?,
        deleted_at: Some(row.time("deleted_at")?).filter(|at| at.as_micros() > 0),
    })
}

fn parse(sha256: &str) -> Result<[u8; 32], StoreError> {
    let bytes = digest::unhex(sha256).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| super::damaged(format!("sha256 {sha256:?}")))
}
