//! `GET /shares/{share}`: what a link opens, for whoever has its token.

use api::{Json, Path};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use kernel::clock::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Sharing;
use super::problem::Failure;
use crate::model::digest;
use crate::model::share::Share;

/// What a link opens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Shared {
    /// What the file is saved as.
    name: String,
    /// Its bytes.
    size: u64,
    /// Its media type.
    #[serde(rename = "type")]
    media_type: String,
    /// What people call it; empty if nobody said.
    title: String,
    /// What it is about.
    description: String,
    /// SHA-256 of the bytes in hexadecimal; `null` while it is being computed.
    #[schema(required)]
    sha256: Option<String>,
    /// Whether a password is asked for.
    has_password: bool,
    /// When the link ends; `null` if it does not.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// How often the file may still be downloaded; `null` without a limit.
    #[schema(required)]
    downloads_left: Option<u64>,
}

/// What a link opens.
#[utoipa::path(
    get,
    path = "/api/v1/shares/{share}",
    tag = "shares",
    params(("share" = String, Path, description = "The link's token")),
    responses((status = 200, body = Shared), (status = 404), (status = 410, description = "Expired, used up or revoked")),
    security(())
)]
pub(super) async fn get_share(State(sharing): State<Sharing>, Path(token): Path<String>) -> Result<Response, Failure> {
    let now = sharing.downloading.clock.now();
    let (share, file) = sharing.find(&token, |share: &Share| share.ended(now)).await?;
    let mut response = Json(Shared {
        name: file.metadata.name.clone(),
        size: file.size,
        media_type: file.metadata.media_type.clone(),
        title: file.metadata.title.clone(),
        description: file.metadata.description.clone(),
        sha256: file.sha256.map(|sha256| digest::hex(&sha256)),
        has_password: share.password.is_some(),
        expires_at: share.expires_at,
        downloads_left: share.downloads_left(),
    })
    .into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
