//! `POST /api/v1/tokens`

use api::auth::Caller;
use api::idempotency::{Repeatable, replayed, scope};
use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Finisher;
use crate::api_tokens::{ApiTokens, NewToken};
use crate::model::ApiToken;
use crate::once::{Outcome, Seal};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTokenBody {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200, example = "load generator")]
    name: String,
    /// What it may do.
    #[schema(example = json!(["grades:write"]))]
    scopes: Vec<String>,
    #[serde(default = "ninety")]
    #[schema(minimum = 1, maximum = 365, default = 90)]
    expires_in_days: i64,
}

const fn ninety() -> i64 {
    90
}

/// A new API token.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Made {
    /// The token itself. It is not shown again.
    #[schema(example = "bdl_…")]
    pub(crate) token: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub(crate) about: ApiToken,
}

/// Make an API token for a program. It says what the user is now: a change of role, courses or carnet ends it.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "accounts", request_body = NewTokenBody,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 201, body = Made),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "There are 100 already."),
    ),
    security(("token" = [])),
)]
pub(super) async fn create_token(
    State(tokens): State<ApiTokens>,
    State(finisher): State<Finisher>,
    State(seal): State<Seal>,
    caller: Caller,
    request: Repeatable<NewTokenBody>,
) -> Result<Response, Problem> {
    caller.need_session()?;
    let NewTokenBody { name, scopes, expires_in_days } = request.body;
    let new = NewToken { name, scopes, days: expires_in_days };
    let once = seal.once(scope(Some(&caller), &Method::POST, "/api/v1/tokens"), request.key, request.digest);
    let outcome = finisher.finish(async move { tokens.create(&caller, new, once).await }).await?;
    let mut response = match outcome {
        Outcome::Done((about, token)) => (StatusCode::CREATED, Json(Made { token, about })).into_response(),
        Outcome::Replayed { status, body } => replayed(status, body),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
