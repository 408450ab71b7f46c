//! `GET /api/v1/rooms/export/{what}`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::{Caller, UserRole};
use api::{Path, Problem, Query, csv};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use kernel::clock::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Sql;
use utoipa::{IntoParams, ToSchema};

use crate::error::RoomsError;
use crate::model::{Record, RoomName, State as RequestState};
use crate::store::export::{self, Cell, Sheet};
use crate::store::listing::{self, Filter};

/// Rows, or requests whose rooms are rows, of one export at most: the newest.
const MOST: u64 = 100_000;

/// Parts of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Exported {
    /// What was proposed, and what became of it.
    Proposals,
    /// A row for each room that was assigned, also if it was given back.
    Assignments,
    /// What was alerted.
    Alerts,
    /// What happened to the servers.
    Servers,
    /// Every response time of 30 days.
    Times,
    /// Connections that were refused.
    Refusals,
    /// What administrators decided about members.
    Decisions,
    /// What servers did and used, by half minutes.
    History,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// RFC 4180, with a head.
    #[default]
    Csv,
    /// A list of objects.
    Json,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct As {
    /// `csv` or `json`.
    #[serde(default)]
    #[param(inline, default = "csv")]
    format: Format,
}

/// A part of the record as a table, newest first. Requests: `GET /api/v1/rooms/requests.csv` and
/// `GET /api/v1/rooms/requests`.
#[utoipa::path(
    get, path = "/api/v1/rooms/export/{what}", tag = "rooms", params(("what" = inline(Exported), Path), As),
    responses((status = 200, body = String, content_type = "text/csv")),
    security(("token" = [])),
)]
pub(super) async fn export_record(
    State(sql): State<Sql>,
    caller: Caller,
    Path(what): Path<Exported>,
    Query(wanted): Query<As>,
) -> Result<Response, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    caller.need_scope("rooms:read")?;
    let table = Table::read(&sql, what).await?;
    let (kind, ending, text) = match wanted.format {
        Format::Csv => (csv::CONTENT_TYPE, "csv", table.csv()),
        Format::Json => ("application/json", "json", table.json().to_string()),
    };
    let name = format!("attachment; filename=\"rooms-{}.{ending}\"", what.name());
    Ok(([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)], text).into_response())
}

impl Exported {
    const fn name(self) -> &'static str {
        match self {
            Self::Proposals => "proposals",
            Self::Assignments => "assignments",
            Self::Alerts => "alerts",
            Self::Servers => "servers",
            Self::Times => "times",
            Self::Refusals => "refusals",
            Self::Decisions => "decisions",
            Self::History => "history",
        }
    }

    /// `None` for what is in the requests.
    const fn sheet(self) -> Option<Sheet> {
        match self {
            Self::Proposals | Self::Assignments => None,
            Self::Alerts => Some(export::ALERTS),
            Self::Servers => Some(export::SERVERS),
            Self::Times => Some(export::TIMES),
            Self::Refusals => Some(export::REFUSALS),
            Self::Decisions => Some(export::DECISIONS),
            Self::History => Some(export::HISTORY),
        }
    }
}

/// A head and its rows.
#[derive(Debug, PartialEq)]
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

const PROPOSALS: [&str; 11] = [
    "transaction_id",
    "request_id",
    "faculty",
    "program",
    "semester",
    "epoch",
    "state",
    "classrooms",
    "labs",
    "mobile_labs",
    "changed_at",
];
const ASSIGNMENTS: [&str; 8] =
    ["transaction_id", "semester", "room", "use", "faculty", "program", "state", "changed_at"];

impl Table {
    async fn read(sql: &Sql, what: Exported) -> Result<Self, RoomsError> {
        if let Some(sheet) = what.sheet() {
            let columns = sheet.columns.iter().map(|(name, _)| *name).collect();
            return Ok(Self { columns, rows: export::rows(sql.reader(), sheet, MOST).await? });
        }
        let records = listing::requests(sql.reader(), &Filter { limit: MOST, ..Filter::default() }).await?;
        Ok(if what == Exported::Assignments { Self::assignments(&records) } else { Self::proposals(&records) })
    }

    fn proposals(records: &[Record]) -> Self {
        let names = |rooms: &[RoomName]| text(&rooms.join(" "));
        let proposed = records.iter().filter(|record| !record.allocation.is_empty());
        let rows = proposed.map(|record| {
            let rooms = &record.allocation;
            vec![
                text(&record.id.to_string()),
                text(&record.request_id),
                text(&record.faculty),
                text(&record.program),
                text(&record.semester),
                Cell::Number(i64::try_from(record.epoch).unwrap_or(i64::MAX)),
                text(record.state.name()),
                names(&rooms.classrooms),
                names(&rooms.labs),
                names(&rooms.mobile_labs),
                Cell::Moment(record.changed_at),
            ]
        });
        Self { columns: PROPOSALS.to_vec(), rows: rows.collect() }
    }

    fn assignments(records: &[Record]) -> Self {
        let assigned =
            records.iter().filter(|one| matches!(one.state, RequestState::Accepted | RequestState::Released));
        let rows = assigned.flat_map(|record| {
            let rooms = &record.allocation;
            let uses = [("classroom", &rooms.classrooms), ("lab", &rooms.labs), ("mobile lab", &rooms.mobile_labs)];
            uses.into_iter().flat_map(move |(kind, names)| {
                names.iter().map(move |room| {
                    vec![
                        text(&record.id.to_string()),
                        text(&record.semester),
                        text(room),
                        text(kind),
                        text(&record.faculty),
                        text(&record.program),
                        text(record.state.name()),
                        Cell::Moment(record.changed_at),
                    ]
                })
            })
        });
        Self { columns: ASSIGNMENTS.to_vec(), rows: rows.collect() }
    }

    fn csv(&self) -> String {
        let line = |row: &Vec<Cell>| {
            let cells: Vec<String> = row.iter().map(shown).collect();
            csv::line(&cells)
        };
        std::iter::once(csv::line(&self.columns)).chain(self.rows.iter().map(line)).collect()
    }

    fn json(&self) -> Value {
        let object = |row: &Vec<Cell>| {
            let values = row.iter().map(|cell| match cell {
                Cell::Number(number) => Value::from(*number),
                other => Value::from(shown(other)),
            });
            Value::Object(self.columns.iter().map(|name| (*name).to_owned()).zip(values).collect::<Map<_, _>>())
        };
        Value::Array(self.rows.iter().map(object).collect())
    }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Moment(at) => Timestamp::to_string(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_the_same_as_csv_and_as_json() {
        let at = Timestamp::from_micros(0);
        let table = Table {
            columns: vec!["reason", "count", "at"],
            rows: vec![vec![text("=1, \"2\""), Cell::Number(-3), Cell::Moment(at)]],
        };
        assert_eq!(table.csv(), format!("reason,count,at\r\n\"'=1, \"\"2\"\"\",'-3,{at}\r\n"));
        let expected = serde_json::json!([{"reason": "=1, \"2\"", "count": -3, "at": at.to_string()}]);
        assert_eq!(table.json(), expected);
    }
}
