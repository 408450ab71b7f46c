//! `GET /api/v1/auth/jwks.json`

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::Jwks;

/// The public keys that tokens are verified with (RFC 7517).
#[utoipa::path(
    get, path = "/api/v1/auth/jwks.json", tag = "accounts",
    responses((status = 200, body = Object)),
)]
pub(super) async fn get_jwks(State(Jwks(keys)): State<Jwks>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")], keys.to_string())
}
