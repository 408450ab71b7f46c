//! `PUT /quotas/{user}`: gives a user another quota than the role's.

use api::auth::{Caller, UserRole};
use api::{FieldError, Json, Path, Problem};
use axum::extract::State;
use kernel::id::Id;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::Rationing;
use super::problem::Failure;
use crate::model::quota::QuotaView;

/// How much a user may have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    /// Bytes; 0 for no limit, `null` for what the role has.
    // Said aloud, so that an empty object takes nothing away.
    #[serde(deserialize_with = "said")]
    #[schema(required)]
    bytes: Option<u64>,
}

fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::deserialize(deserializer)
}

/// Gives a user another quota than the role's, or the role's again.
#[utoipa::path(
    put,
    path = "/api/v1/quotas/{user}",
    tag = "quotas",
    params(("user" = String, Path)),
    request_body = Grant,
    responses((status = 200, body = QuotaView), (status = 403), (status = 422)),
    security(("token" = []))
)]
pub(super) async fn put_quota(
    State(rationing): State<Rationing>,
    caller: Caller,
    Path(user): Path<Id>,
    Json(grant): Json<Grant>,
) -> Result<Json<QuotaView>, Failure> {
    caller.need_scope("files:write")?;
    caller.need_role(&[UserRole::Admin])?;
    if grant.bytes.is_some_and(|bytes| i64::try_from(bytes).is_err()) {
        let error = FieldError::new("/bytes", "range", format!("a number from 0 to {} is expected", i64::MAX));
        return Err(Problem::unprocessable(vec![error]).into());
    }
    let usage = rationing.store.grant(user, grant.bytes).await?;
    Ok(Json(usage.view(rationing.quotas.limit(usage.role, usage.granted))))
}
