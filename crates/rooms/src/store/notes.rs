//! What is only ever added: `rooms_alerts`, `rooms_servers`, `rooms_times`, `rooms_refusals`.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::DatabaseTransaction;
use store::StoreError;

use super::{cut, epoch, execute, insert_all};
use crate::core::Role;
use crate::model::Alert;
use crate::wire::Refusal;

/// Response times that were alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timing {
    pub(crate) kind: TimingKind,
    /// Their mean.
    pub(crate) micros: i64,
    pub(crate) alike: i64,
}

/// Between what a response time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TimingKind {
    /// SOL → PROP, or the RES of a denial.
    Proposal,
    /// ACK → RES.
    Resolution,
}

impl TimingKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Resolution => "resolution",
        }
    }
}

/// Something happened to a server.
#[derive(Debug, Clone)]
pub(crate) struct ServerEvent {
    pub(crate) id: Id,
    pub(crate) server: String,
    pub(crate) role: Role,
    /// `leads`, `follows`, `hands-over`, `ends`.
    pub(crate) event: &'static str,
    pub(crate) epoch: u64,
    pub(crate) at: Timestamp,
}

pub(crate) async fn alert(transaction: &DatabaseTransaction, id: Id, alert: &Alert) -> Result<(), StoreError> {
    let sql = "INSERT INTO rooms_alerts (id, kind, detail, at) VALUES (?, ?, ?, ?)";
    let values = vec![
        id.to_string().into(),
        alert.kind.name().into(),
        cut(&alert.detail, 500).into(),
        alert.at.as_micros().into(),
    ];
    execute(transaction, "alerts: insert", sql, values).await.map(drop)
}

pub(crate) async fn server(transaction: &DatabaseTransaction, event: &ServerEvent) -> Result<(), StoreError> {
    let sql = "INSERT INTO rooms_servers (id, server, role, event, epoch, at) VALUES (?, ?, ?, ?, ?, ?)";
    let values = vec![
        event.id.to_string().into(),
        cut(&event.server, 255).into(),
        event.role.name().into(),
        event.event.into(),
        epoch(event.epoch),
        event.at.as_micros().into(),
    ];
    execute(transaction, "servers: insert", sql, values).await.map(drop)
}

/// Response times, taken together at one moment: within a second is exact enough for them.
pub(crate) async fn timings(
    transaction: &DatabaseTransaction,
    new: &[(Id, Timing)],
    at: Timestamp,
) -> Result<(), StoreError> {
    let rows = new.iter().map(|(id, one)| {
        vec![id.to_string().into(), one.kind.name().into(), one.micros.into(), one.alike.into(), at.as_micros().into()]
    });
    let start = "INSERT INTO rooms_times (id, kind, micros, alike, at)";
    insert_all(transaction, "times: insert", start, rows.collect()).await
}

/// Connections that were refused.
pub(crate) async fn refusals(transaction: &DatabaseTransaction, new: &[(Id, Refusal)]) -> Result<(), StoreError> {
    let rows = new.iter().map(|(id, one)| {
        vec![
            id.to_string().into(),
            cut(&one.address, 64).into(),
            cut(&one.reason, 300).into(),
            one.at.as_micros().into(),
        ]
    });
    let start = "INSERT INTO rooms_refusals (id, address, reason, at)";
    insert_all(transaction, "refusals: insert", start, rows.collect()).await
}

/// Forgets response times older than `before`; the other notes are kept for good.
pub(crate) async fn sweep_timings(transaction: &DatabaseTransaction, before: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM rooms_times WHERE at < ?";
    execute(transaction, "times: sweep", sql, vec![before.as_micros().into()]).await
}
