//! `GET /quotas/me`: how much the caller has and may have.

use api::Json;
use api::auth::Caller;
use axum::extract::State;

use super::Rationing;
use super::problem::Failure;
use crate::model::quota::QuotaView;

/// How much the caller has and may have.
#[utoipa::path(
    get,
    path = "/api/v1/quotas/me",
    tag = "quotas",
    responses((status = 200, body = QuotaView)),
    security(("token" = []))
)]
pub(super) async fn get_my_quota(
    State(rationing): State<Rationing>,
    caller: Caller,
) -> Result<Json<QuotaView>, Failure> {
    caller.need_scope("files:read")?;
    let usage = rationing.store.usage(caller.user).await?;
    Ok(Json(usage.view(rationing.quotas.limit(Some(caller.role), usage.granted))))
}
