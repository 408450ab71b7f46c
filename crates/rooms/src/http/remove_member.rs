//! `DELETE /api/v1/rooms/members/{name}`

use api::auth::{Caller, UserRole};
use api::{Path, Problem, ProblemBody};
use axum::extract::State;
use http::StatusCode;

use super::admit_key::decider;
use crate::members::Members;

/// Remove a faculty with its programmes, or a programme. Their keys are revoked; what they asked for stays.
#[utoipa::path(
    delete, path = "/api/v1/rooms/members/{name}", tag = "rooms",
    params(("name" = String, Path)),
    responses(
        (status = 204),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn remove_member(
    State(members): State<Members>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.need_role(&[UserRole::Admin])?;
    caller.need_scope("rooms:write")?;
    members.remove(name, decider(&caller)).await?;
    Ok(StatusCode::NO_CONTENT)
}
