//! `DELETE /uploads/{id}`: ends an upload for good (tus termination). A finished one is a file, which is removed.

use api::Path;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use kernel::error::Kind;
use kernel::id::Id;

use super::Uploading;
use super::door::Door;
use super::post_upload::post_upload;
use super::problem::Failure;
use super::uploader::Uploader;
use crate::ingest::IngestError;
use crate::model::{UploadState, tus};

/// Ends an upload for good.
#[utoipa::path(
    delete,
    path = "/api/v1/uploads/{id}",
    tag = "uploads",
    params(
        ("id" = String, Path),
        ("Tus-Resumable" = Option<String>, Header, description = "1.0.0"),
        ("X-Bedel-Voucher" = Option<String>, Header, description = "A guest's, instead of a token"),
    ),
    responses((status = 204), (status = 404), (status = 410)),
    security((), ("token" = []))
)]
pub(super) async fn delete_upload(
    State(uploading): State<Uploading>,
    uploader: Uploader,
    Path(id): Path<Id>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    if tus::overridden(&headers).is_some() {
        return post_upload(State(uploading), uploader, Path(id), headers, body).await;
    }
    let door = Door::of(&headers)?;
    delete(&uploading, &uploader, id, (door, &headers)).await.map_err(|failure| door.failure(failure))
}

pub(super) async fn delete(
    uploading: &Uploading,
    uploader: &Uploader,
    id: Id,
    (door, headers): (Door, &HeaderMap),
) -> Result<Response, Failure> {
    if door == Door::Tus {
        tus::check_version(headers)?;
    }
    uploader.may_upload()?;
    match uploader.upload(uploading, id).await?.state {
        UploadState::Gone => return Err(IngestError::Gone.into()),
        UploadState::Done if matches!(uploader, Uploader::Guest(_)) => {
            let detail = "Every byte has arrived: the file is the member's, who alone may remove it.";
            return Err(api::Problem::new(Kind::Conflict, detail).into());
        }
        UploadState::Done => {
            uploading.store.remove_file(id, None, uploading.clock.now()).await?;
        }
        UploadState::Open | UploadState::Part => uploading.ingest.abandon(id).await?,
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let (name, value) = door.mark();
    response.headers_mut().insert(name, value);
    Ok(response)
}
