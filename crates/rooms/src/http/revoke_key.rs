//! `DELETE /api/v1/rooms/members/{name}/key`

use api::auth::{Caller, UserRole};
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;

use super::admit_key::decider;
use super::views::MemberView;
use crate::members::Members;

/// Take the key of a faculty or a programme away. Its living connections end within a second.
#[utoipa::path(
    delete, path = "/api/v1/rooms/members/{name}/key", tag = "rooms",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = MemberView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "Links are open."),
    ),
    security(("token" = [])),
)]
pub(super) async fn revoke_key(
    State(members): State<Members>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<MemberView>, Problem> {
    caller.need_role(&[UserRole::Admin])?;
    caller.need_scope("rooms:write")?;
    let member = members.revoke(name, decider(&caller)).await?;
    Ok(Json(MemberView::of(&member, &members)))
}
