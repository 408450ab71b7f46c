//! `GET /api/v1/backups/log`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::Caller;
use api::{Json, Page, Paged, Problem, Query};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::AttemptView;
use crate::error::BackupError;
use crate::model::{Outcome, Work};
use crate::server::Means;
use crate::store::log;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// HOST or HOST:PORT.
    node: Option<String>,
    /// The folder.
    path: Option<String>,
    /// Only attempts that stand or ended so.
    outcome: Option<Outcome>,
    /// Only `backup`, or only `rehearsal`.
    kind: Option<Work>,
}

/// Every attempt ever made, to back up or to rehearse, newest first.
#[utoipa::path(
    get, path = "/api/v1/backups/log", tag = "backups", params(Wanted, Page),
    responses((status = 200, body = Paged<AttemptView>)),
    security(("token" = [])),
)]
pub(super) async fn list_log(
    State(means): State<Means>,
    caller: Caller,
    page: Page,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Paged<AttemptView>>, Problem> {
    super::may(&caller, "backups:read")?;
    let of = (wanted.node.as_deref(), wanted.path.as_deref(), wanted.outcome, wanted.kind);
    let found = log::list(means.sql.reader(), of, page.position()?, page.limit + 1).await;
    let views = found.map_err(BackupError::from)?.iter().map(AttemptView::of).collect();
    Ok(Json(Paged::cut(views, page.limit, |view: &AttemptView| view.id.to_string())))
}
