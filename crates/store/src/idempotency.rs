//! The first answer to a write, kept in the write's own transaction, so that a repeat gets it again.

use std::fmt::Write as _;
use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::error::Kind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};

use crate::error::{DbContext, StoreError, is_unique_violation};
use crate::sql::{Sql, scope};

/// How long an answer is kept at least.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: do it, then [`remember`].
    New,
    /// The same request was answered before, thus.
    Replay {
        /// The HTTP status of the first answer.
        status: u16,
        /// Its body.
        body: String,
    },
    /// The key was used with another body.
    OtherBody,
}

/// Looks a key up. `scope` says whose key it is and for what; both are at most 255 characters, and spaces at their end
/// do not count (MySQL compares so).
///
/// # Errors
/// The database's.
pub async fn find(
    transaction: &DatabaseTransaction,
    scope: &str,
    key: &str,
    body_digest: &[u8; 32],
) -> Result<Seen, StoreError> {
    let statement = Statement::from_sql_and_values(
        transaction.get_database_backend(),
        format!("SELECT digest, status, body FROM {}_idempotency WHERE scope = ? AND idem_key = ?", scope::service()?),
        [scope.trim_end().into(), key.trim_end().into()],
    );
    let what = "idempotency: find";
    let Some(row) = transaction.query_one_raw(statement).await.context(what)? else { return Ok(Seen::New) };
    if row.try_get_by_index::<String>(0).context(what)? != hex(body_digest) {
        return Ok(Seen::OtherBody);
    }
    let status = u16::try_from(row.try_get_by_index::<i64>(1).context(what)?)
        .map_err(|error| StoreError::new(Kind::Internal, what, error))?;
    Ok(Seen::Replay { status, body: row.try_get_by_index(2).context(what)? })
}

/// The answer to keep.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a str,
}

/// Keeps an answer. If the same key was remembered meanwhile by another transaction (MySQL), the whole write is run
/// again and then finds that answer.
///
/// # Errors
/// [`Kind::Invalid`]: scope or key are too long. Else the database's.
pub async fn remember(
    transaction: &DatabaseTransaction,
    scope: &str,
    key: &str,
    body_digest: &[u8; 32],
    answer: Answer<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if scope.chars().count() > 255 || key.chars().count() > 255 {
        return Err(StoreError::bare(Kind::Invalid, "idempotency: the key is too long"));
    }
    let statement = Statement::from_sql_and_values(
        transaction.get_database_backend(),
        format!(
            "INSERT INTO {}_idempotency (scope, idem_key, digest, status, body, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            scope::service()?
        ),
        [
            scope.trim_end().into(),
            key.trim_end().into(),
            hex(body_digest).into(),
            i64::from(answer.status).into(),
            answer.body.into(),
            now.as_micros().into(),
        ],
    );
    let kept = transaction.execute_raw(statement).await;
    if kept.as_ref().is_err_and(is_unique_violation) {
        scope::ask_repeat();
    }
    kept.context("idempotency: remember").map(drop)
}

/// Forgets what is older than [`KEPT`], up to 1,000 answers; returns how many. Call again while it is not zero.
///
/// # Errors
/// The database's.
pub async fn sweep(sql: &Sql, now: Timestamp) -> Result<u64, StoreError> {
    let before = now.as_micros().saturating_sub(i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX));
    sql.write(move |transaction| {
        async move {
            let table = format!("{}_idempotency", scope::service()?);
            let backend = transaction.get_database_backend();
            let old = Statement::from_sql_and_values(
                backend,
                format!("SELECT created_at FROM {table} WHERE created_at < ? ORDER BY created_at LIMIT 1 OFFSET 999"),
                [before.into()],
            );
            let what = "idempotency: sweep";
            // DELETE with LIMIT is not in every SQLite, so the thousandth's age is the border.
            let border = match transaction.query_one_raw(old).await.context(what)? {
                Some(row) => row.try_get_by_index::<i64>(0).context(what)?.saturating_add(1),
                None => before,
            };
            let forget = Statement::from_sql_and_values(
                backend,
                format!("DELETE FROM {table} WHERE created_at < ?"),
                [border.into()],
            );
            Ok(transaction.execute_raw(forget).await.context(what)?.rows_affected())
        }
        .boxed()
    })
    .await
}

fn hex(digest: &[u8; 32]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
