//! `GET /files/{id}`: what is known of a file.

use api::auth::{Caller, MaybeCaller};
use api::{Json, Path, Problem};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use kernel::error::Kind;
use kernel::id::Id;

use super::problem::Failure;
use super::{Catalogue, maybe_viewer, viewer};
use crate::model::{File, FileView, Viewer};
use crate::store::Store;

/// What is known of a file.
#[utoipa::path(
    get,
    path = "/api/v1/files/{id}",
    tag = "files",
    params(("id" = String, Path)),
    responses((status = 200, body = FileView), (status = 404), (status = 410, description = "It is in the trash")),
    security((), ("token" = []))
)]
pub(super) async fn get_file(
    State(catalogue): State<Catalogue>,
    caller: MaybeCaller,
    Path(id): Path<Id>,
) -> Result<Response, Failure> {
    let file = readable(&catalogue, maybe_viewer(&caller)?, id).await?;
    Ok(view(&file))
}

/// The file, if it may be read: otherwise it does not exist.
pub(super) async fn readable(catalogue: &Catalogue, viewer: Viewer, id: Id) -> Result<File, Failure> {
    let file = catalogue.store.file_or_trashed(id).await?.ok_or_else(Problem::not_found)?;
    check_readable(viewer, &file)?;
    Ok(file)
}

/// Passes if the file may be read. Whoever could bring it back is told that it is in the trash.
pub(super) fn check_readable(viewer: Viewer, file: &File) -> Result<(), Failure> {
    let writes = viewer.may_write(file.owner.id);
    if file.deleted_at.is_some() && writes {
        let detail = format!("This file is in the trash: POST /api/v1/files/{}/restore brings it back.", file.id);
        return Err(Problem::with_status(StatusCode::GONE, "trashed", "It is in the trash", detail).into());
    }
    let reads = file.deleted_at.is_none() && viewer.may_read(file.owner.id, file.metadata.visibility);
    if reads { Ok(()) } else { Err(Problem::not_found().into()) }
}

/// The file, if the caller may write it: 403 if they may only read it. `doing` completes "Only its owner may …".
pub(super) async fn writable(store: &Store, caller: &Caller, id: Id, doing: &str) -> Result<File, Failure> {
    let file = store.file(id).await?.ok_or_else(Problem::not_found)?;
    let viewer = viewer(caller);
    if !viewer.may_read(file.owner.id, file.metadata.visibility) {
        return Err(Problem::not_found().into());
    }
    if !viewer.may_write(file.owner.id) {
        return Err(Problem::new(Kind::Forbidden, format!("Only its owner may {doing} this file.")).into());
    }
    Ok(file)
}

pub(super) fn view(file: &File) -> Response {
    let mut response = Json(file.view()).into_response();
    if let Ok(value) = HeaderValue::try_from(format!("/api/v1/files/{}/content", file.id)) {
        response.headers_mut().insert(http::header::CONTENT_LOCATION, value);
    }
    response
}
