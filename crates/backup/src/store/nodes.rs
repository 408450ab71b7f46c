//! `backups_nodes`: agents' addresses, and how much may be kept of each.

use kernel::clock::Timestamp;
use kernel::id::{Id, IdSource};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;
use store::query::{Row, execute, one};

use super::{Filter, address, number, optional_id};
use crate::model::{Address, Node};

const SELECT: &str = "SELECT n.id, n.host, n.port, n.agent, n.quota, n.used, n.created_at, (SELECT COUNT(*) FROM \
                      backups_targets t WHERE t.node = n.id) FROM backups_nodes n";

/// The node that begins at column `place`.
pub(super) fn node(row: &Row, place: usize, what: &'static str) -> Result<Node, StoreError> {
    Ok(Node {
        id: row.id(place)?,
        address: address(row, place + 1)?,
        agent: optional_id(row, place + 3, what)?,
        quota: row.optional_number(place + 4)?.and_then(|quota| u64::try_from(quota).ok()),
        used: row.count(place + 5)?,
    })
}

/// A node with what is told of it alone.
pub(crate) struct Listed {
    pub(crate) node: Node,
    pub(crate) created_at: Timestamp,
    /// Paths that are registered.
    pub(crate) targets: u64,
}

fn listed(row: sea_orm::QueryResult, what: &'static str) -> Result<Listed, StoreError> {
    let row = Row::new(row, what);
    Ok(Listed { node: node(&row, 0, what)?, created_at: row.time(6)?, targets: row.count(7)? })
}

/// The node at an address; a new one if there is none.
pub(super) async fn at(
    transaction: &DatabaseTransaction,
    address: &Address,
    ids: &IdSource,
    now: Timestamp,
) -> Result<Node, StoreError> {
    let what = "nodes: read";
    let shown = address.to_string();
    let sql = format!("{SELECT} WHERE n.address = ?");
    if let Some(row) = one(transaction, what, &sql, vec![shown.as_str().into()]).await? {
        return Ok(listed(row, what)?.node);
    }
    let made = Node { id: ids.next(), address: address.clone(), agent: None, quota: None, used: 0 };
    let sql = "INSERT INTO backups_nodes (id, address, host, port, created_at) VALUES (?, ?, ?, ?, ?)";
    let values = vec![
        made.id.to_string().into(),
        shown.into(),
        address.host.as_str().into(),
        i64::from(address.port).into(),
        now.as_micros().into(),
    ];
    execute(transaction, "nodes: insert", sql, values).await?;
    Ok(made)
}

/// Nodes, oldest first, after `after`, of this name (HOST or HOST:PORT).
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    name: Option<&str>,
    after: Option<Id>,
    limit: u64,
) -> Result<Vec<Listed>, StoreError> {
    let what = "nodes: list";
    let filter = Filter::default().and("n.id > ?", after.map(|id| id.to_string())).of_node(name);
    let rows = filter.rows(connection, what, SELECT, ("n.id", limit)).await?;
    rows.into_iter().map(|row| listed(row, what)).collect()
}

/// One node.
pub(crate) async fn get(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Listed>, StoreError> {
    let what = "nodes: read";
    let row = one(connection, what, &format!("{SELECT} WHERE n.id = ?"), vec![id.to_string().into()]).await?;
    row.map(|row| listed(row, what)).transpose()
}

/// Sets or takes away a quota.
pub(crate) async fn limit(transaction: &DatabaseTransaction, id: Id, quota: Option<u64>) -> Result<(), StoreError> {
    let quota = quota.map(|quota| i64::try_from(quota).unwrap_or(i64::MAX));
    let sql = "UPDATE backups_nodes SET quota = ? WHERE id = ?";
    execute(transaction, "nodes: quota", sql, vec![quota.into(), id.to_string().into()]).await.map(drop)
}

/// Notes how many bytes a node's packs have.
pub(crate) async fn uses(transaction: &DatabaseTransaction, id: Id, used: u64) -> Result<(), StoreError> {
    let sql = "UPDATE backups_nodes SET used = ? WHERE id = ?";
    execute(transaction, "nodes: used", sql, vec![number(used), id.to_string().into()]).await.map(drop)
}

/// Remembers which agent answers at a node, unless one is known.
pub(crate) async fn bind(transaction: &DatabaseTransaction, node: Id, agent: Id) -> Result<(), StoreError> {
    let sql = "UPDATE backups_nodes SET agent = ? WHERE id = ? AND agent IS NULL";
    execute(transaction, "nodes: bind", sql, vec![agent.to_string().into(), node.to_string().into()]).await.map(drop)
}
