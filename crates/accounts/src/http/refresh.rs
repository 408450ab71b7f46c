//! `POST /api/v1/auth/refresh`

use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Finisher;
use super::cookie::{self, TokenPair};
use crate::error::AccountsError;
use crate::sessions::{Granted, Sessions};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    /// The refresh token; without it that of the cookie is taken.
    refresh_token: Option<String>,
}

/// Prolong a session: a new pair of tokens for a refresh token, which is used up.
///
/// A refresh token that comes a second time ends its session, except within 10 s while its successor has not been used:
/// then the answer was lost on its way.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "accounts", request_body = Option<Refresh>,
    responses(
        (status = 200, body = TokenPair, description = "Also sets the cookie __Host-bedel."),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn refresh(
    State(sessions): State<Sessions>,
    State(finisher): State<Finisher>,
    headers: HeaderMap,
    body: Option<Json<Refresh>>,
) -> Result<Granted, Problem> {
    let token = body.and_then(|Json(body)| body.refresh_token).or_else(|| cookie::read(&headers));
    let token = token.ok_or(AccountsError::SessionOver)?;
    Ok(finisher.finish(async move { sessions.refresh(&token).await }).await?)
}
