//! `HEAD /uploads/{id}` of the draft: how much of an upload is durable.

use axum::response::Response;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use kernel::id::Id;

use super::super::Uploading;
use super::super::problem::Failure;
use super::super::uploader::Uploader;
use crate::model::draft::{self, Version};
use crate::model::{UploadState, tus};

pub(in super::super) async fn head(
    uploading: &Uploading,
    uploader: &Uploader,
    version: Version,
    id: Id,
) -> Result<Response, Failure> {
    uploader.may_upload()?;
    uploader.seen(uploading);
    uploader.upload(uploading, id).await?;
    let upload = uploading.ingest.settle(id).await?;
    let open = upload.state == UploadState::Open;
    let mut response = super::progress(StatusCode::NO_CONTENT, version, upload.offset, !open);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(length) = upload.length {
        headers.insert(tus::UPLOAD_LENGTH, HeaderValue::from(length));
    }
    let left = upload.expires_at.since(uploading.clock.now()).as_secs();
    headers.insert(draft::UPLOAD_LIMIT, draft::limit(uploading.settings.max_size, open.then_some(left)));
    if upload.state == UploadState::Done {
        super::point_to_file(headers, id);
    }
    Ok(response)
}
