//! `GET /api/v1/backups/log/{id}`

use api::auth::Caller;
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use kernel::id::Id;

use super::views::AttemptView;
use crate::error::BackupError;
use crate::server::Means;
use crate::store::log;

/// One attempt, as it stands.
#[utoipa::path(
    get, path = "/api/v1/backups/log/{id}", tag = "backups", params(("id" = String, Path)),
    responses(
        (status = 200, body = AttemptView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn get_attempt(
    State(means): State<Means>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<AttemptView>, Problem> {
    super::may(&caller, "backups:read")?;
    let found = log::get(means.sql.reader(), id).await.map_err(BackupError::from)?;
    Ok(Json(AttemptView::of(&found.ok_or(BackupError::NotFound)?)))
}
