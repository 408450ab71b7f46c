//! `GET /api/v1/backups/alerts`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::Caller;
use api::{Json, Page, Paged, Problem, Query};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::AlertView;
use crate::error::BackupError;
use crate::server::Means;
use crate::store::alerts;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those that are open, or only those that are over; all unless given.
    open: Option<bool>,
}

/// What is wrong with backups, or was, newest first.
#[utoipa::path(
    get, operation_id = "list_backup_alerts", path = "/api/v1/backups/alerts", tag = "backups", params(Wanted, Page),
    responses((status = 200, body = Paged<AlertView>)),
    security(("token" = [])),
)]
pub(super) async fn list_alerts(
    State(means): State<Means>,
    caller: Caller,
    page: Page,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Paged<AlertView>>, Problem> {
    super::may(&caller, "backups:read")?;
    let found = alerts::list(means.sql.reader(), wanted.open, page.position()?, page.limit + 1).await;
    let views = found.map_err(BackupError::from)?.iter().map(AlertView::of).collect();
    Ok(Json(Paged::cut(views, page.limit, |view: &AlertView| view.id.to_string())))
}
