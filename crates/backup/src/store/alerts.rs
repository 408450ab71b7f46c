//! `backups_alerts`: what administrators were told, raised once and cleared when its reason went.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;
use store::query::{Row, all, execute, one};

use super::{Filter, address, cut, optional_id};
use crate::model::alerts::{Alert, AlertKind, Concern};

const SELECT: &str =
    "SELECT id, alert_key, kind, host, port, path, archive, detail, raised_at, cleared_at FROM backups_alerts";

fn alert(row: sea_orm::QueryResult, what: &'static str) -> Result<Alert, StoreError> {
    let row = Row::new(row, what);
    Ok(Alert {
        id: row.id(0)?,
        key: row.text(1)?,
        kind: row.named(2, &AlertKind::ALL, AlertKind::name)?,
        address: if row.optional_text(3)?.is_some() { Some(address(&row, 3)?) } else { None },
        path: row.optional_text(5)?,
        backup: optional_id(&row, 6, what)?,
        detail: row.text(7)?,
        raised_at: row.time(8)?,
        cleared_at: row.optional_number(9)?.map(Timestamp::from_micros),
    })
}

/// Raises an alert, unless the same is open. True: it was raised.
pub(crate) async fn raise(
    transaction: &DatabaseTransaction,
    id: Id,
    concern: &Concern,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let key = concern.key();
    let what = "alerts: is it open";
    let known = one(transaction, what, "SELECT id FROM backups_alerts WHERE open_key = ?", vec![key.as_str().into()]);
    if known.await?.is_some() {
        return Ok(false);
    }
    let sql = "INSERT INTO backups_alerts (id, kind, alert_key, open_key, host, port, path, archive, detail, raised_at) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let values = vec![
        id.to_string().into(),
        concern.kind.name().into(),
        key.as_str().into(),
        key.as_str().into(),
        concern.address.as_ref().map(|address| address.host.clone()).into(),
        concern.address.as_ref().map(|address| i64::from(address.port)).into(),
        concern.path.clone().into(),
        concern.backup.map(|id| id.to_string()).into(),
        cut(&concern.detail, 1000).into(),
        now.as_micros().into(),
    ];
    execute(transaction, "alerts: raise", sql, values).await?;
    Ok(true)
}

/// Clears an alert that is open. False: it was not.
pub(crate) async fn clear(transaction: &DatabaseTransaction, id: Id, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE backups_alerts SET open_key = NULL, cleared_at = ? WHERE id = ? AND open_key IS NOT NULL";
    let values = vec![now.as_micros().into(), id.to_string().into()];
    Ok(execute(transaction, "alerts: clear", sql, values).await? > 0)
}

/// Every alert that is open, oldest first.
pub(crate) async fn open(connection: &impl ConnectionTrait) -> Result<Vec<Alert>, StoreError> {
    let what = "alerts: open";
    let rows = all(connection, what, &format!("{SELECT} WHERE open_key IS NOT NULL ORDER BY id"), Vec::new()).await?;
    rows.into_iter().map(|row| alert(row, what)).collect()
}

/// The numbers of a node's backups that are to be pinned: what was before one that shrank or changed, as long as nobody
/// said that this was meant, of targets that want it.
pub(crate) async fn pinned(connection: &impl ConnectionTrait, node: Id) -> Result<Vec<u64>, StoreError> {
    let what = "alerts: pinned";
    let sql = "SELECT a.number FROM backups_alerts w JOIN backups_archives a ON a.id = w.archive JOIN backups_targets t \
               ON t.target_key = a.target_key WHERE w.open_key IS NOT NULL AND w.kind IN ('shrunk', 'changed') AND \
               t.pin_last_good = 1 AND a.node = ?";
    let rows = all(connection, what, sql, vec![node.to_string().into()]).await?;
    rows.into_iter().map(|row| Row::new(row, what).count(0)).collect()
}

/// One alert.
pub(crate) async fn get(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Alert>, StoreError> {
    let what = "alerts: read";
    let row = one(connection, what, &format!("{SELECT} WHERE id = ?"), vec![id.to_string().into()]).await?;
    row.map(|row| alert(row, what)).transpose()
}

/// Alerts, newest first, before `before`; only those that are open, or that are not, if it is said.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    open: Option<bool>,
    before: Option<Id>,
    limit: u64,
) -> Result<Vec<Alert>, StoreError> {
    let what = "alerts: list";
    let condition = open.map(|open| if open { "open_key IS NOT NULL" } else { "open_key IS NULL" });
    let filter = Filter::default().and("id < ?", before.map(|id| id.to_string())).only(condition);
    let rows = filter.rows(connection, what, SELECT, ("id DESC", limit)).await?;
    rows.into_iter().map(|row| alert(row, what)).collect()
}
