//! `PATCH /uploads/{id}`: more bytes.

use api::Path;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use kernel::id::Id;

use super::append::{Append, Appended, append};
use super::create_upload::progress;
use super::door::Door;
use super::post_upload::post_upload;
use super::problem::Failure;
use super::uploader::Uploader;
use super::{Uploading, draft};
use crate::ingest::{IngestError, Terms, check_length};
use crate::model::checksum::Check;
use crate::model::condition::http_date;
use crate::model::{Upload, UploadState, tus};

/// More bytes of an upload.
#[utoipa::path(
    patch,
    path = "/api/v1/uploads/{id}",
    tag = "uploads",
    params(
        ("id" = String, Path),
        ("Tus-Resumable" = Option<String>, Header, description = "1.0.0"),
        ("X-Bedel-Voucher" = Option<String>, Header, description = "A guest's, instead of a token"),
        ("Upload-Offset" = i64, Header, description = "Where these bytes begin"),
        ("Upload-Length" = Option<i64>, Header, description = "Bytes of the whole file, once, if that was put off"),
        ("Upload-Checksum" = Option<String>, Header, description = "sha1, sha256 or blake3, and the body's digest in base64; may be a trailer"),
        ("Upload-Draft-Interop-Version" = Option<String>, Header, description = "6 or 8, instead of Tus-Resumable: the IETF's draft"),
        ("Upload-Complete" = Option<String>, Header, description = "?1 or ?0: whether these are the last bytes (draft)"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Upload-Offset; Content-Location once the file is complete"),
        (status = 403, description = "It is made of parts"),
        (status = 409, description = "Another offset, a newer request, or somebody paused it (type `/problems/held`)"),
        (status = 410), (status = 413), (status = 415), (status = 429),
        (status = 460, description = "The body is not the one of its checksum; nothing of it is kept"),
        (status = 503), (status = 507),
    ),
    security((), ("token" = []))
)]
pub(super) async fn patch_upload(
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
    let answer = match door {
        Door::Tus => patch(&uploading, &uploader, id, &headers, body).await,
        Door::Draft(version) => draft::patch(&uploading, &uploader, version, (id, &headers), body).await,
    };
    answer.map_err(|failure| door.failure(failure))
}

pub(super) async fn patch(
    uploading: &Uploading,
    uploader: &Uploader,
    id: Id,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    tus::check_version(headers)?;
    uploader.may_upload()?;
    tus::check_content_type(headers)?;
    let (offset, length) = (tus::offset(headers)?, tus::late_length(headers)?);
    let terms = Terms { check: Check::from_headers(headers)?, ..Terms::default() };
    let received = match append(uploading, uploader, id, Append { offset, length, terms }, body).await? {
        Appended::Received(received) => received,
        Appended::Complete(upload, body) => {
            if let Some(length) = length {
                check_length(&upload, length)?;
            }
            return Ok(complete(&upload, offset, body).await?);
        }
    };
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(tus::UPLOAD_OFFSET, HeaderValue::from(received.offset));
    progress(headers, id, received.file.is_some(), &http_date(uploading.ingest.expiry(uploading.clock.now())));
    Ok(response)
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
    if upload.state == UploadState::Done
        && let Ok(value) = HeaderValue::try_from(format!("/api/v1/files/{}", upload.id))
    {
        headers.insert(http::header::CONTENT_LOCATION, value);
    }
    Ok(response)
}
