//! Writes that may be sent again: the same `Idempotency-Key` gets the first answer.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::error::Kind;
use serde::de::DeserializeOwned;

use crate::auth::Caller;
use crate::json;
use crate::problem::Problem;

/// The request header with the key.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The answer's header that says it is the first one again.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key, in characters.
pub const LONGEST_KEY: usize = 128;

/// The request's key, if it has one: 1–128 visible ASCII characters, else 400.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(&IDEMPOTENCY_KEY) else { return Ok(Self(None)) };
        let key = value
            .to_str()
            .ok()
            .filter(|key| (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
        match key {
            Some(key) => Ok(Self(Some(key.to_owned()))),
            None => {
                Err(Problem::unparsable(format!("Idempotency-Key takes 1 to {LONGEST_KEY} visible ASCII characters.")))
            }
        }
    }
}

/// A JSON body that may be sent again: its value, the key, and what tells it from another body under the same key.
#[derive(Debug, Clone)]
pub struct Repeatable<T> {
    /// The body.
    pub body: T,
    /// The key.
    pub key: IdempotencyKey,
    /// [`digest`] of the body as it was sent.
    pub digest: [u8; 32],
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Repeatable<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let key = IdempotencyKey::from_request_parts(&mut parts, state).await?;
        let bytes = json::read(Request::from_parts(parts, body)).await?;
        Ok(Self { body: json::parse(&bytes)?, key, digest: digest(&bytes) })
    }
}

/// What a key belongs to: user, method and path. Two users' keys never meet.
#[must_use]
pub fn scope(caller: Option<&Caller>, method: &http::Method, path: &str) -> String {
    match caller {
        Some(caller) => format!("{} {method} {path}", caller.user),
        None => format!("- {method} {path}"),
    }
}

/// SHA-256 of a body.
#[must_use]
pub fn digest(body: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, body).as_ref());
    out
}

/// The first answer again: `body` is JSON text.
#[must_use]
pub fn replayed(status: u16, body: String) -> Response {
    let mut response = (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), body).into_response();
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    response
}

/// 422: the key was used with another body.
#[must_use]
pub fn other_body() -> Problem {
    Problem::new(Kind::Invalid, "This Idempotency-Key was already used with another body: take a new one.")
}
