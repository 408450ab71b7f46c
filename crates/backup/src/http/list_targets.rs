//! `GET /api/v1/backups/targets`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::Caller;
use api::{Json, Page, Paged, Problem, Query};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::TargetView;
use crate::error::BackupError;
use crate::server::Means;
use crate::store::targets;

/// Which node and path; everything unless said.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// HOST or HOST:PORT.
    pub(super) node: Option<String>,
    /// The folder.
    pub(super) path: Option<String>,
}

/// What is registered, oldest first, with the backups that can be had and what is wrong.
#[utoipa::path(
    get, path = "/api/v1/backups/targets", tag = "backups", params(Of, Page),
    responses((status = 200, body = Paged<TargetView>)),
    security(("token" = [])),
)]
pub(super) async fn list_targets(
    State(means): State<Means>,
    caller: Caller,
    page: Page,
    Query(of): Query<Of>,
) -> Result<Json<Paged<TargetView>>, Problem> {
    super::may(&caller, "backups:read")?;
    let of = (of.node.as_deref(), of.path.as_deref());
    let found = targets::list(means.sql.reader(), of, page.position()?, page.limit + 1).await;
    let found = found.map_err(BackupError::from)?;
    let views = TargetView::whole(&means.sql, &found).await.map_err(BackupError::from)?;
    Ok(Json(Paged::cut(views, page.limit, |view: &TargetView| view.id.to_string())))
}
