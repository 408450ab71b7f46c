//! `POST /api/v1/auth/logout`

use api::auth::{Caller, MaybeCaller};
use api::{Json, Problem};
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use kernel::error::Kind;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Finisher, cookie};
use crate::sessions::Sessions;

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Logout {
    /// Names the session to end; without it that of the cookie or of the access token ends.
    refresh_token: Option<String>,
    /// Ends all sessions of the user; takes an access token.
    #[serde(default)]
    everywhere: bool,
}

/// End a session, or all of them.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "accounts", request_body = Option<Logout>,
    responses((status = 204, description = "The session is over, or was.")),
    security((), ("token" = [])),
)]
pub(super) async fn logout(
    State(sessions): State<Sessions>,
    State(finisher): State<Finisher>,
    MaybeCaller(caller): MaybeCaller,
    headers: HeaderMap,
    body: Option<Json<Logout>>,
) -> Result<Response, Problem> {
    let Logout { refresh_token, everywhere } = body.map(|Json(body)| body).unwrap_or_default();
    caller.as_ref().map_or(Ok(()), Caller::need_session)?;
    let token = refresh_token.or_else(|| cookie::read(&headers));
    match (caller, token) {
        (Some(caller), _) if everywhere => {
            finisher.finish(async move { sessions.log_out_caller(&caller, true).await }).await?;
        }
        (_, Some(token)) if !everywhere => {
            finisher.finish(async move { sessions.log_out(&token).await }).await?;
        }
        (Some(caller), _) => {
            finisher.finish(async move { sessions.log_out_caller(&caller, false).await }).await?;
        }
        (None, _) => {
            return Err(Problem::new(Kind::Unauthenticated, "Send the refresh token or the access token to end."));
        }
    }
    Ok(cookie::forget())
}
