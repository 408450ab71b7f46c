//! `POST /uploads` of the draft: begins an upload, mostly with its first bytes or all of them.

use axum::body::Body;
use axum::response::Response;
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use http_body::Body as _;

use super::super::append::Refusal;
use super::super::create_upload::location;
use super::super::problem::Failure;
use super::super::uploader::Uploader;
use super::super::{Uploading, address};
use crate::ingest::{Completes, IngestError, Received, Terms};
use crate::model::concat::Kind;
use crate::model::draft::{self, Version};
use crate::store::{NewUpload, Repeat};

pub(in super::super) async fn create(
    uploading: &Uploading,
    uploader: &Uploader,
    version: Version,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    uploader.may_upload()?;
    let complete = draft::complete(headers)?;
    let length = length(headers, complete, &body)?;
    let most = uploading.settings.max_size;
    let refuse = |error: IngestError| super::failure(uploading, Refusal::Ingest(error), 0);
    let at_least = length.unwrap_or(0).max(body.size_hint().lower());
    if at_least > most {
        return Err(refuse(IngestError::TooLarge { most }));
    }
    if length.is_some_and(|length| body.size_hint().lower() > length) {
        return Err(refuse(IngestError::OtherLength));
    }
    let metadata = draft::metadata(headers)?;
    uploading.ingest.check_space(at_least)?;
    uploader.seen(uploading);
    let writing = complete || !body.is_end_stream();
    let permit = if writing { Some(uploading.admission.enter(Some(uploader.account())).await?) } else { None };
    let now = uploading.clock.now();
    let new = NewUpload {
        id: uploading.ids.next(),
        owner: uploader.owner(),
        kind: Kind::Whole,
        parts: Vec::new(),
        concat_header: None,
        most,
        length,
        metadata,
        metadata_header: String::new(),
        now,
        expires_at: uploading.ingest.expiry(now),
        remember: None,
        writer: None,
        via: uploader.via(),
        address: address(headers),
        by: uploader.begun(),
        quotas: uploading.ingest.quotas(),
    };
    let id = new.id;
    let (Repeat::New, claim) = uploading.ingest.begin(new, writing).await? else {
        return Err(IngestError::OtherRequest.into());
    };
    let received = match (claim, permit) {
        (Some(claim), Some(permit)) => {
            let completes = if complete { Completes::AtEnd } else { Completes::Later };
            let terms = Terms { completes, ..Terms::default() };
            let received = uploading.ingest.receive(claim, body, terms, permit).await;
            // The upload exists, and the client must learn where.
            received.map_err(|error| Failure(refuse(error).0.header(LOCATION, location(id))))?
        }
        _ => Received { offset: 0, complete: false, file: None },
    };
    let mut response = super::progress(StatusCode::CREATED, version, received.offset, received.complete);
    let headers = response.headers_mut();
    headers.insert(LOCATION, location(id));
    let (name, value) = super::limit_of_moving(uploading);
    headers.insert(name, value);
    if received.file.is_some() {
        super::point_to_file(headers, id);
    }
    Ok(response)
}

/// How long the upload is, by `Upload-Length` and by a body that is all of it: both must say the same.
fn length(headers: &HeaderMap, complete: bool, body: &Body) -> Result<Option<u64>, Failure> {
    let whole = if complete { body.size_hint().exact() } else { None };
    match (draft::length(headers), whole) {
        (Some(said), Some(whole)) if said != whole => Err(super::inconsistent_length().into()),
        (said, whole) => Ok(said.or(whole)),
    }
}
