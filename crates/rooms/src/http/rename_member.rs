//! `PATCH /api/v1/rooms/members/{name}`

use api::auth::{Caller, UserRole};
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::admit_key::decider;
use super::views::MemberView;
use crate::members::Members;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberTitle {
    /// For people.
    #[schema(max_length = 200)]
    title: String,
}

/// Change a faculty's or a programme's title. Its name is its key's and stays.
#[utoipa::path(
    patch, path = "/api/v1/rooms/members/{name}", tag = "rooms", request_body = MemberTitle,
    params(("name" = String, Path)),
    responses(
        (status = 200, body = MemberView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn rename_member(
    State(members): State<Members>,
    caller: Caller,
    Path(name): Path<String>,
    Json(change): Json<MemberTitle>,
) -> Result<Json<MemberView>, Problem> {
    caller.need_role(&[UserRole::Admin])?;
    caller.need_scope("rooms:write")?;
    let member = members.rename(name, change.title.trim().to_owned(), decider(&caller)).await?;
    Ok(Json(MemberView::of(&member, &members)))
}
