//! `DELETE /api/v1/backups/agents/{id}`

use api::auth::Caller;
use api::{Path, Problem, ProblemBody};
use axum::extract::State;
use futures::FutureExt;
use http::StatusCode;
use kernel::id::Id;
use store::StoreError;

use crate::error::BackupError;
use crate::server::Means;
use crate::store::agents;

/// Revoke an agent: what it sends now ends within seconds, and it is never asked again. Another may be enrolled in its
/// place. Said twice, it changes nothing more.
#[utoipa::path(
    delete, operation_id = "revoke_backup_agent", path = "/api/v1/backups/agents/{id}", tag = "backups",
    params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody, content_type = "application/problem+json")),
    security(("token" = [])),
)]
pub(super) async fn delete_agent(
    State(means): State<Means>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    super::may(&caller, "backups:write")?;
    let now = means.clock.now();
    let revoked = means.sql.write(move |transaction| async move { agents::revoke(transaction, id, now).await }.boxed());
    let revoked: bool = revoked.await.map_err(|error: StoreError| BackupError::from(error))?;
    if !revoked {
        return Err(BackupError::NotFound.into());
    }
    tracing::warn!(agent.id = %id, user.id = %caller.user, "an agent was revoked");
    Ok(StatusCode::NO_CONTENT)
}
