//! `GET /api/v1/tokens`

use api::auth::Caller;
use api::{Json, Page, Paged, Problem};
use axum::extract::State;

use crate::api_tokens::ApiTokens;
use crate::model::ApiToken;

/// The caller's API tokens, oldest first.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "accounts", params(Page),
    responses((status = 200, body = Paged<ApiToken>)),
    security(("token" = [])),
)]
pub(super) async fn list_tokens(
    State(tokens): State<ApiTokens>,
    caller: Caller,
    page: Page,
) -> Result<Json<Paged<ApiToken>>, Problem> {
    caller.need_session()?;
    let found = tokens.list(caller.user, page.position()?, page.limit.saturating_add(1)).await?;
    Ok(Json(Paged::cut(found, page.limit, |token| token.id.to_string())))
}
