//! `GET /api/v1/rooms/requests.csv`

use api::auth::{Caller, UserRole};
use api::{Problem, Query};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use store::Sql;

use super::list_requests::Wanted;
use crate::error::RoomsError;
use crate::model::{Record, RoomName};
use crate::store::listing::{self, Filter};

/// Rows of one export, at most: the newest.
const MOST: u64 = 100_000;
const HEAD: &str = "id,request_id,faculty,program,semester,classrooms_asked,labs_asked,state,epoch,classrooms,labs,\
                    mobile_labs,asked_at,changed_at\r\n";

/// Requests as a table (RFC 4180), newest first; rooms are separated by spaces. As JSON: `GET /api/v1/rooms/requests`.
#[utoipa::path(
    get, path = "/api/v1/rooms/requests.csv", tag = "rooms", params(Wanted),
    responses((status = 200, body = String, content_type = "text/csv")),
    security(("token" = [])),
)]
pub(super) async fn export_requests(
    State(sql): State<Sql>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    caller.need_scope("rooms:read")?;
    let filter = Filter { limit: MOST, ..wanted.filter()? };
    let found = listing::requests(sql.reader(), &filter).await.map_err(RoomsError::from)?;
    let mut table = String::from(HEAD);
    found.iter().for_each(|record| table.push_str(&row(record)));
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"rooms.csv\"")];
    Ok((headers, table).into_response())
}

/// Every value is of an alphabet that needs no quotes.
fn row(record: &Record) -> String {
    let names = |rooms: &[RoomName]| rooms.join(" ");
    let rooms = &record.allocation;
    format!(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
        record.id,
        record.request_id,
        record.faculty,
        record.program,
        record.semester,
        record.wish.classrooms,
        record.wish.labs,
        record.state.name(),
        record.epoch,
        names(&rooms.classrooms),
        names(&rooms.labs),
        names(&rooms.mobile_labs),
        record.asked_at,
        record.changed_at,
    )
}
