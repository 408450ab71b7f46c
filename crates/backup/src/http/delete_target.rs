//! `DELETE /api/v1/backups/targets/{id}`

use api::auth::Caller;
use api::{Path, Problem, ProblemBody};
use axum::extract::State;
use futures::FutureExt;
use http::StatusCode;
use kernel::id::Id;
use store::StoreError;

use crate::error::BackupError;
use crate::server::Means;
use crate::store::targets;

/// Unregister. Its backups and its log stay.
#[utoipa::path(
    delete, path = "/api/v1/backups/targets/{id}", tag = "backups", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody, content_type = "application/problem+json")),
    security(("token" = [])),
)]
pub(super) async fn delete_target(
    State(means): State<Means>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    super::may(&caller, "backups:write")?;
    let gone = means.sql.write(move |transaction| async move { targets::delete(transaction, id).await }.boxed());
    let gone: bool = gone.await.map_err(|error: StoreError| BackupError::from(error))?;
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(BackupError::NotFound.into()) }
}
