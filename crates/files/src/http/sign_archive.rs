//! `POST /files/archive`: an address of a selection for browsers, which cannot send a header with a download.

use api::Json;
use api::auth::MaybeCaller;
use api::signed::LIFETIME;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Downloading;
use super::get_archive::{Archive, parse, selected};
use super::problem::Failure;
use super::sign_url::SignedUrl;

/// Which files.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Selection {
    /// Their ids, at most 500. One that is there twice counts once.
    ids: Vec<String>,
}

/// An address that opens one selection of files as an archive for ten minutes, without a token. It is given once the
/// archive can be sent.
#[utoipa::path(
    post,
    path = "/api/v1/files/archive",
    tag = "files",
    request_body = Selection,
    responses(
        (status = 200, body = SignedUrl),
        (status = 404, description = "One of the files is not there, or not the caller's to see"),
        (status = 409, description = "One of the files is damaged"),
        (status = 422),
        (status = 503, description = "A file's checksum is being computed, or a dependency is away: Retry-After"),
    ),
    security((), ("token" = []))
)]
pub(super) async fn sign_archive(
    State(downloading): State<Downloading>,
    caller: MaybeCaller,
    Json(selection): Json<Selection>,
) -> Result<Json<SignedUrl>, Failure> {
    let ids = parse(selection.ids.iter().map(String::as_str))?;
    let files = selected(&downloading, &caller, &ids).await?;
    Archive::new(files, &downloading).await?;
    let expires_at = downloading.clock.now().plus(LIFETIME);
    let signature = downloading.signer.sign_archive(&ids, expires_at);
    Ok(Json(SignedUrl::of_archive(&ids, &signature, expires_at)))
}
