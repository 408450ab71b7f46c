//! `POST /uploads`: begins an upload (tus creation), with its first bytes if there are any (creation-with-upload).

use api::idempotency::{self, IDEMPOTENCY_REPLAYED, IdempotencyKey};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body::Body as _;
use kernel::clock::Timestamp;
use kernel::id::Id;

use super::door::Door;
use super::problem::Failure;
use super::uploader::Uploader;
use super::{Uploading, address, draft, join_uploads};
use crate::ingest::{IngestError, Terms};
use crate::model::audit::Via;
use crate::model::checksum::Check;
use crate::model::concat::{Concat, Kind};
use crate::model::condition::http_date;
use crate::model::{File, Metadata, Owner, Upload, UploadState, tus};
use crate::store::{NewUpload, RefusedUpload, Remember, Repeat};

/// Begins an upload.
#[utoipa::path(
    post,
    path = "/api/v1/uploads",
    tag = "uploads",
    params(
        ("Tus-Resumable" = Option<String>, Header, description = "1.0.0"),
        ("X-Bedel-Voucher" = Option<String>, Header, description = "A guest's, instead of a token"),
        ("Upload-Length" = Option<i64>, Header, description = "Bytes of the whole file"),
        ("Upload-Defer-Length" = Option<i64>, Header, description = "1: the length comes with a later PATCH; not for guests"),
        ("Upload-Concat" = Option<String>, Header, description = "partial, or final; and the addresses of parts"),
        ("Upload-Checksum" = Option<String>, Header, description = "sha1, sha256 or blake3, and the body's digest in base64; may be a trailer"),
        ("Upload-Metadata" = Option<String>, Header, description = "filename, filetype, title, description, category, classification, tags, visibility, expires_at"),
        ("Upload-Draft-Interop-Version" = Option<String>, Header, description = "6 or 8, instead of Tus-Resumable: the IETF's draft"),
        ("Upload-Complete" = Option<String>, Header, description = "?1 or ?0: whether the body is all of the file (draft)"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 201, description = "Location is the upload"), (status = 400), (status = 403, description = "A voucher does not allow it; a guest did not declare the length (`voucher-length`)"), (status = 413), (status = 460), (status = 507)),
    security((), ("token" = []))
)]
pub(super) async fn create_upload(
    State(uploading): State<Uploading>,
    uploader: Uploader,
    key: IdempotencyKey,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let door = Door::of(&headers)?;
    let answer = match door {
        Door::Tus => create(&uploading, &uploader, key, &headers, body).await,
        Door::Draft(version) => draft::create(&uploading, &uploader, version, &headers, body).await,
    };
    answer.map_err(|failure| door.failure(failure))
}

async fn create(
    uploading: &Uploading,
    uploader: &Uploader,
    key: IdempotencyKey,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    tus::check_version(headers)?;
    uploader.may_upload()?;
    let asked = Asked::from_headers(headers, key, uploader)?;
    match Concat::from_headers(headers)? {
        (Concat::Final(parts), header) => {
            let with_bytes = body.size_hint().lower() > 0;
            join_uploads::join(uploading, uploader, asked, (parts, header, headers), with_bytes).await
        }
        (Concat::Partial, header) => begin(uploading, uploader, asked, (Kind::Partial, header, headers), body).await,
        (Concat::Alone, _) => begin(uploading, uploader, asked, (Kind::Whole, None, headers), body).await,
    }
}

/// What a request says about the upload it begins, of whatever kind.
pub(super) struct Asked {
    pub(super) metadata: Metadata,
    pub(super) metadata_header: String,
    pub(super) key: IdempotencyKey,
}

impl Asked {
    fn from_headers(headers: &HeaderMap, key: IdempotencyKey, uploader: &Uploader) -> Result<Self, Failure> {
        let metadata_header = match headers.get(tus::UPLOAD_METADATA) {
            Some(value) => {
                value.to_str().map_err(|_| api::Problem::unparsable("Upload-Metadata is ASCII.")).map(str::to_owned)?
            }
            None => String::new(),
        };
        let mut metadata = Metadata::from_tus(Some(&metadata_header))?;
        metadata.visibility = uploader.visibility(metadata.visibility);
        Ok(Self { metadata, metadata_header, key })
    }

    /// The idempotency key, if there is one, for a request that is told from others by `what`.
    pub(super) fn remember(&self, uploader: &Uploader, what: &str) -> Option<Remember> {
        let key = self.key.0.clone()?;
        let digest = idempotency::digest(format!("{what} {}", self.metadata_header).as_bytes());
        Some(Remember { scope: uploader.scope(&Method::POST, "/api/v1/uploads"), key, digest })
    }
}

async fn begin(
    uploading: &Uploading,
    uploader: &Uploader,
    asked: Asked,
    (kind, concat_header, headers): (Kind, Option<String>, &HeaderMap),
    body: Body,
) -> Result<Response, Failure> {
    let length = tus::length(headers)?;
    let check = Check::from_headers(headers)?;
    let most = uploading.settings.max_size;
    let fits = if length.is_some_and(|length| length > most) {
        Err(IngestError::TooLarge { most })
    } else {
        uploading.ingest.check_space(length.unwrap_or(0))
    };
    if let Err(error) = fits {
        let who = (uploader.owner(), uploader.via());
        uploading.recorder.refused(refusal(uploading, who, headers, &asked.metadata.name, length));
        return Err(error.into());
    }
    let with_bytes = has_bytes(headers, &body)?;
    let room = length.unwrap_or(most);
    if with_bytes && body.size_hint().lower() > room {
        return Err(IngestError::TooLarge { most: room }.into());
    }
    uploader.seen(uploading);
    let permit = if with_bytes { Some(uploading.admission.enter(Some(uploader.account())).await?) } else { None };

    let now = uploading.clock.now();
    let what = match (length, kind) {
        (Some(length), Kind::Whole) => length.to_string(),
        (length, kind) => format!("{length:?} {}", kind.word()),
    };
    let new = NewUpload {
        id: uploading.ids.next(),
        owner: uploader.owner(),
        kind,
        parts: Vec::new(),
        concat_header,
        most,
        length,
        remember: asked.remember(uploader, &what),
        metadata: asked.metadata,
        metadata_header: asked.metadata_header,
        now,
        expires_at: uploading.ingest.expiry(now),
        writer: None,
        via: uploader.via(),
        address: address(headers),
        by: uploader.begun(),
        quotas: uploading.ingest.quotas(),
    };
    let id = new.id;
    // An empty file is complete at once.
    let writing = with_bytes || length == Some(0);
    match uploading.ingest.begin(new, writing).await? {
        (Repeat::Before(id), _) => again(uploading, id).await,
        (Repeat::New, None) => Ok(answer(uploading, id, Some(0), None, now)),
        (Repeat::New, Some(claim)) => {
            let permit = match permit {
                Some(permit) => permit,
                None => uploading.admission.enter(Some(uploader.account())).await?,
            };
            let terms = Terms { check, ..Terms::default() };
            match uploading.ingest.receive(claim, body, terms, permit).await {
                Ok(received) => Ok(answer(uploading, id, Some(received.offset), received.file.as_ref(), now)),
                // The upload exists, and the client must learn where.
                Err(error) => {
                    let failure = Failure::from(error);
                    Err(Failure(failure.0.header(http::header::LOCATION, location(id))))
                }
            }
        }
        (Repeat::OtherRequest, _) => Err(IngestError::OtherRequest.into()),
    }
}

/// What the audit trail tells of an upload that is not let begin.
pub(super) fn refusal(
    uploading: &Uploading,
    (user, via): (Owner, Via),
    headers: &HeaderMap,
    name: &str,
    size: Option<u64>,
) -> RefusedUpload {
    let (address, name) = (address(headers), name.to_owned());
    RefusedUpload { user, via, address, name, size, at: uploading.clock.now() }
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
pub(super) async fn again(uploading: &Uploading, id: Id) -> Result<Response, Failure> {
    let upload: Upload = uploading.ingest.settle(id).await?;
    let file = match upload.state {
        UploadState::Done => uploading.store.file(id).await?,
        _ => None,
    };
    let waits = upload.kind == Kind::Final && file.is_none();
    let offset = (!waits).then_some(upload.offset);
    let mut response = answer(uploading, id, offset, file.as_ref(), upload.updated_at);
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// 201. What waits for its parts has no offset.
pub(super) fn answer(
    uploading: &Uploading,
    id: Id,
    offset: Option<u64>,
    file: Option<&File>,
    now: Timestamp,
) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    headers.insert(http::header::LOCATION, location(id));
    progress(headers, id, file.is_some(), &http_date(uploading.ingest.expiry(now)));
    match offset {
        Some(offset) => headers.insert(tus::UPLOAD_OFFSET, HeaderValue::from(offset)),
        None => headers.remove(tus::UPLOAD_EXPIRES),
    };
    response
}

pub(super) fn location(id: Id) -> HeaderValue {
    HeaderValue::try_from(format!("/api/v1/uploads/{id}")).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The headers of every answer that tells of progress.
pub(super) fn progress(headers: &mut HeaderMap, id: Id, is_file: bool, expires: &str) {
    headers.insert(tus::TUS_RESUMABLE, HeaderValue::from_static(tus::VERSION));
    if is_file {
        if let Ok(value) = HeaderValue::try_from(format!("/api/v1/files/{id}")) {
            headers.insert(http::header::CONTENT_LOCATION, value);
        }
    } else if let Ok(value) = HeaderValue::try_from(expires) {
        headers.insert(tus::UPLOAD_EXPIRES, value);
    }
}
