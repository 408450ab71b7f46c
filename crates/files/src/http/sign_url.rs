//! `POST /files/{id}/url`: an address for players and links that cannot send a header.

use api::auth::MaybeCaller;
use api::signed::LIFETIME;
use api::{Json, Path};
use axum::extract::State;
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::Serialize;
use utoipa::ToSchema;

use super::get_file::readable;
use super::problem::Failure;
use super::{Catalogue, maybe_viewer};

/// An address that opens one file, or one selection of files, for a while.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct SignedUrl {
    /// Its path and query.
    url: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl SignedUrl {
    /// The address of a file's content with that signature.
    pub(super) fn new(file: Id, signature: &str, expires_at: Timestamp) -> Self {
        Self { url: format!("/api/v1/files/{file}/content?signature={signature}"), expires_at }
    }

    /// The address of an archive of these files with that signature.
    pub(super) fn of_archive(files: &[Id], signature: &str, expires_at: Timestamp) -> Self {
        let ids: Vec<String> = files.iter().map(Id::to_string).collect();
        Self { url: format!("/api/v1/files/archive.zip?ids={}&signature={signature}", ids.join(",")), expires_at }
    }
}

/// An address that opens one file for ten minutes, without a token. The signature is good for `/stream` and `/thumbnail` too.
#[utoipa::path(
    post,
    path = "/api/v1/files/{id}/url",
    tag = "files",
    params(("id" = String, Path)),
    responses((status = 200, body = SignedUrl), (status = 404)),
    security((), ("token" = []))
)]
pub(super) async fn sign_url(
    State(catalogue): State<Catalogue>,
    caller: MaybeCaller,
    Path(id): Path<Id>,
) -> Result<Json<SignedUrl>, Failure> {
    let file = readable(&catalogue, maybe_viewer(&caller)?, id).await?;
    let expires_at = catalogue.clock.now().plus(LIFETIME);
    let signature = catalogue.signer.sign(file.id, expires_at);
    Ok(Json(SignedUrl::new(file.id, &signature, expires_at)))
}
