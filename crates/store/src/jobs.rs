//! Durable work: rows made in the caller's transaction, worked on under a lease, repeated until done.
//!
//! A job is known by its kind and key. Whoever claims it holds it for a time; if it does not end or fail it by then,
//! another may claim it. `attempts` is its epoch: a claimer that was overtaken can neither end nor fail it.

use std::time::Duration;

use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::error::Kind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, Value};

use crate::error::{DbContext, StoreError, is_unique_violation};
use crate::sql::{Sql, scope};

/// A job that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which worker does it.
    pub kind: String,
    /// Which one of its kind.
    pub key: String,
    /// JSON for the worker.
    pub payload: String,
    /// How often it has been claimed, this time included.
    pub attempts: i64,
}

/// Makes a job, unless there is one of this kind (at most 100 characters) and key (255) already. True: it is new.
///
/// # Errors
/// The database's.
pub async fn enqueue(
    transaction: &DatabaseTransaction,
    kind: &str,
    key: &str,
    payload: &str,
    run_at: Timestamp,
) -> Result<bool, StoreError> {
    let statement = Statement::from_sql_and_values(
        transaction.get_database_backend(),
        format!(
            "INSERT INTO {}_job (kind, job_key, payload, run_at, attempts, leased_until) VALUES (?, ?, ?, ?, 0, 0)",
            scope::service()?
        ),
        [kind.into(), key.into(), payload.into(), run_at.as_micros().into()],
    );
    match transaction.execute_raw(statement).await {
        Ok(_) => Ok(true),
        Err(error) if is_unique_violation(&error) => Ok(false),
        Err(error) => Err(error).context("jobs: enqueue"),
    }
}

/// Claims the job of this kind that has been due longest and that nobody holds.
///
/// # Errors
/// The database's.
pub async fn claim(
    sql: &Sql,
    kind: &str,
    holder: &str,
    lease_for: Duration,
    now: Timestamp,
) -> Result<Option<Job>, StoreError> {
    // A look without a lock first, so that idle workers do not write.
    if due(sql.reader(), sql.service(), kind, now).await?.is_none() {
        return Ok(None);
    }
    let (kind, holder) = (kind.to_owned(), holder.to_owned());
    sql.write(move |transaction| {
        let (kind, holder) = (kind.clone(), holder.clone());
        async move {
            let service = scope::service()?;
            // Another may be faster: then the next one, until there is none.
            while let Some(mut job) = due(transaction, service, &kind, now).await? {
                let statement = Statement::from_sql_and_values(
                    transaction.get_database_backend(),
                    format!(
                        "UPDATE {service}_job SET attempts = attempts + 1, holder = ?, leased_until = ? WHERE kind = ? AND \
                         job_key = ? AND attempts = ?"
                    ),
                    [
                        holder.clone().into(),
                        now.plus(lease_for).as_micros().into(),
                        kind.clone().into(),
                        job.key.clone().into(),
                        job.attempts.into(),
                    ],
                );
                if transaction.execute_raw(statement).await.context("jobs: claim")?.rows_affected() == 1 {
                    job.attempts += 1;
                    return Ok(Some(job));
                }
            }
            Ok(None)
        }
        .boxed()
    })
    .await
}

async fn due(
    connection: &impl ConnectionTrait,
    service: &str,
    kind: &str,
    now: Timestamp,
) -> Result<Option<Job>, StoreError> {
    let what = "jobs: look";
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        format!(
            "SELECT job_key, payload, attempts FROM {service}_job WHERE kind = ? AND run_at <= ? AND leased_until <= ? \
             ORDER BY run_at LIMIT 1"
        ),
        [kind.into(), now.as_micros().into(), now.as_micros().into()],
    );
    let Some(row) = connection.query_one_raw(statement).await.context(what)? else { return Ok(None) };
    Ok(Some(Job {
        kind: kind.to_owned(),
        key: row.try_get_by_index(0).context(what)?,
        payload: row.try_get_by_index(1).context(what)?,
        attempts: row.try_get_by_index(2).context(what)?,
    }))
}

/// Holds a job until `until`: for work that takes longer than one lease.
///
/// # Errors
/// As [`done`].
pub async fn extend(transaction: &DatabaseTransaction, job: &Job, until: Timestamp) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE {}_job SET leased_until = ? WHERE kind = ? AND job_key = ? AND attempts = ?",
        scope::service()?
    );
    settle(transaction, sql, vec![until.as_micros().into()], job, "jobs: extend").await
}

/// Ends a job in the transaction that holds its effect.
///
/// # Errors
/// [`Kind::Conflict`]: another claimed it meanwhile, so the effect must not be committed. Else the database's.
pub async fn done(transaction: &DatabaseTransaction, job: &Job) -> Result<(), StoreError> {
    let sql = format!("DELETE FROM {}_job WHERE kind = ? AND job_key = ? AND attempts = ?", scope::service()?);
    settle(transaction, sql, Vec::new(), job, "jobs: done").await
}

/// Puts a job back until `run_at`, with the reason.
///
/// # Errors
/// As [`done`].
pub async fn fail_until(
    transaction: &DatabaseTransaction,
    job: &Job,
    run_at: Timestamp,
    reason: &str,
) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE {}_job SET run_at = ?, last_error = ?, holder = NULL, leased_until = 0 WHERE kind = ? AND job_key = ? \
         AND attempts = ?",
        scope::service()?
    );
    settle(transaction, sql, vec![run_at.as_micros().into(), reason.into()], job, "jobs: fail").await
}

async fn settle(
    transaction: &DatabaseTransaction,
    sql: String,
    mut values: Vec<Value>,
    job: &Job,
    what: &'static str,
) -> Result<(), StoreError> {
    values.extend([job.kind.clone().into(), job.key.clone().into(), job.attempts.into()]);
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    match transaction.execute_raw(statement).await.context(what)?.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::bare(Kind::Conflict, "jobs: another claimed it")),
    }
}
