//! `GET /api/v1/backups/agents`

use api::auth::Caller;
use api::{Json, Page, Paged, Problem};
use axum::extract::State;
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::BackupError;
use crate::server::Means;
use crate::store::agents::{self, Listed};

/// An agent that was enrolled.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgentView {
    #[schema(value_type = String)]
    id: Id,
    #[schema(value_type = String, format = DateTime)]
    enrolled_at: Timestamp,
    /// When its certificate ends; null: before that was noted. It renews it by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// Where it answers, as HOST:PORT.
    nodes: Vec<String>,
}

impl AgentView {
    fn of(listed: Listed) -> Self {
        let Listed { id, enrolled_at, expires_at, revoked_at, nodes } = listed;
        Self { id, enrolled_at, expires_at, revoked_at, nodes }
    }
}

/// Every agent that was ever enrolled, oldest first.
#[utoipa::path(
    get, operation_id = "list_backup_agents", path = "/api/v1/backups/agents", tag = "backups", params(Page),
    responses((status = 200, body = Paged<AgentView>)),
    security(("token" = [])),
)]
pub(super) async fn list_agents(
    State(means): State<Means>,
    caller: Caller,
    page: Page,
) -> Result<Json<Paged<AgentView>>, Problem> {
    super::may(&caller, "backups:read")?;
    let found = agents::list(means.sql.reader(), page.position()?, page.limit + 1).await;
    let views = found.map_err(BackupError::from)?.into_iter().map(AgentView::of).collect();
    Ok(Json(Paged::cut(views, page.limit, |view: &AgentView| view.id.to_string())))
}
