//! `rooms_history`: how servers did, a row each half minute.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;

use super::{Row, all, cut, execute};
use crate::notes::Tally;

/// What one server did and used in a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) server: String,
    /// Its end.
    pub(crate) at: Timestamp,
    pub(crate) span_us: i64,
    pub(crate) leading: bool,
    /// SOL → PROP, or the RES of a denial.
    pub(crate) proposals: Tally,
    /// ACK → RES.
    pub(crate) resolutions: Tally,
    /// Connections that were refused.
    pub(crate) refused: i64,
    pub(crate) cpu_us: i64,
    pub(crate) memory_bytes: i64,
}

pub(crate) async fn insert(transaction: &DatabaseTransaction, id: Id, span: &Span) -> Result<(), StoreError> {
    let sql = "INSERT INTO rooms_history (id, server, at, span_us, led, proposals, proposals_us, proposals_most_us, \
               resolutions, resolutions_us, resolutions_most_us, refused, cpu_us, memory_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, \
               ?, ?, ?, ?, ?, ?)";
    let (proposals, resolutions) = (span.proposals, span.resolutions);
    let values = vec![
        id.to_string().into(),
        cut(&span.server, 255).into(),
        span.at.as_micros().into(),
        span.span_us.into(),
        i64::from(span.leading).into(),
        proposals.count.into(),
        proposals.sum_us.into(),
        proposals.most_us.into(),
        resolutions.count.into(),
        resolutions.sum_us.into(),
        resolutions.most_us.into(),
        span.refused.into(),
        span.cpu_us.into(),
        span.memory_bytes.into(),
    ];
    execute(transaction, "history: insert", sql, values).await.map(drop)
}

/// What ended from `from` on, oldest first.
pub(crate) async fn since(connection: &impl ConnectionTrait, from: Timestamp) -> Result<Vec<Span>, StoreError> {
    let what = "history: read";
    let sql = "SELECT server, at, span_us, led, proposals, proposals_us, proposals_most_us, resolutions, resolutions_us, \
               resolutions_most_us, refused, cpu_us, memory_bytes FROM rooms_history WHERE at >= ? ORDER BY at";
    let rows = all(connection, what, sql, vec![from.as_micros().into()]).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            let tally = |first: usize| {
                Ok::<_, StoreError>(Tally {
                    count: row.number(first)?,
                    sum_us: row.number(first + 1)?,
                    most_us: row.number(first + 2)?,
                })
            };
            Ok(Span {
                server: row.text(0)?,
                at: row.time(1)?,
                span_us: row.number(2)?,
                leading: row.number(3)? != 0,
                proposals: tally(4)?,
                resolutions: tally(7)?,
                refused: row.number(10)?,
                cpu_us: row.number(11)?,
                memory_bytes: row.number(12)?,
            })
        })
        .collect()
}

/// Forgets what ended before `before`.
pub(crate) async fn sweep(transaction: &DatabaseTransaction, before: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM rooms_history WHERE at < ?";
    execute(transaction, "history: sweep", sql, vec![before.as_micros().into()]).await
}
