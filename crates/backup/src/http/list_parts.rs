//! `GET /api/v1/backups/{id}/parts`

use api::auth::Caller;
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method};
use kernel::id::Id;

use super::leader::Leader;
use crate::error::BackupError;
use crate::restore::{Part, Parts};

/// The parts of a backup's archive, each of which can be inflated alone: for whoever restores several at once.
#[utoipa::path(
    get, operation_id = "list_backup_parts", path = "/api/v1/backups/{id}/parts", tag = "backups",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Parts),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn list_parts(
    State(leader): State<Leader>,
    caller: Caller,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    super::may(&caller, "backups:read")?;
    let Some(term) = leader.term() else {
        return Ok(leader.hand_on(Method::GET, &format!("/api/v1/backups/{id}/parts"), &headers).await?);
    };
    let (listed, repository) = leader.repository(&term, id).await?;
    let archive = repository.archive(listed.number).await.map_err(BackupError::from)?;
    let parts = archive.parts().await.map_err(BackupError::from)?;
    let items = parts.iter().map(Part::of).collect();
    Ok(Json(Parts { etag: format!("\"{}\"", archive.tag()), length: archive.length(), items }).into_response())
}
