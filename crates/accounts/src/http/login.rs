//! `POST /api/v1/auth/login`

use api::{ClientAddress, Json, Problem, ProblemBody};
use axum::extract::State;
use kernel::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Finisher;
use super::cookie::TokenPair;
use crate::sessions::{Granted, Sessions};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    #[schema(example = "admin")]
    username: String,
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
}

/// Open a session.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "accounts", request_body = Credentials,
    responses(
        (status = 200, body = TokenPair, description = "Also sets the cookie __Host-bedel with the refresh token."),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
         description = "Too many failures of this account or from this address in 15 minutes; see Retry-After."),
    ),
)]
pub(super) async fn login(
    State(sessions): State<Sessions>,
    State(finisher): State<Finisher>,
    ClientAddress(address): ClientAddress,
    Json(credentials): Json<Credentials>,
) -> Result<Granted, Problem> {
    let Credentials { username, password } = credentials;
    Ok(finisher.finish(async move { sessions.log_in(&username, &password, address).await }).await?)
}
