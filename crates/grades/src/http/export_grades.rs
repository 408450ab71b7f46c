//! `GET /api/v1/grades/export.csv`

use api::auth::Caller;
use api::{Problem, Query, csv};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use kernel::id::Id;
use store::{Sql, StoreError};

use super::list_grades::Wanted;
use super::views::visible;
use crate::failure::Failure;
use crate::model::csv::COLUMNS;
use crate::store::listing::{self, Entry};

/// Grades read at a time.
const BATCH: u64 = 1_000;

/// Grades as a table (UTF-8, RFC 4180), the newest first, with the columns that an import reads. Cells that a spreadsheet
/// would calculate begin with `'`.
#[utoipa::path(
    get, path = "/api/v1/grades/export.csv", tag = "grades", params(Wanted),
    responses((status = 200, body = String, content_type = "text/csv")),
    security(("token" = [])),
)]
pub(super) async fn export_grades(
    State(sql): State<Sql>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let filter = visible(&caller, wanted.filter())?;
    // Read before the status is sent, so that a database that is away is an answer.
    let first = listing::list(sql.reader(), &filter, None, BATCH).await.map_err(Failure::from)?;
    let rest = stream::unfold(next(&first), move |after| {
        let (sql, filter) = (sql.clone(), filter.clone());
        async move {
            let after = after?;
            match listing::list(sql.reader(), &filter, Some(after), BATCH).await {
                Ok(entries) => Some((Ok(lines(&entries)), next(&entries))),
                Err(error) => Some((Err(error), None)),
            }
        }
    });
    let head = Ok(Bytes::from(csv::line(&COLUMNS)));
    let all = stream::iter([head, Ok::<Bytes, StoreError>(lines(&first))]).chain(rest);
    let mut response = Response::new(Body::from_stream(all));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(csv::CONTENT_TYPE));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"grades.csv\""));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Where the next batch begins, if there is one.
fn next(entries: &[Entry]) -> Option<Id> {
    let full = u64::try_from(entries.len()).is_ok_and(|length| length == BATCH);
    entries.last().filter(|_| full).map(|entry| entry.id)
}

fn lines(entries: &[Entry]) -> Bytes {
    entries.iter().map(|entry| entry.record.csv_line()).collect::<String>().into()
}
