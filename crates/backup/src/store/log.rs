//! `backups_log`: every attempt, for good.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use store::StoreError;
use store::query::{Row, all, execute, one};

use super::{Filter, address, cut, number, optional_id};
use crate::model::{Attempt, Outcome, Reason, Warning, Work, target_key};

/// What the column of warnings holds, in characters.
const WARNINGS: usize = 6000;
const SELECT: &str = "SELECT id, target, host, port, path, outcome, started_at, ended_at, archive, detail, warnings, \
                      warnings_total, sent, entries, kind, reason FROM backups_log";

fn attempt(row: sea_orm::QueryResult, what: &'static str) -> Result<Attempt, StoreError> {
    let row = Row::new(row, what);
    Ok(Attempt {
        id: row.id(0)?,
        work: row.named(14, &Work::ALL, Work::name)?,
        target: if row.text(1)?.is_empty() { None } else { Some(row.id(1)?) },
        address: address(&row, 2)?,
        path: row.text(4)?,
        outcome: row.named(5, &Outcome::ALL, Outcome::name)?,
        started_at: row.time(6)?,
        ended_at: row.optional_number(7)?.map(Timestamp::from_micros),
        backup: optional_id(&row, 8, what)?,
        reason: reason(&row)?,
        detail: row.optional_text(9)?,
        warnings: row.json(10)?,
        warnings_total: row.count(11)?,
        sent: row.count(12)?,
        entries: row.count(13)?,
    })
}

/// None in rows from before there were any.
fn reason(row: &Row) -> Result<Option<Reason>, StoreError> {
    if row.optional_text(15)?.is_none() {
        return Ok(None);
    }
    row.named(15, &Reason::ALL, Reason::name).map(Some)
}

/// As many of the first warnings as fit the column.
fn fitting(warnings: &[Warning]) -> String {
    let mut shown = warnings.len().min(100);
    loop {
        let text = serde_json::to_string(&warnings[..shown]).unwrap_or_default();
        if text.chars().count() <= WARNINGS {
            return text;
        }
        shown /= 2;
    }
}

/// What changes while an attempt is under way and with its end, in the order of [`write()`]'s columns.
fn changing(attempt: &Attempt) -> Vec<Value> {
    vec![
        attempt.outcome.name().into(),
        attempt.started_at.as_micros().into(),
        attempt.ended_at.map(Timestamp::as_micros).into(),
        attempt.backup.map(|id| id.to_string()).into(),
        attempt.reason.map(Reason::name).into(),
        attempt.detail.as_deref().map(|detail| cut(detail, 1000)).into(),
        fitting(&attempt.warnings).into(),
        number(attempt.warnings_total),
        number(attempt.sent),
        number(attempt.entries),
        attempt.id.to_string().into(),
    ]
}

/// Writes an attempt as it stands, over what was written before.
pub(crate) async fn write(transaction: &DatabaseTransaction, attempt: &Attempt) -> Result<(), StoreError> {
    let update = "UPDATE backups_log SET outcome = ?, started_at = ?, ended_at = ?, archive = ?, reason = ?, detail = ?, \
                  warnings = ?, warnings_total = ?, sent = ?, entries = ? WHERE id = ?";
    if execute(transaction, "log: update", update, changing(attempt)).await? > 0 {
        return Ok(());
    }
    let insert = "INSERT INTO backups_log (outcome, started_at, ended_at, archive, reason, detail, warnings, \
                  warnings_total, sent, entries, id, target, host, port, path, target_key, kind) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let mut values = changing(attempt);
    values.extend([
        attempt.target.map(|id| id.to_string()).unwrap_or_default().into(),
        attempt.address.host.as_str().into(),
        i64::from(attempt.address.port).into(),
        attempt.path.as_str().into(),
        target_key(&attempt.address, &attempt.path).into(),
        attempt.work.name().into(),
    ]);
    execute(transaction, "log: insert", insert, values).await.map(drop)
}

/// The backup of a target that is queued or under way.
pub(crate) async fn open(connection: &impl ConnectionTrait, target: Id) -> Result<Option<Attempt>, StoreError> {
    open_of(connection, "target", Work::Backup, target).await
}

/// The rehearsal of a backup that is queued or under way.
pub(crate) async fn rehearsal(connection: &impl ConnectionTrait, archive: Id) -> Result<Option<Attempt>, StoreError> {
    open_of(connection, "archive", Work::Rehearsal, archive).await
}

async fn open_of(
    connection: &impl ConnectionTrait,
    column: &str,
    work: Work,
    id: Id,
) -> Result<Option<Attempt>, StoreError> {
    let what = "log: open";
    let sql = format!("{SELECT} WHERE outcome IN ('queued', 'running') AND kind = ? AND {column} = ? ORDER BY id");
    let row = one(connection, what, &sql, vec![work.name().into(), id.to_string().into()]).await?;
    row.map(|row| attempt(row, what)).transpose()
}

/// Attempts at this work with this outcome, oldest first.
pub(crate) async fn with_outcome(
    connection: &impl ConnectionTrait,
    work: Work,
    outcome: Outcome,
    limit: u64,
) -> Result<Vec<Attempt>, StoreError> {
    let what = "log: by outcome";
    let sql = format!("{SELECT} WHERE outcome = ? AND kind = ? ORDER BY id LIMIT {limit}");
    let rows = all(connection, what, &sql, vec![outcome.name().into(), work.name().into()]).await?;
    rows.into_iter().map(|row| attempt(row, what)).collect()
}

/// Everything that is queued or under way, oldest first.
pub(crate) async fn under_way(connection: &impl ConnectionTrait) -> Result<Vec<Attempt>, StoreError> {
    let what = "log: under way";
    let sql = format!("{SELECT} WHERE outcome IN ('queued', 'running') ORDER BY id LIMIT 1000");
    let rows = all(connection, what, &sql, Vec::new()).await?;
    rows.into_iter().map(|row| attempt(row, what)).collect()
}

/// The last backup of a target that was attempted.
pub(crate) async fn last(connection: &impl ConnectionTrait, target: Id) -> Result<Option<Attempt>, StoreError> {
    let what = "log: last";
    let sql = format!("{SELECT} WHERE kind = 'backup' AND target = ? ORDER BY id DESC LIMIT 1");
    let row = one(connection, what, &sql, vec![target.to_string().into()]).await?;
    row.map(|row| attempt(row, what)).transpose()
}

/// One attempt.
pub(crate) async fn get(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Attempt>, StoreError> {
    let what = "log: read";
    let row = one(connection, what, &format!("{SELECT} WHERE id = ?"), vec![id.to_string().into()]).await?;
    row.map(|row| attempt(row, what)).transpose()
}

/// Attempts, newest first, before `before`, of a node (HOST or HOST:PORT), of a path, with an outcome and of a work.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    (node, path, outcome, work): (Option<&str>, Option<&str>, Option<Outcome>, Option<Work>),
    before: Option<Id>,
    limit: u64,
) -> Result<Vec<Attempt>, StoreError> {
    let what = "log: list";
    let filter = Filter::default()
        .and("id < ?", before.map(|id| id.to_string()))
        .of_node(node)
        .and("path = ?", path)
        .and("outcome = ?", outcome.map(Outcome::name))
        .and("kind = ?", work.map(Work::name));
    let rows = filter.rows(connection, what, SELECT, ("id DESC", limit)).await?;
    rows.into_iter().map(|row| attempt(row, what)).collect()
}
