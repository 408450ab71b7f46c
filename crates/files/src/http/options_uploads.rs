//! `OPTIONS /uploads`: what this server speaks of tus and of the IETF's draft.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};

use super::Uploading;
use crate::model::{checksum, draft, tus};

/// What this server speaks of tus and of the draft.
#[utoipa::path(options, path = "/api/v1/uploads", tag = "uploads", responses((status = 204, description = "Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, Accept-Patch, Upload-Limit")))]
pub(super) async fn options_uploads(State(uploading): State<Uploading>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(tus::TUS_RESUMABLE, HeaderValue::from_static(tus::VERSION));
    headers.insert(tus::TUS_VERSION, HeaderValue::from_static(tus::VERSION));
    headers.insert(tus::TUS_EXTENSION, HeaderValue::from_static(tus::EXTENSIONS));
    headers.insert(tus::TUS_MAX_SIZE, HeaderValue::from(uploading.settings.max_size));
    headers.insert(tus::TUS_CHECKSUM_ALGORITHM, HeaderValue::from_static(checksum::ALGORITHMS));
    headers.insert(
        draft::ACCEPT_PATCH,
        HeaderValue::from_static("application/partial-upload, application/offset+octet-stream"),
    );
    headers.insert(draft::UPLOAD_LIMIT, draft::limit(uploading.settings.max_size, None));
    response
}
