//! What people read.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, Value};
use store::StoreError;

use super::notes::TimingKind;
use super::requests::{COLUMNS, records};
use super::{Row, all, one};
use crate::model::{Alert, AlertKind, Record, State};

/// Which requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) faculty: Option<String>,
    pub(crate) program: Option<String>,
    pub(crate) semester: Option<String>,
    pub(crate) state: Option<State>,
    /// Only older ones than this.
    pub(crate) before: Option<Id>,
    pub(crate) limit: u64,
}

/// Requests, newest first.
pub(crate) async fn requests(connection: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<Record>, StoreError> {
    let mut conditions = vec!["1 = 1"];
    let mut values: Vec<Value> = Vec::new();
    if let Some(faculty) = &filter.faculty {
        // A faculty's keys are those between its name with a slash and with the character after the slash.
        conditions.push("request_key >= ? AND request_key < ?");
        values.extend([format!("{faculty}/").into(), format!("{faculty}0").into()]);
    }
    let equal = [
        ("program = ?", filter.program.clone().map(Value::from)),
        ("semester = ?", filter.semester.clone().map(Value::from)),
        ("state = ?", filter.state.map(|state| state.name().into())),
        ("id < ?", filter.before.map(|id| id.to_string().into())),
    ];
    for (condition, value) in equal {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    }
    values.push(i64::try_from(filter.limit).unwrap_or(i64::MAX).into());
    let sql =
        format!("SELECT {COLUMNS} FROM rooms_requests WHERE {} ORDER BY id DESC LIMIT ?", conditions.join(" AND "));
    records(all(connection, "requests: list", &sql, values).await?)
}

/// How many requests there are in each state, and the most rooms of all.
pub(crate) async fn counts(connection: &impl ConnectionTrait) -> Result<Vec<(State, u64)>, StoreError> {
    let what = "requests: count";
    let rows = all(connection, what, "SELECT state, COUNT(*) FROM rooms_requests GROUP BY state", Vec::new()).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            Ok((row.named(0, &State::ALL, State::name)?, row.count(1)?))
        })
        .collect()
}

/// The newest response times of a kind: microseconds, and how many were alike.
pub(crate) async fn timings(
    connection: &impl ConnectionTrait,
    kind: TimingKind,
    limit: u32,
) -> Result<Vec<(i64, usize)>, StoreError> {
    let what = "times: read";
    let sql = "SELECT micros, alike FROM rooms_times WHERE kind = ? ORDER BY at DESC LIMIT ?";
    let rows = all(connection, what, sql, vec![kind.name().into(), i64::from(limit).into()]).await?;
    let read = rows.into_iter().map(|row| {
        let row = Row::new(row, what);
        Ok((row.number(0)?, row.count(1)?))
    });
    read.collect()
}

/// The newest alerts.
pub(crate) async fn alerts(connection: &impl ConnectionTrait, limit: u32) -> Result<Vec<Alert>, StoreError> {
    let what = "alerts: read";
    let sql = "SELECT kind, detail, at FROM rooms_alerts ORDER BY id DESC LIMIT ?";
    let rows = all(connection, what, sql, vec![i64::from(limit).into()]).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            let kind = row.named(0, &AlertKind::ALL, AlertKind::name)?;
            Ok(Alert { kind, detail: row.text(1)?, at: row.time(2)? })
        })
        .collect()
}

/// What happened to a server.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) server: String,
    pub(crate) role: String,
    pub(crate) event: String,
    pub(crate) epoch: u64,
    pub(crate) at: Timestamp,
}

/// What happened to the servers, newest first.
pub(crate) async fn servers(connection: &impl ConnectionTrait, limit: u32) -> Result<Vec<Event>, StoreError> {
    let what = "servers: read";
    let sql = "SELECT server, role, event, epoch, at FROM rooms_servers ORDER BY id DESC LIMIT ?";
    let rows = all(connection, what, sql, vec![i64::from(limit).into()]).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            let (server, role, event) = (row.text(0)?, row.text(1)?, row.text(2)?);
            Ok(Event { server, role, event, epoch: row.count(3)?, at: row.time(4)? })
        })
        .collect()
}

/// A connection that was refused: address, reason, time.
pub(crate) type Refused = (String, String, Timestamp);

/// The newest refusals, and how many there ever were.
pub(crate) async fn refusals(connection: &impl ConnectionTrait, limit: u32) -> Result<(u64, Vec<Refused>), StoreError> {
    let what = "refusals: read";
    let counted = one(connection, what, "SELECT COUNT(*) FROM rooms_refusals", Vec::new()).await?;
    let total = counted.map(|row| Row::new(row, what).count(0)).transpose()?.unwrap_or(0);
    let sql = "SELECT address, reason, at FROM rooms_refusals ORDER BY id DESC LIMIT ?";
    let rows = all(connection, what, sql, vec![i64::from(limit).into()]).await?;
    let newest = rows.into_iter().map(|row| {
        let row = Row::new(row, what);
        Ok::<_, StoreError>((row.text(0)?, row.text(1)?, row.time(2)?))
    });
    Ok((total, newest.collect::<Result<_, _>>()?))
}
