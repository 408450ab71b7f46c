//! `PATCH /uploads/{id}` of the draft: more bytes, perhaps the last.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use kernel::id::Id;

use super::super::Uploading;
use super::super::append::{Append, Appended, Refusal, append};
use super::super::problem::Failure;
use super::super::uploader::Uploader;
use crate::ingest::{Completes, IngestError, Terms};
use crate::model::draft::{self, Version};

pub(in super::super) async fn patch(
    uploading: &Uploading,
    uploader: &Uploader,
    version: Version,
    (id, headers): (Id, &HeaderMap),
    body: Body,
) -> Result<Response, Failure> {
    uploader.may_upload()?;
    draft::check_content_type(headers)?;
    let offset = draft::offset(headers)?;
    let complete = draft::complete(headers)?;
    let refuse = |refusal: Refusal| super::failure(uploading, refusal, offset);
    // With its last bytes an upload's length is known: where they begin, and how many they are.
    let whole = if complete { body.size_hint().exact().and_then(|rest| offset.checked_add(rest)) } else { None };
    let length = match (draft::length(headers), whole) {
        (Some(said), Some(whole)) if said != whole => return Err(refuse(IngestError::OtherLength.into())),
        (said, whole) => said.or(whole),
    };
    let completes = if complete { Completes::AtEnd } else { Completes::Later };
    let asked = Append { offset, length, terms: Terms { completes, ..Terms::default() } };
    match append(uploading, uploader, id, asked, body).await.map_err(refuse)? {
        Appended::Complete(upload, body) => Err(super::completed(&upload, brings_bytes(body).await)),
        Appended::Received(received) => {
            let mut response = super::progress(StatusCode::NO_CONTENT, version, received.offset, received.complete);
            let headers = response.headers_mut();
            let (name, value) = super::limit_of_moving(uploading);
            headers.insert(name, value);
            if received.file.is_some() {
                super::point_to_file(headers, id);
            }
            Ok(response)
        }
    }
}

/// Whether there is anything in a body, which need not say so beforehand.
async fn brings_bytes(mut body: Body) -> bool {
    while let Some(Ok(frame)) = body.frame().await {
        if frame.data_ref().is_some_and(|data| !data.is_empty()) {
            return true;
        }
    }
    false
}
