//! The second door: the IETF's draft "Resumable Uploads for HTTP" on the same uploads as tus.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_LOCATION;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kernel::id::Id;

use super::Uploading;
use super::append::Refusal;
use super::door::Door;
use super::problem::Failure;
use crate::ingest::IngestError;
use crate::model::draft::{self, Version};
use crate::model::{Upload, tus};

mod create;
mod head;
mod patch;

pub(super) use create::create;
pub(super) use head::head;
pub(super) use patch::patch;

/// An answer that tells how far an upload is.
fn progress(status: StatusCode, version: Version, offset: u64, complete: bool) -> Response {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    let (name, value) = Door::Draft(version).mark();
    headers.insert(name, value);
    headers.insert(tus::UPLOAD_OFFSET, HeaderValue::from(offset));
    headers.insert(draft::UPLOAD_COMPLETE, truth(complete));
    response
}

fn truth(value: bool) -> HeaderValue {
    HeaderValue::from_static(if value { "?1" } else { "?0" })
}

/// Where the file is that an upload has become.
fn point_to_file(headers: &mut HeaderMap, id: Id) {
    if let Ok(value) = HeaderValue::try_from(format!("/api/v1/files/{id}")) {
        headers.insert(CONTENT_LOCATION, value);
    }
}

/// The limits of an upload that moves now.
fn limit_of_moving(uploading: &Uploading) -> (HeaderName, HeaderValue) {
    let settings = &uploading.settings;
    (draft::UPLOAD_LIMIT, draft::limit(settings.max_size, Some(settings.upload_expiry_s)))
}

/// The same refusals as everywhere, in the draft's words where it has some.
fn failure(uploading: &Uploading, refusal: Refusal, provided: u64) -> Failure {
    let not_yet = |problem: api::Problem| Failure(problem.header(draft::UPLOAD_COMPLETE, truth(false)));
    match refusal {
        Refusal::Ingest(IngestError::Offset { actual }) => not_yet(
            api::Problem::with_status(
                StatusCode::CONFLICT,
                draft::MISMATCHING_OFFSET,
                "The offset of the request is not the upload's",
                format!("The upload stands at {actual}: go on there."),
            )
            .member("expected-offset", actual)
            .member("provided-offset", provided)
            .header(tus::UPLOAD_OFFSET, HeaderValue::from(actual)),
        ),
        Refusal::Ingest(IngestError::OtherLength) => not_yet(inconsistent_length()),
        // More bytes than were announced, not more than there may be.
        Refusal::Ingest(IngestError::TooLarge { most }) if most < uploading.settings.max_size => {
            not_yet(inconsistent_length())
        }
        Refusal::Ingest(error @ IngestError::TooLarge { .. }) => {
            let (name, value) = (draft::UPLOAD_LIMIT, draft::limit(uploading.settings.max_size, None));
            not_yet(Failure::from(error).0.header(name, value))
        }
        other => not_yet(Failure::from(other).0),
    }
}

fn inconsistent_length() -> api::Problem {
    api::Problem::with_status(
        StatusCode::BAD_REQUEST,
        draft::INCONSISTENT_LENGTH,
        "The lengths of the upload are not the same",
        "Upload-Length, the bytes there are and what was said before do not agree.",
    )
}

/// An upload that has all its bytes takes no request for more, be it with bytes or without.
fn completed(upload: &Upload, with_bytes: bool) -> Failure {
    let problem = if with_bytes {
        inconsistent_length()
    } else {
        api::Problem::with_status(
            StatusCode::BAD_REQUEST,
            draft::COMPLETED,
            "The upload is complete",
            format!("Every byte has arrived: see /api/v1/files/{}.", upload.id),
        )
    };
    Failure(
        problem
            .header(draft::UPLOAD_COMPLETE, truth(true))
            .header(tus::UPLOAD_OFFSET, HeaderValue::from(upload.offset)),
    )
}
