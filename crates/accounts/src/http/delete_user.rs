//! `DELETE /api/v1/users/{id}`

use api::auth::{Caller, UserRole};
use api::{Path, Problem, ProblemBody};
use axum::extract::State;
use http::StatusCode;
use kernel::id::Id;

use super::Finisher;
use crate::directory::Directory;

/// Remove a user. Sessions and tokens end everywhere within 5 s.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}", tag = "accounts", params(("id" = String, Path)),
    responses(
        (status = 204),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "This is the last administrator."),
    ),
    security(("token" = [])),
)]
pub(super) async fn delete_user(
    State(directory): State<Directory>,
    State(finisher): State<Finisher>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    caller.need_role(&[UserRole::Admin])?;
    caller.need_scope("users:write")?;
    finisher.finish(async move { directory.remove(id).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
