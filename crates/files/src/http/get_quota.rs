//! `GET /quotas/{user}`: how much a user has and may have. One's own; administrators see all.

use api::auth::Caller;
use api::{Json, Path, Problem};
use axum::extract::State;
use kernel::error::Kind;
use kernel::id::Id;

use super::Rationing;
use super::problem::Failure;
use crate::model::quota::QuotaView;

/// How much a user has and may have. Of one who has uploaded nothing yet the limit is a student's.
#[utoipa::path(
    get,
    path = "/api/v1/quotas/{user}",
    tag = "quotas",
    params(("user" = String, Path)),
    responses((status = 200, body = QuotaView), (status = 403)),
    security(("token" = []))
)]
pub(super) async fn get_quota(
    State(rationing): State<Rationing>,
    caller: Caller,
    Path(user): Path<Id>,
) -> Result<Json<QuotaView>, Failure> {
    caller.need_scope("files:read")?;
    if !caller.is_admin() && caller.user != user {
        return Err(Problem::new(Kind::Forbidden, "Only administrators see other people's quotas.").into());
    }
    let usage = rationing.store.usage(user).await?;
    let role = if caller.user == user { Some(caller.role) } else { usage.role };
    Ok(Json(usage.view(rationing.quotas.limit(role, usage.granted))))
}
