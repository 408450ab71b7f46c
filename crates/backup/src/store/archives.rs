//! `backups_archives`: every backup ever made. What is kept of them, the node's repository says.

use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;
use store::query::{Row, all, execute, one};

use super::{Filter, address, number};
use crate::model::{Archive, target_key};

const SELECT: &str =
    "SELECT id, node, host, port, path, number, at, size, span, entries, warnings, kept FROM backups_archives";

fn archive(row: sea_orm::QueryResult, what: &'static str) -> Result<Archive, StoreError> {
    let row = Row::new(row, what);
    Ok(Archive {
        id: row.id(0)?,
        node: row.id(1)?,
        address: address(&row, 2)?,
        path: row.text(4)?,
        number: row.count(5)?,
        at: row.time(6)?,
        size: row.count(7)?,
        span: row.count(8)?,
        entries: row.count(9)?,
        warnings: row.count(10)?,
        kept: row.number(11)? != 0,
    })
}

pub(crate) async fn insert(transaction: &DatabaseTransaction, new: &Archive) -> Result<(), StoreError> {
    let sql = "INSERT INTO backups_archives (id, node, host, port, path, target_key, number, at, size, span, entries, \
               warnings, kept) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)";
    let values = vec![
        new.id.to_string().into(),
        new.node.to_string().into(),
        new.address.host.as_str().into(),
        i64::from(new.address.port).into(),
        new.path.as_str().into(),
        target_key(&new.address, &new.path).into(),
        number(new.number),
        new.at.as_micros().into(),
        number(new.size),
        number(new.span),
        number(new.entries),
        number(new.warnings),
    ];
    execute(transaction, "archives: insert", sql, values).await.map(drop)
}

/// Notes that backups of a node can no longer be had.
pub(crate) async fn drop_numbers(
    transaction: &DatabaseTransaction,
    node: Id,
    numbers: &[u64],
) -> Result<(), StoreError> {
    for dropped in numbers {
        let sql = "UPDATE backups_archives SET kept = 0 WHERE node = ? AND number = ?";
        let values = vec![node.to_string().into(), number(*dropped)];
        execute(transaction, "archives: drop", sql, values).await?;
    }
    Ok(())
}

/// The numbers of a node's backups that are noted as kept.
pub(crate) async fn kept(connection: &impl ConnectionTrait, node: Id) -> Result<Vec<u64>, StoreError> {
    let what = "archives: kept";
    let sql = "SELECT number FROM backups_archives WHERE node = ? AND kept = 1";
    let rows = all(connection, what, sql, vec![node.to_string().into()]).await?;
    rows.into_iter().map(|row| Row::new(row, what).count(0)).collect()
}

/// Backups, newest first, before `before`, of a node (HOST or HOST:PORT) and of a path.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    (node, path): (Option<&str>, Option<&str>),
    before: Option<Id>,
    limit: u64,
) -> Result<Vec<Archive>, StoreError> {
    let what = "archives: list";
    let filter = Filter::default().and("id < ?", before.map(|id| id.to_string())).of_node(node).and("path = ?", path);
    let rows = filter.rows(connection, what, SELECT, ("id DESC", limit)).await?;
    rows.into_iter().map(|row| archive(row, what)).collect()
}

/// One backup.
pub(crate) async fn get(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Archive>, StoreError> {
    let what = "archives: read";
    let row = one(connection, what, &format!("{SELECT} WHERE id = ?"), vec![id.to_string().into()]).await?;
    row.map(|row| archive(row, what)).transpose()
}
