//! `PATCH /uploads/{id}`: more bytes.

use api::Path;
use api::auth::Caller;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use kernel::id::Id;

use super::create_upload::progress;
use super::head_upload::check_owner;
use super::problem::Failure;
use super::{Uploading, owner};
use crate::ingest::{Claimed, IngestError, Terms};
use crate::model::condition::http_date;
use crate::model::{Hold, Upload, UploadState, tus};

/// More bytes of an upload.
#[utoipa::path(
    patch,
    path = "/api/v1/uploads/{id}",
    tag = "uploads",
    params(
        ("id" = String, Path),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = i64, Header, description = "Where these bytes begin"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Upload-Offset; Content-Location once the file is complete"),
        (status = 409, description = "Another offset, a newer request, or somebody paused it (type `/problems/held`)"),
        (status = 410), (status = 413), (status = 415), (status = 429), (status = 503), (status = 507),
    ),
    security(("token" = []))
)]
pub(super) async fn patch_upload(
    State(uploading): State<Uploading>,
    caller: Caller,
    Path(id): Path<Id>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    patch(&uploading, &caller, id, &headers, body).await.map_err(Failure::tus)
}

pub(super) async fn patch(
    uploading: &Uploading,
    caller: &Caller,
    id: Id,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    tus::check_version(headers)?;
    caller.need_scope("files:write")?;
    tus::check_content_type(headers)?;
    let offset = tus::offset(headers)?;
    uploading.tracker.saw(&owner(caller));
    let found = check_owner(uploading, caller, id).await?;
    match found.state {
        UploadState::Gone => return Err(IngestError::Gone.into()),
        UploadState::Done => return Ok(complete(&found, offset, body).await?),
        UploadState::Open => {}
    }
    if found.hold == Hold::Paused {
        return Err(IngestError::Held.into());
    }
    // Where nobody writes, a wrong offset needs no takeover to be refused.
    if found.writer.is_none() && found.offset != offset {
        return Err(IngestError::Offset { actual: found.offset }.into());
    }
    check_room(found.length, offset, &body)?;
    let permit = uploading.admission.enter(Some(caller.user)).await?;
    let claim = match uploading.ingest.claim(id, found.epoch).await? {
        Claimed::Complete(upload) => return Ok(complete(&upload, offset, body).await?),
        Claimed::Writer(claim) => claim,
    };
    if claim.upload.offset != offset {
        let actual = claim.upload.offset;
        uploading.ingest.release(claim).await;
        return Err(IngestError::Offset { actual }.into());
    }
    let received = uploading.ingest.receive(claim, body, Terms::default(), permit).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(tus::UPLOAD_OFFSET, HeaderValue::from(received.offset));
    progress(headers, id, Some(&received), &http_date(uploading.ingest.expiry(uploading.clock.now())));
    Ok(response)
}

/// A declared length that goes beyond the upload's is refused before any of it is read.
fn check_room(length: Option<u64>, offset: u64, body: &Body) -> Result<(), IngestError> {
    match length {
        Some(length) if body.size_hint().lower() > length.saturating_sub(offset) => {
            Err(IngestError::TooLarge { most: length })
        }
        _ => Ok(()),
    }
}

/// An upload that has all its bytes takes no more; a client that did not hear of its end may ask again.
async fn complete(upload: &Upload, offset: u64, mut body: Body) -> Result<Response, IngestError> {
    if offset != upload.offset {
        return Err(IngestError::Offset { actual: upload.offset });
    }
    while let Some(Ok(frame)) = body.frame().await {
        if frame.data_ref().is_some_and(|data| !data.is_empty()) {
            return Err(IngestError::TooLarge { most: upload.offset });
        }
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(tus::UPLOAD_OFFSET, HeaderValue::from(upload.offset));
    headers.insert(tus::TUS_RESUMABLE, HeaderValue::from_static(tus::VERSION));
    if let Ok(value) = HeaderValue::try_from(format!("/api/v1/files/{}", upload.id)) {
        headers.insert(http::header::CONTENT_LOCATION, value);
    }
    Ok(response)
}
