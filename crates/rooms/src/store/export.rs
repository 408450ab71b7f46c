//! Whole tables for whoever evaluates them elsewhere, newest first.

use kernel::clock::Timestamp;
use sea_orm::ConnectionTrait;
use store::StoreError;

use super::{Row, all};

/// What a column holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holds {
    Text,
    Number,
    Moment,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Text(String),
    Number(i64),
    Moment(Timestamp),
}

/// A table of what was only ever added: its name in SQL, and its columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheet {
    table: &'static str,
    pub(crate) columns: &'static [(&'static str, Holds)],
}

use Holds::{Moment, Number, Text};

pub(crate) const ALERTS: Sheet =
    Sheet { table: "rooms_alerts", columns: &[("id", Text), ("kind", Text), ("detail", Text), ("at", Moment)] };
pub(crate) const SERVERS: Sheet = Sheet {
    table: "rooms_servers",
    columns: &[("id", Text), ("server", Text), ("role", Text), ("event", Text), ("epoch", Number), ("at", Moment)],
};
pub(crate) const TIMES: Sheet = Sheet {
    table: "rooms_times",
    columns: &[("id", Text), ("kind", Text), ("micros", Number), ("alike", Number), ("at", Moment)],
};
pub(crate) const REFUSALS: Sheet =
    Sheet { table: "rooms_refusals", columns: &[("id", Text), ("address", Text), ("reason", Text), ("at", Moment)] };
pub(crate) const DECISIONS: Sheet = Sheet {
    table: "rooms_decisions",
    columns: &[
        ("id", Text),
        ("user_id", Text),
        ("user_name", Text),
        ("action", Text),
        ("member", Text),
        ("detail", Text),
        ("at", Moment),
    ],
};
pub(crate) const HISTORY: Sheet = Sheet {
    table: "rooms_history",
    columns: &[
        ("id", Text),
        ("server", Text),
        ("at", Moment),
        ("span_us", Number),
        ("led", Number),
        ("proposals", Number),
        ("proposals_us", Number),
        ("proposals_most_us", Number),
        ("resolutions", Number),
        ("resolutions_us", Number),
        ("resolutions_most_us", Number),
        ("refused", Number),
        ("cpu_us", Number),
        ("memory_bytes", Number),
    ],
};

/// The newest rows of a table.
pub(crate) async fn rows(
    connection: &impl ConnectionTrait,
    sheet: Sheet,
    most: u64,
) -> Result<Vec<Vec<Cell>>, StoreError> {
    let what = "export: read";
    let names: Vec<&str> = sheet.columns.iter().map(|(name, _)| *name).collect();
    let sql = format!("SELECT {} FROM {} ORDER BY id DESC LIMIT ?", names.join(", "), sheet.table);
    let rows = all(connection, what, &sql, vec![i64::try_from(most).unwrap_or(i64::MAX).into()]).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            let cells = sheet.columns.iter().enumerate().map(|(place, (_, holds))| match holds {
                Holds::Text => row.text(place).map(Cell::Text),
                Holds::Number => row.number(place).map(Cell::Number),
                Holds::Moment => row.time(place).map(Cell::Moment),
            });
            cells.collect()
        })
        .collect()
}
