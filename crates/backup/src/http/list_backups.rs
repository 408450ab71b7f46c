//! `GET /api/v1/backups`

use api::auth::Caller;
use api::{Json, Page, Paged, Problem, Query};
use axum::extract::State;

use super::list_targets::Of;
use super::views::BackupView;
use crate::error::BackupError;
use crate::server::Means;
use crate::store::archives;

/// Every backup ever made, newest first; `kept` tells which can still be had.
#[utoipa::path(
    get, path = "/api/v1/backups", tag = "backups", params(Of, Page),
    responses((status = 200, body = Paged<BackupView>)),
    security(("token" = [])),
)]
pub(super) async fn list_backups(
    State(means): State<Means>,
    caller: Caller,
    page: Page,
    Query(of): Query<Of>,
) -> Result<Json<Paged<BackupView>>, Problem> {
    super::may(&caller, "backups:read")?;
    let of = (of.node.as_deref(), of.path.as_deref());
    let found = archives::list(means.sql.reader(), of, page.position()?, page.limit + 1).await;
    let views = found.map_err(BackupError::from)?.iter().map(BackupView::of).collect();
    Ok(Json(Paged::cut(views, page.limit, |view: &BackupView| view.id.to_string())))
}
