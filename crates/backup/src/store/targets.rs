//! `backups_targets` and `backups_nodes`: what is to be backed up, and where.

use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::id::{Id, IdSource};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;
use store::query::{Row, all, execute, one};

use super::Filter;
use super::nodes::{self, node};
use crate::model::schedule::JITTER_MOST;
use crate::model::{Address, Target, target_key};

const SELECT: &str = "SELECT t.id, t.path, t.every_us, t.next_at, t.failures, t.created_at, n.id, n.host, n.port, n.agent, \
                      n.quota, n.used, t.good_at, t.pin_last_good FROM backups_targets t JOIN backups_nodes n ON n.id = t.node";

fn target(row: sea_orm::QueryResult, what: &'static str) -> Result<Target, StoreError> {
    let row = Row::new(row, what);
    Ok(Target {
        id: row.id(0)?,
        path: row.text(1)?,
        every: Duration::from_micros(row.count(2)?),
        next_at: row.time(3)?,
        failures: row.count(4)?,
        created_at: row.time(5)?,
        node: node(&row, 6, what)?,
        good_at: row.optional_number(12)?.map(Timestamp::from_micros),
        pin_last_good: row.number(13)? != 0,
    })
}

/// A registration.
#[derive(Clone)]
pub(crate) struct NewTarget {
    pub(crate) address: Address,
    pub(crate) path: String,
    pub(crate) every: Duration,
    pub(crate) pin_last_good: bool,
    pub(crate) created_by: Id,
    pub(crate) now: Timestamp,
}

/// Registers a path, due at once.
///
/// # Errors
/// [`kernel::error::Kind::Conflict`]: it is registered already.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    new: &NewTarget,
    ids: &IdSource,
) -> Result<Target, StoreError> {
    let node = nodes::at(transaction, &new.address, ids, new.now).await?;
    let made = Target {
        id: ids.next(),
        path: new.path.clone(),
        every: new.every,
        next_at: new.now,
        failures: 0,
        good_at: None,
        pin_last_good: new.pin_last_good,
        created_at: new.now,
        node,
    };
    let sql = "INSERT INTO backups_targets (id, node, path, target_key, every_us, next_at, failures, pin_last_good, \
               created_by, created_at) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)";
    let values = vec![
        made.id.to_string().into(),
        made.node.id.to_string().into(),
        made.path.as_str().into(),
        target_key(&made.node.address, &made.path).into(),
        i64::try_from(made.every.as_micros()).unwrap_or(i64::MAX).into(),
        made.next_at.as_micros().into(),
        i64::from(made.pin_last_good).into(),
        new.created_by.to_string().into(),
        made.created_at.as_micros().into(),
    ];
    execute(transaction, "targets: insert", sql, values).await?;
    Ok(made)
}

/// Targets, oldest first, after `after`, of a node (HOST or HOST:PORT) and of a path.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    (node, path): (Option<&str>, Option<&str>),
    after: Option<Id>,
    limit: u64,
) -> Result<Vec<Target>, StoreError> {
    let what = "targets: list";
    let filter =
        Filter::default().and("t.id > ?", after.map(|id| id.to_string())).of_node(node).and("t.path = ?", path);
    let rows = filter.rows(connection, what, SELECT, ("t.id", limit)).await?;
    rows.into_iter().map(|row| target(row, what)).collect()
}

/// One target.
pub(crate) async fn get(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Target>, StoreError> {
    let what = "targets: read";
    let row = one(connection, what, &format!("{SELECT} WHERE t.id = ?"), vec![id.to_string().into()]).await?;
    row.map(|row| target(row, what)).transpose()
}

/// Targets whose time has come, the longest overdue first. One that is due later than an interval allows was planned by a
/// clock that has been put back since: its time has come as well.
pub(crate) async fn due(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<Target>, StoreError> {
    let what = "targets: due";
    let sql = format!("{SELECT} WHERE t.next_at <= ? OR t.next_at - t.every_us > ? ORDER BY t.next_at LIMIT {limit}");
    let latest = now.plus(JITTER_MOST);
    let rows = all(connection, what, &sql, vec![now.as_micros().into(), latest.as_micros().into()]).await?;
    rows.into_iter().map(|row| target(row, what)).collect()
}

/// Says when a target's next attempt is due, and when one succeeded, if this one did.
pub(crate) async fn plan(
    transaction: &DatabaseTransaction,
    id: Id,
    (next_at, failures): (Timestamp, u32),
    good_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let sql = "UPDATE backups_targets SET next_at = ?, failures = ?, good_at = COALESCE(?, good_at) WHERE id = ?";
    let values = vec![
        next_at.as_micros().into(),
        i64::from(failures).into(),
        good_at.map(Timestamp::as_micros).into(),
        id.to_string().into(),
    ];
    execute(transaction, "targets: plan", sql, values).await.map(drop)
}

/// Makes a target due, if it is still registered.
pub(crate) async fn due_now(transaction: &DatabaseTransaction, id: Id, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE backups_targets SET next_at = ? WHERE id = ?";
    execute(transaction, "targets: due now", sql, vec![now.as_micros().into(), id.to_string().into()]).await.map(drop)
}

/// Makes every target of a node due.
pub(crate) async fn due_of_node(transaction: &DatabaseTransaction, node: Id, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE backups_targets SET next_at = ? WHERE node = ? AND next_at > ?";
    let values = vec![now.as_micros().into(), node.to_string().into(), now.as_micros().into()];
    execute(transaction, "targets: due of a node", sql, values).await.map(drop)
}

/// Changes how often, and whether the last good backup is pinned; a shorter interval counts from now. False: there is none.
pub(crate) async fn change(
    transaction: &DatabaseTransaction,
    id: Id,
    (every, pin): (Option<Duration>, Option<bool>),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(known) = get(transaction, id).await? else { return Ok(false) };
    let every = every.unwrap_or(known.every);
    let sql = "UPDATE backups_targets SET every_us = ?, pin_last_good = ?, next_at = ? WHERE id = ?";
    let values = vec![
        i64::try_from(every.as_micros()).unwrap_or(i64::MAX).into(),
        i64::from(pin.unwrap_or(known.pin_last_good)).into(),
        known.next_at.min(now.plus(every)).as_micros().into(),
        id.to_string().into(),
    ];
    execute(transaction, "targets: change", sql, values).await?;
    Ok(true)
}

/// Makes every target of an agent's nodes that waits for it to answer due at once.
pub(crate) async fn hurry(transaction: &DatabaseTransaction, agent: Id, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "UPDATE backups_targets SET next_at = ? WHERE failures > 0 AND next_at > ? AND node IN (SELECT id FROM \
               backups_nodes WHERE agent = ?)";
    let values = vec![now.as_micros().into(), now.as_micros().into(), agent.to_string().into()];
    execute(transaction, "targets: hurry", sql, values).await
}

/// Unregisters; archives and log stay. False: there was none.
pub(crate) async fn delete(transaction: &DatabaseTransaction, id: Id) -> Result<bool, StoreError> {
    let sql = "DELETE FROM backups_targets WHERE id = ?";
    Ok(execute(transaction, "targets: delete", sql, vec![id.to_string().into()]).await? > 0)
}

/// The target of a path, if it is registered.
pub(crate) async fn at(
    connection: &impl ConnectionTrait,
    address: &Address,
    path: &str,
) -> Result<Option<Id>, StoreError> {
    let what = "targets: of a path";
    let sql = "SELECT id FROM backups_targets WHERE target_key = ?";
    let row = one(connection, what, sql, vec![target_key(address, path).into()]).await?;
    row.map(|row| Row::new(row, what).id(0)).transpose()
}
