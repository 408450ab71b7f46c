//! `GET /api/v1/backups/nodes`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::Caller;
use api::{Json, Page, Paged, Problem, Query};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::NodeView;
use crate::error::BackupError;
use crate::server::Means;
use crate::store::nodes;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// HOST or HOST:PORT.
    node: Option<String>,
}

/// Nodes, oldest first, with what their backups have of the disk.
#[utoipa::path(
    get, operation_id = "list_backup_nodes", path = "/api/v1/backups/nodes", tag = "backups", params(Of, Page),
    responses((status = 200, body = Paged<NodeView>)),
    security(("token" = [])),
)]
pub(super) async fn list_nodes(
    State(means): State<Means>,
    caller: Caller,
    page: Page,
    Query(of): Query<Of>,
) -> Result<Json<Paged<NodeView>>, Problem> {
    super::may(&caller, "backups:read")?;
    let found = nodes::list(means.sql.reader(), of.node.as_deref(), page.position()?, page.limit + 1).await;
    let views = found.map_err(BackupError::from)?.iter().map(NodeView::of).collect();
    Ok(Json(Paged::cut(views, page.limit, |view: &NodeView| view.id.to_string())))
}
