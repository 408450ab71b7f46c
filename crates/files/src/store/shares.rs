//! Share links: making, finding, counting and revoking them.

use std::sync::Arc;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use kernel::secret::Secret;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use store::{DbContext, StoreError};

use super::uploads::{Repeat, answer_once};
use super::{Remember, Row, Shared, Store, int, statement, text};
use crate::model::share::{Ended, GUESSING, MOST_GUESSES, Share};

const COLUMNS: &str =
    "id, file, password, note, expires_at, max_downloads, downloads, counted_at, revoked_at, created_at";

/// What became of an attempt to open a share with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    /// It may be checked. It counts as wrong until [`Store::count_download`] or [`Store::forgive_guess`] takes it back.
    Allowed,
    /// There were too many since then.
    TooMany {
        /// When they began.
        since: Timestamp,
    },
}

impl Store {
    /// Keeps a new share of a file, once per idempotency key.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn create_share(
        &self,
        share: Share,
        token_hash: String,
        remember: Option<Remember>,
    ) -> Result<Repeat, StoreError> {
        let new: Shared<(Share, String, Option<Remember>)> = Arc::new((share, token_hash, remember));
        self.sql
            .write(move |tx| {
                let new = Arc::clone(&new);
                async move {
                    let (share, token_hash, remember) = &*new;
                    let repeat = answer_once(tx, remember.as_ref(), share.id, share.created_at).await?;
                    if repeat == Repeat::New {
                        insert(tx, share, token_hash).await?;
                    }
                    Ok(repeat)
                }
                .boxed()
            })
            .await
    }

    /// A share by its id.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn share(&self, id: Id) -> Result<Option<Share>, StoreError> {
        find(self.sql.reader(), "id", &id.to_string()).await
    }

    /// A share by what is kept of its token.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn share_by_token(&self, token_hash: &str) -> Result<Option<Share>, StoreError> {
        find(self.sql.reader(), "token_hash", token_hash).await
    }

    /// Up to `limit` shares of a file that were not revoked, the newest first, older than `after`.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn shares(&self, file: Id, after: Option<Id>, limit: u64) -> Result<Vec<Share>, StoreError> {
        let connection = self.sql.reader();
        let older = if after.is_some() { "AND id < ?" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS} FROM files_share WHERE file = ? AND revoked_at IS NULL {older} ORDER BY id DESC LIMIT ?"
        );
        let values = [Some(text(file.to_string())), after.map(|id| text(id.to_string())), Some(int(limit))]
            .into_iter()
            .flatten();
        let rows = connection.query_all_raw(statement(connection, &sql, values)).await.context("list shares")?;
        rows.iter().map(|row| read(&Row(row))).collect()
    }

    /// Revokes a share. False if there is none that could be.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn revoke_share(&self, id: Id, now: Timestamp) -> Result<bool, StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    let update = statement(
                        tx,
                        "UPDATE files_share SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
                        [now.as_micros().into(), text(id.to_string())],
                    );
                    Ok(tx.execute_raw(update).await.context("revoke a share")?.rows_affected() > 0)
                }
                .boxed()
            })
            .await
    }

    /// Counts an attempt with a password before it is checked, so that attempts at once cannot pass the limit.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn begin_guess(&self, id: Id, now: Timestamp) -> Result<Guess, StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    let border =
                        now.as_micros().saturating_sub(i64::try_from(GUESSING.as_micros()).unwrap_or(i64::MAX));
                    // In this order: MySQL sees the columns to the left as they are after the assignment.
                    let update = statement(
                        tx,
                        "UPDATE files_share SET guesses = CASE WHEN guesses_since <= ? THEN 1 ELSE guesses + 1 END, \
                         guesses_since = CASE WHEN guesses_since <= ? THEN ? ELSE guesses_since END WHERE id = ? AND \
                         (guesses < ? OR guesses_since <= ?)",
                        [
                            border.into(),
                            border.into(),
                            now.as_micros().into(),
                            text(id.to_string()),
                            int(MOST_GUESSES),
                            border.into(),
                        ],
                    );
                    if tx.execute_raw(update).await.context("count a guess")?.rows_affected() > 0 {
                        return Ok(Guess::Allowed);
                    }
                    let query =
                        statement(tx, "SELECT guesses_since FROM files_share WHERE id = ?", [text(id.to_string())]);
                    let row = tx.query_one_raw(query).await.context("read when guessing began")?;
                    let since = row.map(|row| Row(&row).time("guesses_since")).transpose()?;
                    Ok(Guess::TooMany { since: since.unwrap_or(now) })
                }
                .boxed()
            })
            .await
    }

    /// Takes back one attempt: the password was right.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn forgive_guess(&self, id: Id) -> Result<(), StoreError> {
        self.sql.write(move |tx| forgive(tx, id).boxed()).await
    }

    /// Counts one download, if the share allows it now; otherwise tells why it does not. `guessed`: it was opened with its
    /// password, and the attempt is taken back in the same transaction.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn count_download(
        &self,
        id: Id,
        guessed: bool,
        now: Timestamp,
    ) -> Result<Result<(), Ended>, StoreError> {
        self.sql
            .write(move |tx| {
                async move {
                    let update = statement(
                        tx,
                        "UPDATE files_share SET downloads = downloads + 1, counted_at = ? WHERE id = ? AND revoked_at IS \
                         NULL AND (expires_at IS NULL OR expires_at > ?) AND (max_downloads IS NULL OR downloads < \
                         max_downloads)",
                        [now.as_micros().into(), text(id.to_string()), now.as_micros().into()],
                    );
                    let counted = tx.execute_raw(update).await.context("count a download")?.rows_affected() > 0;
                    if guessed {
                        forgive(tx, id).await?;
                    }
                    if counted {
                        return Ok(Ok(()));
                    }
                    let share = find(tx, "id", &id.to_string()).await?;
                    Ok(Err(share.and_then(|share| share.ended(now)).unwrap_or(Ended::Revoked)))
                }
                .boxed()
            })
            .await
    }
}

/// Forgets the shares that ended at or before `border`.
pub(super) async fn forget(tx: &DatabaseTransaction, border: Timestamp) -> Result<u64, StoreError> {
    let delete = statement(
        tx,
        "DELETE FROM files_share WHERE revoked_at <= ? OR expires_at <= ?",
        [border.as_micros().into(), border.as_micros().into()],
    );
    Ok(tx.execute_raw(delete).await.context("forget shares")?.rows_affected())
}

/// Ends the shares of a file that is removed.
pub(super) async fn revoke_of_file(tx: &DatabaseTransaction, file: Id, now: Timestamp) -> Result<(), StoreError> {
    let update = statement(
        tx,
        "UPDATE files_share SET revoked_at = ? WHERE file = ? AND revoked_at IS NULL",
        [now.as_micros().into(), text(file.to_string())],
    );
    tx.execute_raw(update).await.context("revoke a file's shares").map(drop)
}

async fn forgive(tx: &DatabaseTransaction, id: Id) -> Result<(), StoreError> {
    let update = statement(
        tx,
        "UPDATE files_share SET guesses = guesses - 1 WHERE id = ? AND guesses > 0",
        [text(id.to_string())],
    );
    tx.execute_raw(update).await.context("take back a guess").map(drop)
}

async fn insert(tx: &DatabaseTransaction, share: &Share, token_hash: &str) -> Result<(), StoreError> {
    let insert = statement(
        tx,
        "INSERT INTO files_share (id, file, token_hash, password, note, expires_at, max_downloads, downloads, guesses, \
         guesses_since, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?)",
        [
            text(share.id.to_string()),
            text(share.file.to_string()),
            text(token_hash),
            Value::from(share.password.as_ref().map(|phc| phc.expose().clone())),
            text(share.note.clone()),
            share.expires_at.map_or(Value::BigInt(None), |end| end.as_micros().into()),
            share.max_downloads.map_or(Value::BigInt(None), int),
            share.created_at.as_micros().into(),
        ],
    );
    tx.execute_raw(insert).await.context("keep a share").map(drop)
}

async fn find(
    connection: &impl ConnectionTrait,
    column: &'static str,
    value: &str,
) -> Result<Option<Share>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM files_share WHERE {column} = ?");
    let row = connection.query_one_raw(statement(connection, &sql, [text(value)])).await.context("find a share")?;
    row.map(|row| read(&Row(&row))).transpose()
}

fn read(row: &Row<'_>) -> Result<Share, StoreError> {
    Ok(Share {
        id: row.id("id")?,
        file: row.id("file")?,
        password: row.maybe_text("password")?.map(Secret::new),
        note: row.text("note")?,
        expires_at: row.maybe_time("expires_at")?,
        max_downloads: row.maybe_size("max_downloads")?,
        downloads: row.size("downloads")?,
        counted_at: row.maybe_time("counted_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
        created_at: row.time("created_at")?,
    })
}
