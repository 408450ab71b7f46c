//! `rooms_leader`: how to reach the active server, and what fences it.

use std::net::SocketAddr;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use store::{DbContext, Sql, StoreError};

use super::{Row, epoch, execute, one};

/// The lease and the row that names its holder.
pub(crate) const NAME: &str = "rooms";

/// Who leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leader {
    pub(crate) epoch: u64,
    /// The replica's name.
    pub(crate) server: String,
    /// Where its process is.
    pub(crate) process: Process,
    /// Its connection's number on MySQL.
    pub(crate) connection_id: Option<i64>,
    /// Where its ROUTER listens.
    pub(crate) endpoint: String,
    /// Where it shows that it lives.
    pub(crate) presence: Option<SocketAddr>,
    /// Where it takes HTTP.
    pub(crate) http: Option<SocketAddr>,
}

/// A process, unmistakably.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// The machine's boot and the namespace that the pid is of.
    pub(crate) node: String,
    pub(crate) pid: i32,
    /// In clock ticks since the boot.
    pub(crate) started: u64,
}

pub(crate) async fn read(connection: &impl ConnectionTrait) -> Result<Option<Leader>, StoreError> {
    let what = "leader: read";
    let sql = "SELECT epoch, server, node, pid, started, connection_id, endpoint, presence, http FROM rooms_leader WHERE \
               name = ?";
    let Some(row) = one(connection, what, sql, vec![NAME.into()]).await? else { return Ok(None) };
    let row = Row::new(row, what);
    Ok(Some(Leader {
        epoch: row.count(0)?,
        server: row.text(1)?,
        process: Process { node: row.text(2)?, pid: row.count(3)?, started: row.count(4)? },
        connection_id: row.optional_number(5)?,
        endpoint: row.text(6)?,
        presence: row.text(7)?.parse().ok(),
        http: row.text(8)?.parse().ok(),
    }))
}

pub(crate) async fn write(transaction: &DatabaseTransaction, leader: &Leader) -> Result<(), StoreError> {
    let address = |address: Option<SocketAddr>| address.map(|address| address.to_string()).unwrap_or_default();
    let values = vec![
        epoch(leader.epoch),
        leader.server.as_str().into(),
        leader.process.node.as_str().into(),
        i64::from(leader.process.pid).into(),
        i64::try_from(leader.process.started).unwrap_or(i64::MAX).into(),
        leader.connection_id.into(),
        leader.endpoint.as_str().into(),
        address(leader.presence).into(),
        address(leader.http).into(),
        NAME.into(),
    ];
    let update = "UPDATE rooms_leader SET epoch = ?, server = ?, node = ?, pid = ?, started = ?, connection_id = ?, \
                  endpoint = ?, presence = ?, http = ? WHERE name = ?";
    if execute(transaction, "leader: update", update, values.clone()).await? == 0 {
        let insert = "INSERT INTO rooms_leader (epoch, server, node, pid, started, connection_id, endpoint, presence, http, \
                      name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        execute(transaction, "leader: insert", insert, values).await?;
    }
    Ok(())
}

/// The number of this transaction's connection; `None` on SQLite, which has none.
pub(crate) async fn connection_id(transaction: &DatabaseTransaction) -> Result<Option<i64>, StoreError> {
    if transaction.get_database_backend() == DbBackend::Sqlite {
        return Ok(None);
    }
    let what = "leader: connection";
    let row = one(transaction, what, "SELECT CAST(CONNECTION_ID() AS SIGNED)", Vec::new()).await?;
    row.map(|row| Row::new(row, what).number(0)).transpose()
}

/// Ends a connection, so that its locks go; one that is gone already is no error.
pub(crate) async fn kill_connection(sql: &Sql, id: i64) -> Result<(), StoreError> {
    let statement = Statement::from_string(sql.backend(), format!("KILL CONNECTION {id}"));
    match sql.reader().execute_unprepared(&statement.sql).await {
        Err(error) if error.to_string().contains("Unknown thread id") => Ok(()),
        other => other.context("leader: kill its connection").map(drop),
    }
}
