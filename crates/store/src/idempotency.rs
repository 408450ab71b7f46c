//! The first answer to a write, kept in the write's own transaction, so that a repeat gets it again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::error::Kind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, Value};

use crate::error::{DbContext, StoreError};
use crate::query::{self, Row};
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

/// A request as its repeats are told by: scope and key are at most 255 characters, and spaces at their end do not count
/// (MySQL compares so).
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whose key it is and for what.
    pub scope: &'a str,
    /// The key.
    pub key: &'a str,
    /// Of the body.
    pub digest: &'a [u8; 32],
}

impl<'a> Asked<'a> {
    fn name(&self) -> (&'a str, &'a str) {
        (self.scope.trim_end(), self.key.trim_end())
    }
}

/// Looks a key up; see [`Asked`].
///
/// # Errors
/// The database's.
pub async fn find(
    transaction: &DatabaseTransaction,
    scope: &str,
    key: &str,
    body_digest: &[u8; 32],
) -> Result<Seen, StoreError> {
    let seen = find_all(transaction, &[Asked { scope, key, digest: body_digest }]).await?.pop();
    Ok(seen.unwrap_or(Seen::New))
}

/// Looks many keys up, with one statement a scope; what is known of each, in their order.
///
/// # Errors
/// The database's.
pub async fn find_all(transaction: &DatabaseTransaction, asked: &[Asked<'_>]) -> Result<Vec<Seen>, StoreError> {
    let what = "idempotency: find";
    let mut scopes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (scope, key) in asked.iter().map(Asked::name) {
        scopes.entry(scope).or_default().insert(key);
    }
    let mut found: BTreeMap<(&str, String), (String, Seen)> = BTreeMap::new();
    for (scope, keys) in scopes {
        let (places, keys) = query::keys(keys.into_iter().map(Value::from).collect());
        let sql = format!(
            "SELECT idem_key, digest, status, body FROM {}_idempotency WHERE scope = ? AND idem_key IN ({places})",
            scope::service()?
        );
        let values = [scope.into()].into_iter().chain(keys).collect();
        for row in query::all(transaction, what, &sql, values).await? {
            let row = Row::new(row, what);
            let replay = Seen::Replay { status: row.count(2)?, body: row.text(3)? };
            found.insert((scope, row.text(0)?), (row.text(1)?, replay));
        }
    }
    let seen = asked.iter().map(|asked| {
        let (scope, key) = asked.name();
        match found.get(&(scope, key.to_owned())) {
            None => Seen::New,
            Some((digest, replay)) if *digest == hex(asked.digest) => replay.clone(),
            Some(_) => Seen::OtherBody,
        }
    });
    Ok(seen.collect())
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
    remember_all(transaction, &[(Asked { scope, key, digest: body_digest }, answer)], now).await
}

/// Keeps many answers with a few statements, as [`remember`] does one.
///
/// # Errors
/// See [`remember`].
pub async fn remember_all(
    transaction: &DatabaseTransaction,
    answers: &[(Asked<'_>, Answer<'_>)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let too_long = |text: &str| text.chars().count() > 255;
    if answers.iter().any(|(asked, _)| too_long(asked.scope) || too_long(asked.key)) {
        return Err(StoreError::bare(Kind::Invalid, "idempotency: the key is too long"));
    }
    let rows = answers.iter().map(|(asked, answer)| {
        let (scope, key) = asked.name();
        vec![
            scope.into(),
            key.into(),
            hex(asked.digest).into(),
            i64::from(answer.status).into(),
            answer.body.into(),
            now.as_micros().into(),
        ]
    });
    let start =
        format!("INSERT INTO {}_idempotency (scope, idem_key, digest, status, body, created_at)", scope::service()?);
    let kept = query::insert_all(transaction, "idempotency: remember", &start, rows.collect()).await;
    if kept.as_ref().is_err_and(|error| error.kind == Kind::Conflict) {
        scope::ask_repeat();
    }
    kept
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
