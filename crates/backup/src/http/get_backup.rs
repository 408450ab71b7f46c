//! `GET /api/v1/backups/{id}`

use api::auth::Caller;
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use kernel::id::Id;

use super::views::BackupView;
use crate::error::BackupError;
use crate::server::Means;
use crate::store::archives;

/// One backup.
#[utoipa::path(
    get, path = "/api/v1/backups/{id}", tag = "backups", params(("id" = String, Path)),
    responses(
        (status = 200, body = BackupView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn get_backup(
    State(means): State<Means>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<BackupView>, Problem> {
    super::may(&caller, "backups:read")?;
    let found = archives::get(means.sql.reader(), id).await.map_err(BackupError::from)?;
    Ok(Json(BackupView::of(&found.ok_or(BackupError::NotFound)?)))
}
