//! `HEAD /uploads/{id}`: how much of an upload is durable. Whoever still writes it is ended first, so that the answer
//! stays true.

use api::Path;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use kernel::id::Id;

use super::Uploading;
use super::problem::Failure;
use super::uploader::Uploader;
use crate::model::condition::http_date;
use crate::model::{UploadState, tus};

/// How much of an upload is durable.
#[utoipa::path(
    head,
    path = "/api/v1/uploads/{id}",
    tag = "uploads",
    params(
        ("id" = String, Path),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("X-Bedel-Voucher" = Option<String>, Header, description = "A guest's, instead of a token"),
    ),
    responses((status = 200, description = "Upload-Offset, Upload-Length, Upload-Metadata"), (status = 404), (status = 410)),
    security((), ("token" = []))
)]
pub(super) async fn head_upload(
    State(uploading): State<Uploading>,
    uploader: Uploader,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    head(&uploading, &uploader, id, &headers).await.map_err(Failure::tus)
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
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(tus::TUS_RESUMABLE, HeaderValue::from_static(tus::VERSION));
    headers.insert(tus::UPLOAD_OFFSET, HeaderValue::from(upload.offset));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(length) = upload.length {
        headers.insert(tus::UPLOAD_LENGTH, HeaderValue::from(length));
    }
    if !upload.metadata_header.is_empty()
        && let Ok(value) = HeaderValue::try_from(&upload.metadata_header)
    {
        headers.insert(tus::UPLOAD_METADATA, value);
    }
    let (name, value) = if upload.state == UploadState::Done {
        (CONTENT_LOCATION, format!("/api/v1/files/{id}"))
    } else {
        (tus::UPLOAD_EXPIRES, http_date(upload.expires_at))
    };
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
    Ok(response)
}
