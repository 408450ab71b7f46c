//! Messages that leave only if their transaction commits, each at least once.

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, Value};

use crate::error::{DbContext, StoreError};
use crate::query::{self, Row};
use crate::sql::{Sql, scope};

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id: receivers tell repeats by it.
    pub id: Id,
    /// What it is about.
    pub topic: String,
    /// JSON.
    pub payload: String,
}

/// Puts a message into the outbox. `topic` is at most 255 characters.
///
/// # Errors
/// The database's.
pub async fn push(
    transaction: &DatabaseTransaction,
    topic: &str,
    payload: &str,
    id: Id,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = Statement::from_sql_and_values(
        transaction.get_database_backend(),
        format!("INSERT INTO {}_outbox (id, topic, payload, created_at) VALUES (?, ?, ?, ?)", scope::service()?),
        [id.to_string().into(), topic.into(), payload.into(), now.as_micros().into()],
    );
    transaction.execute_raw(statement).await.context("outbox: push").map(drop)
}

/// The oldest messages, which stay until [`done`]. Two takers get the same ones: let one replica take, under a lease.
///
/// # Errors
/// The database's.
pub async fn take(sql: &Sql, limit: u64) -> Result<Vec<Message>, StoreError> {
    let statement = Statement::from_sql_and_values(
        sql.backend(),
        format!("SELECT id, topic, payload FROM {}_outbox ORDER BY created_at, id LIMIT ?", sql.service()),
        [i64::try_from(limit).unwrap_or(i64::MAX).into()],
    );
    let what = "outbox: take";
    let rows = sql.reader().query_all_raw(statement).await.context(what)?;
    rows.iter()
        .map(|row| {
            let id: String = row.try_get_by_index(0).context(what)?;
            Ok(Message {
                id: id.parse().map_err(|error| StoreError::new(kernel::error::Kind::Internal, what, error))?,
                topic: row.try_get_by_index(1).context(what)?,
                payload: row.try_get_by_index(2).context(what)?,
            })
        })
        .collect()
}

/// The ids of the oldest messages, which stay until [`done`]: for whoever only needs to know that something happened.
///
/// # Errors
/// The database's.
pub async fn waiting(sql: &Sql, limit: u64) -> Result<Vec<Id>, StoreError> {
    let what = "outbox: look";
    let select = format!("SELECT id FROM {}_outbox ORDER BY created_at, id LIMIT ?", sql.service());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = query::all(sql.reader(), what, &select, vec![limit.into()]).await?;
    rows.into_iter().map(|row| Row::new(row, what).id(0)).collect()
}

/// Forgets messages that were delivered.
///
/// # Errors
/// The database's; the messages may then be delivered again.
pub async fn done(sql: &Sql, ids: &[Id]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = ids.iter().map(Id::to_string).collect();
    sql.write(move |transaction| {
        let ids = ids.clone();
        async move {
            let (places, ids) = query::keys(ids.into_iter().map(Value::from).collect());
            let delete = format!("DELETE FROM {}_outbox WHERE id IN ({places})", scope::service()?);
            query::execute(transaction, "outbox: done", &delete, ids).await.map(drop)
        }
        .boxed()
    })
    .await
}
