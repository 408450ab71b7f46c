//! `HEAD /uploads/{id}`: how much of an upload is durable. Whoever still writes it is ended first, so that the answer
//! stays true.

use api::Path;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use kernel::id::Id;

use super::door::Door;
use super::problem::Failure;
use super::uploader::Uploader;
use super::{Uploading, draft};
use crate::model::concat::{self, Kind};
use crate::model::condition::http_date;
use crate::model::{UploadState, tus};

/// How much of an upload is durable.
#[utoipa::path(
    head,
    path = "/api/v1/uploads/{id}",
    tag = "uploads",
    params(
        ("id" = String, Path),
        ("Tus-Resumable" = Option<String>, Header, description = "1.0.0"),
        ("X-Bedel-Voucher" = Option<String>, Header, description = "A guest's, instead of a token"),
        ("Upload-Draft-Interop-Version" = Option<String>, Header, description = "6 or 8, instead: the IETF's draft"),
    ),
    responses((status = 200, description = "Upload-Offset, Upload-Length or Upload-Defer-Length, Upload-Metadata, Upload-Concat"), (status = 204, description = "The same in the draft's words"), (status = 404), (status = 410)),
    security((), ("token" = []))
)]
pub(super) async fn head_upload(
    State(uploading): State<Uploading>,
    uploader: Uploader,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let door = Door::of(&headers)?;
    let answer = match door {
        Door::Tus => head(&uploading, &uploader, id, &headers).await,
        Door::Draft(version) => draft::head(&uploading, &uploader, version, id).await,
    };
    answer.map_err(|failure| door.failure(failure))
}

pub(super) async fn head(
    uploading: &Uploading,
    uploader: &Uploader,
    id: Id,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    tus::check_version(headers)?;
    uploader.may_upload()?;
    uploader.seen(uploading);
    uploader.upload(uploading, id).await?;
    let upload = uploading.ingest.settle(id).await?;
    let joined = match upload.kind {
        Kind::Final => uploading.store.joined_length(id).await?,
        Kind::Whole | Kind::Partial => None,
    };
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(tus::TUS_RESUMABLE, HeaderValue::from_static(tus::VERSION));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // What waits for its parts has no offset: nobody can go on with it.
    let waits = upload.kind == Kind::Final && upload.state == UploadState::Open;
    if !waits {
        headers.insert(tus::UPLOAD_OFFSET, HeaderValue::from(upload.offset));
    }
    match (upload.length, joined) {
        (Some(length), _) | (None, Some(length)) => {
            headers.insert(tus::UPLOAD_LENGTH, HeaderValue::from(length));
        }
        (None, None) if upload.kind == Kind::Final => {}
        (None, None) => {
            headers.insert(tus::UPLOAD_DEFER_LENGTH, HeaderValue::from_static("1"));
        }
    }
    if let Some(value) = upload.concat_header.as_ref().and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(concat::UPLOAD_CONCAT, value);
    }
    if !upload.metadata_header.is_empty()
        && let Ok(value) = HeaderValue::try_from(&upload.metadata_header)
    {
        headers.insert(tus::UPLOAD_METADATA, value);
    }
    let (name, value) = match upload.state {
        UploadState::Done => (CONTENT_LOCATION, format!("/api/v1/files/{id}")),
        // It ends with its parts.
        _ if waits => return Ok(response),
        _ => (tus::UPLOAD_EXPIRES, http_date(upload.expires_at)),
    };
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
    Ok(response)
}
