//! `POST /uploads`: begins an upload (tus creation), with its first bytes if there are any (creation-with-upload).

use api::auth::Caller;
use api::idempotency::{self, IDEMPOTENCY_REPLAYED, IdempotencyKey};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body::Body as _;
use kernel::id::Id;

use super::problem::Failure;
use super::{Uploading, address, owner};
use crate::ingest::{IngestError, Received, Terms};
use crate::model::audit::Via;
use crate::model::condition::http_date;
use crate::model::{Metadata, Upload, UploadState, tus};
use crate::store::{Created, NewUpload, RefusedUpload, Remember};

/// Begins an upload.
#[utoipa::path(
    post,
    path = "/api/v1/uploads",
    tag = "uploads",
    params(
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = i64, Header, description = "Bytes of the whole file"),
        ("Upload-Metadata" = Option<String>, Header, description = "filename, filetype, title, description, category, classification, tags, visibility, expires_at"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 201, description = "Location is the upload"), (status = 413), (status = 507)),
    security(("token" = []))
)]
pub(super) async fn create_upload(
    State(uploading): State<Uploading>,
    caller: Caller,
    key: IdempotencyKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    create(&uploading, &caller, key, &headers, body).await.map_err(Failure::tus)
}

async fn create(
    uploading: &Uploading,
    caller: &Caller,
    key: IdempotencyKey,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    tus::check_version(headers)?;
    caller.need_scope("files:write")?;
    let length = tus::length(headers)?;
    let metadata_header = match headers.get(tus::UPLOAD_METADATA) {
        Some(value) => {
            value.to_str().map_err(|_| api::Problem::unparsable("Upload-Metadata is ASCII.")).map(str::to_owned)?
        }
        None => String::new(),
    };
    let metadata = Metadata::from_tus(Some(&metadata_header))?;
    let most = uploading.settings.max_size;
    let fits = if length > most { Err(IngestError::TooLarge { most }) } else { uploading.ingest.check_space(length) };
    if let Err(error) = fits {
        uploading.recorder.refused(refusal(uploading, caller, headers, &metadata.name, Some(length)));
        return Err(error.into());
    }
    let with_bytes = has_bytes(headers, &body)?;
    if with_bytes && body.size_hint().lower() > length {
        return Err(IngestError::TooLarge { most: length }.into());
    }
    uploading.tracker.saw(&owner(caller));
    let permit = if with_bytes { Some(uploading.admission.enter(Some(caller.user)).await?) } else { None };

    let now = uploading.clock.now();
    let remember = key.0.map(|key| Remember {
        scope: idempotency::scope(Some(caller), &Method::POST, "/api/v1/uploads"),
        key,
        digest: idempotency::digest(format!("{length} {metadata_header}").as_bytes()),
    });
    let new = NewUpload {
        id: uploading.ids.next(),
        owner: owner(caller),
        length: Some(length),
        metadata,
        metadata_header,
        now,
        expires_at: uploading.ingest.expiry(now),
        remember,
        writer: None,
        via: Via::User,
        address: address(headers),
    };
    let id = new.id;
    // An empty file is complete at once.
    let writing = with_bytes || length == 0;
    let (created, claim) = uploading.ingest.begin(new, writing).await?;
    match (created, claim) {
        (Created::OtherRequest, _) => Err(IngestError::OtherRequest.into()),
        (Created::Before(id), _) => again(uploading, id).await,
        (Created::New, None) => Ok(answer(uploading, id, None, now)),
        (Created::New, Some(claim)) => {
            let permit = match permit {
                Some(permit) => permit,
                None => uploading.admission.enter(Some(caller.user)).await?,
            };
            let received = uploading.ingest.receive(claim, body, Terms::default(), permit).await;
            match received {
                Ok(received) => Ok(answer(uploading, id, Some(&received), now)),
                // The upload exists, and the client must learn where.
                Err(error) => {
                    let failure = Failure::from(error);
                    Err(Failure(failure.0.header(http::header::LOCATION, location(id))))
                }
            }
        }
    }
}

/// What the audit trail tells of an upload that is not let begin.
pub(super) fn refusal(
    uploading: &Uploading,
    caller: &Caller,
    headers: &HeaderMap,
    name: &str,
    size: Option<u64>,
) -> RefusedUpload {
    let (user, address, name) = (owner(caller), address(headers), name.to_owned());
    RefusedUpload { user, via: Via::User, address, name, size, at: uploading.clock.now() }
}

/// Whether the upload's first bytes come along. A body of no declared length and no type is an empty one: proxies send
/// such.
fn has_bytes(headers: &HeaderMap, body: &Body) -> Result<bool, Failure> {
    let declared = headers.contains_key(http::header::CONTENT_TYPE) || body.size_hint().lower() > 0;
    if body.is_end_stream() || !declared {
        return Ok(false);
    }
    tus::check_content_type(headers)?;
    Ok(true)
}

/// The first answer again, with where the upload stands now.
async fn again(uploading: &Uploading, id: Id) -> Result<Response, Failure> {
    let upload: Upload = uploading.ingest.settle(id).await?;
    let file = match upload.state {
        UploadState::Done => uploading.store.file(id).await?,
        _ => None,
    };
    let received = Received { offset: upload.offset, file };
    let mut response = answer(uploading, id, Some(&received), upload.updated_at);
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn answer(uploading: &Uploading, id: Id, received: Option<&Received>, now: kernel::clock::Timestamp) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    headers.insert(http::header::LOCATION, location(id));
    headers.insert(tus::UPLOAD_OFFSET, HeaderValue::from(received.map_or(0, |received| received.offset)));
    progress(headers, id, received, &http_date(uploading.ingest.expiry(now)));
    response
}

pub(super) fn location(id: Id) -> HeaderValue {
    HeaderValue::try_from(format!("/api/v1/uploads/{id}")).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The headers of every answer that tells of progress.
pub(super) fn progress(headers: &mut HeaderMap, id: Id, received: Option<&Received>, expires: &str) {
    headers.insert(tus::TUS_RESUMABLE, HeaderValue::from_static(tus::VERSION));
    if received.is_some_and(|received| received.file.is_some()) {
        if let Ok(value) = HeaderValue::try_from(format!("/api/v1/files/{id}")) {
            headers.insert(http::header::CONTENT_LOCATION, value);
        }
    } else if let Ok(value) = HeaderValue::try_from(expires) {
        headers.insert(tus::UPLOAD_EXPIRES, value);
    }
}
