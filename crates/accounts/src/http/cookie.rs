//! The cookie that holds a browser's refresh token, out of reach of scripts, and the answer that sets it.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use api::Json;

use crate::sessions::Granted;

/// `__Host-`: browsers take it only over TLS, for this host and the whole of it.
const NAME: &str = "__Host-bedel";

/// The refresh token of the request's cookie.
pub(super) fn read(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
}

fn cookie(token: &str, seconds: u64) -> Option<HeaderValue> {
    let text = format!("{NAME}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    HeaderValue::try_from(text).ok()
}

/// What a session's holder is given.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct TokenPair {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: String,
    /// Seconds until the access token ends.
    expires_in: u64,
    /// Good for one `POST /api/v1/auth/refresh`. Browsers ignore it: their cookie has it.
    refresh_token: String,
}

impl IntoResponse for Granted {
    fn into_response(self) -> Response {
        let set = cookie(&self.refresh_token, self.refresh_expires_in);
        let mut response = Json(TokenPair {
            access_token: self.access_token,
            token_type: "Bearer".to_owned(),
            expires_in: self.expires_in,
            refresh_token: self.refresh_token,
        })
        .into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(set) = set {
            headers.insert(SET_COOKIE, set);
        }
        response
    }
}

/// 204, and the browser forgets its cookie.
pub(super) fn forget() -> Response {
    let mut response = http::StatusCode::NO_CONTENT.into_response();
    if let Some(set) = cookie("", 0) {
        response.headers_mut().insert(SET_COOKIE, set);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; __Host-bedelx=2"));
        assert_eq!(read(&headers), None);
        headers.append(COOKIE, HeaderValue::from_static("b=1;__Host-bedel=bdr_1.2.3; c=4"));
        assert_eq!(read(&headers).as_deref(), Some("bdr_1.2.3"));
    }
}
