//! `PUT /files?name=`: a whole file in one request, for `curl -T`.

#![expect(unused_qualifications, reason = "utoipa's macro names the query's type by its full path")]

use api::auth::Caller;
use api::idempotency::{self, IdempotencyKey};
use api::{FieldError, Json, Problem, Query};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use store::idempotency::Seen;
use utoipa::IntoParams;

use super::create_upload::refusal;
use super::problem::Failure;
use super::{Uploading, address, owner};
use crate::ingest::{Completes, IngestError, Terms};
use crate::model::audit::Via;
use crate::model::concat::Kind;
use crate::model::metadata::{self, Change, JSON_KEYS};
use crate::model::{FileView, Metadata};
use crate::store::{Begun, NewUpload, Remember, Repeat};

/// What is said about the file.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// What it is saved as.
    name: String,
    /// What people call it.
    title: Option<String>,
    /// What it is about.
    description: Option<String>,
    /// The catalogue's shelf.
    category: Option<String>,
    /// How confidential or for whom.
    classification: Option<String>,
    /// Comma-separated search words.
    tags: Option<String>,
    /// private, campus or public.
    visibility: Option<String>,
    /// When it goes into the trash by itself, in RFC 3339.
    expires_at: Option<String>,
}

/// A whole file in one request.
#[utoipa::path(
    put,
    path = "/api/v1/files",
    tag = "files",
    params(Params, ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = FileView, description = "Location is the file"),
        (status = 400), (status = 413), (status = 429), (status = 503), (status = 507),
    ),
    security(("token" = []))
)]
pub(super) async fn put_file(
    State(uploading): State<Uploading>,
    caller: Caller,
    key: IdempotencyKey,
    Query(params): Query<Params>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    caller.need_scope("files:write")?;
    if headers.contains_key(CONTENT_RANGE) {
        return Err(Problem::unparsable("A part of a file cannot be PUT: use /api/v1/uploads.").into());
    }
    let length = match headers.get(CONTENT_LENGTH) {
        Some(value) => {
            let parsed = value.to_str().ok().and_then(|text| text.parse::<u64>().ok());
            Some(parsed.ok_or_else(|| Problem::unparsable("Content-Length: a whole number of bytes is expected."))?)
        }
        None => None,
    };
    let most = uploading.settings.max_size;
    let name = params.name.clone();
    let metadata = describe(params, &headers)?;
    let fits = if length.is_some_and(|length| length > most) {
        Err(IngestError::TooLarge { most })
    } else {
        uploading.ingest.check_space(length.unwrap_or(0))
    };
    if let Err(error) = fits {
        uploading.recorder.refused(refusal(&uploading, (owner(&caller), Via::User), &headers, &metadata.name, length));
        return Err(error.into());
    }
    uploading.tracker.saw(&owner(&caller));

    let remember = key.0.map(|key| Remember {
        scope: idempotency::scope(Some(&caller), &Method::PUT, "/api/v1/files"),
        key,
        digest: idempotency::digest(format!("{length:?} {name}").as_bytes()),
    });
    if let Some(remember) = &remember {
        match uploading.store.seen(remember.clone()).await? {
            Seen::New => {}
            Seen::Replay { status, body } => return Ok(idempotency::replayed(status, body)),
            Seen::OtherBody => return Err(IngestError::OtherRequest.into()),
        }
    }
    let permit = uploading.admission.enter(Some(caller.user)).await?;
    let now = uploading.clock.now();
    let new = NewUpload {
        id: uploading.ids.next(),
        owner: owner(&caller),
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
        by: Begun::Member(caller.role),
        quotas: uploading.ingest.quotas(),
        via: Via::User,
        address: address(&headers),
    };
    let id = new.id;
    let (Repeat::New, Some(claim)) = uploading.ingest.begin(new, true).await? else {
        return Err(IngestError::OtherRequest.into());
    };
    let completes = if length.is_none() { Completes::AtEnd } else { Completes::ByLength };
    let terms = Terms { completes, one_shot: length.is_none(), remember, ..Terms::default() };
    let received = uploading.ingest.receive(claim, body, terms, permit).await;
    let file = match received.map(|received| received.file) {
        Ok(Some(file)) => file,
        // A client that hears this may go on with tus: the upload has the bytes that arrived.
        Ok(None) => return Err(with_upload(IngestError::Broken.into(), id)),
        Err(error) if length.is_none() => return Err(error.into()),
        Err(error) => return Err(with_upload(error.into(), id)),
    };
    let etag = HeaderValue::try_from(file.etag());
    let mut response = (StatusCode::CREATED, Json(file.view())).into_response();
    if let Ok(value) = HeaderValue::try_from(format!("/api/v1/files/{id}")) {
        response.headers_mut().insert(LOCATION, value);
    }
    if let Ok(value) = etag {
        response.headers_mut().insert(ETAG, value);
    }
    Ok(response)
}

fn with_upload(failure: Failure, id: kernel::id::Id) -> Failure {
    Failure(failure.0.header(LOCATION, super::create_upload::location(id)))
}

fn describe(params: Params, headers: &HeaderMap) -> Result<Metadata, Failure> {
    // curl says this of every form it is given; it means that nobody said anything.
    const NOTHING: [&str; 2] = ["application/octet-stream", "application/x-www-form-urlencoded"];
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::trim);
    let visibility = match &params.visibility {
        Some(word) => Some(metadata::visibility(word)?),
        None => None,
    };
    let expires_at = match &params.expires_at {
        Some(text) => Some(metadata::expiry(text)?),
        None => None,
    };
    if params.name.trim().is_empty() {
        return Err(Problem::unprocessable(vec![FieldError::new("/name", "missing", "a file name is expected")]).into());
    }
    let change = Change {
        name: Some(params.name),
        media_type: declared.filter(|text| !text.is_empty() && !NOTHING.contains(text)).map(str::to_owned),
        title: params.title,
        description: params.description,
        category: params.category,
        classification: params.classification,
        tags: params.tags.map(|text| metadata::split_tags(&text)),
        visibility,
        expires_at,
    };
    Ok(Metadata::default().with(change, JSON_KEYS)?)
}
