//! `GET /audit.csv`: the audit trail for spreadsheets, as it is read.

use api::Query;
use api::auth::Caller;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use store::StoreError;

use super::Past;
use super::list_audit::Params;
use super::problem::Failure;
use crate::model::audit::{AuditCursor, AuditEntry, CSV_HEAD};

/// Entries read at a time.
const BATCH: u64 = 500;

/// The audit trail as CSV (UTF-8, RFC 4180), the newest entry first. Cells that a spreadsheet would calculate begin with `'`.
#[utoipa::path(
    get,
    path = "/api/v1/audit.csv",
    tag = "audit",
    params(Params),
    responses((status = 200, description = "All entries", content_type = "text/csv", body = String), (status = 422)),
    security(("token" = []))
)]
pub(super) async fn export_audit(
    State(past): State<Past>,
    caller: Caller,
    Query(params): Query<Params>,
) -> Result<Response, Failure> {
    caller.need_scope("files:read")?;
    let filter = params.filter(&caller);
    // Read before the status is sent, so that a database that is away is an answer.
    let first = past.store.audit(&filter, None, BATCH).await?;
    let rest = stream::unfold(next(&first), move |after| {
        let (store, filter) = (past.store.clone(), filter.clone());
        async move {
            let after = after?;
            match store.audit(&filter, Some(&after), BATCH).await {
                Ok(entries) => Some((Ok(lines(&entries)), next(&entries))),
                Err(error) => Some((Err(error), None)),
            }
        }
    });
    let head = Ok(Bytes::from_static(CSV_HEAD.as_bytes()));
    let all = stream::iter([head, Ok::<Bytes, StoreError>(lines(&first))]).chain(rest);
    let mut response = Response::new(Body::from_stream(all));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.csv\""));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Where the next batch begins, if there is one.
fn next(entries: &[AuditEntry]) -> Option<AuditCursor> {
    let full = u64::try_from(entries.len()).is_ok_and(|length| length == BATCH);
    entries.last().filter(|_| full).map(AuditCursor::of)
}

fn lines(entries: &[AuditEntry]) -> Bytes {
    entries.iter().map(AuditEntry::csv_line).collect::<String>().into()
}
