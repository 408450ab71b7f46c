//! `DELETE /api/v1/tokens/{id}`

use api::auth::Caller;
use api::{Path, Problem};
use axum::extract::State;
use http::StatusCode;
use kernel::id::Id;

use super::Finisher;
use crate::api_tokens::ApiTokens;

/// Revoke an API token: one's own, or anybody's as an administrator. It ends everywhere within 5 s.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "accounts", params(("id" = String, Path)),
    responses((status = 204)),
    security(("token" = [])),
)]
pub(super) async fn delete_token(
    State(tokens): State<ApiTokens>,
    State(finisher): State<Finisher>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    caller.need_session()?;
    finisher.finish(async move { tokens.revoke(&caller, id).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
