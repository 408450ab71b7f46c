//! `GET` and `HEAD /files/{id}/content`: a file's bytes.

#![expect(unused_qualifications, reason = "utoipa's macro names the query's type by its full path")]

use std::ops::Range;

use api::auth::MaybeCaller;
use api::{Path, Problem, Query};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use kernel::error::Kind;
use kernel::id::Id;
use serde::Deserialize;
use utoipa::IntoParams;

use super::get_file::check_readable;
use super::problem::Failure;
use super::{Downloading, address, maybe_viewer, owner};
use crate::download::{self, Multipart, Sent, Watched};
use crate::model::audit::Via;
use crate::model::condition::{self, Outcome, Validators};
use crate::model::range::{self, Wanted};
use crate::model::{File, Owner, Visibility, digest, disposition};
use crate::store::Download;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// Answers up to this size take no place in the queue: a player's probes and small files.
const UNCOUNTED: u64 = 64 << 10;

/// Instead of a token.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// From `POST /files/{id}/url`.
    signature: Option<String>,
}

/// A file's bytes.
#[utoipa::path(
    get,
    path = "/api/v1/files/{id}/content",
    tag = "files",
    params(
        ("id" = String, Path),
        Params,
        ("Range" = Option<String>, Header),
        ("If-Range" = Option<String>, Header),
        ("If-Match" = Option<String>, Header),
        ("If-None-Match" = Option<String>, Header),
    ),
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream"),
        (status = 206, description = "Some of them"),
        (status = 304), (status = 404), (status = 412), (status = 416), (status = 429), (status = 503),
    ),
    security((), ("token" = []))
)]
pub(super) async fn get_content(
    State(downloading): State<Downloading>,
    caller: MaybeCaller,
    Path(id): Path<Id>,
    Query(params): Query<Params>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (file, via) = find(&downloading, &caller, id, params.signature.as_deref()).await?;
    let open = via != Via::User || caller.0.is_none();
    let way = Way { via, open, address: address(&headers) };
    if let Some(caller) = &caller.0 {
        downloading.tracker.saw(&owner(caller));
    }
    answer(&downloading, &caller, &file, plan(&file, &method, &headers)?, &way).await
}

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Planned {
    /// 304.
    NotModified,
    /// 200 without a body.
    Described,
    /// 200 and every byte.
    Whole,
    /// 206, one range.
    Part(Range<u64>),
    /// 206, several ranges.
    Parts(Vec<Range<u64>>),
}

impl Planned {
    /// Whether bytes of the file are sent.
    pub(super) const fn sends_bytes(&self) -> bool {
        matches!(self, Self::Whole | Self::Part(_) | Self::Parts(_))
    }

    /// Whether the file's first byte is among them.
    pub(super) fn sends_first_byte(&self) -> bool {
        match self {
            Self::NotModified | Self::Described => false,
            Self::Whole => true,
            Self::Part(part) => part.start == 0,
            Self::Parts(parts) => parts.iter().any(|part| part.start == 0),
        }
    }
}

/// Weighs a request's conditions and ranges.
pub(super) fn plan(file: &File, method: &Method, headers: &HeaderMap) -> Result<Planned, Failure> {
    let validators = Validators { etag: file.etag(), modified: file.created_at };
    let honours_range = match condition::evaluate(headers, &validators) {
        Outcome::Failed => {
            let detail = "The file is not the one you asked for.";
            return Err(Problem::with_status(
                StatusCode::PRECONDITION_FAILED,
                "precondition",
                "A precondition failed",
                detail,
            )
            .into());
        }
        Outcome::NotModified => return Ok(Planned::NotModified),
        Outcome::Proceed { range } => range,
    };
    // A range means something to GET only (RFC 9110 §14.2).
    let asked = if honours_range && *method == Method::GET { range_header(headers) } else { None };
    match range::evaluate(asked.as_deref(), file.size) {
        Wanted::Unsatisfiable => Err(unsatisfiable(file.size)),
        Wanted::Whole if *method == Method::HEAD => Ok(Planned::Described),
        Wanted::Whole => Ok(Planned::Whole),
        Wanted::Parts(parts) => match <[Range<u64>; 1]>::try_from(parts) {
            Ok([part]) => Ok(Planned::Part(part)),
            Err(parts) => Ok(Planned::Parts(parts)),
        },
    }
}

/// Answers as planned.
pub(super) async fn answer(
    downloading: &Downloading,
    caller: &MaybeCaller,
    file: &File,
    planned: Planned,
    way: &Way,
) -> Result<Response, Failure> {
    let mut response = match planned {
        Planned::NotModified => {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            describe(response.headers_mut(), file, way.open);
            response.headers_mut().remove(CONTENT_TYPE);
            return Ok(response);
        }
        Planned::Parts(parts) => return send_parts(downloading, caller, file, parts, way).await,
        Planned::Part(part) => {
            let mut response = Response::new(send(downloading, caller, file, &part, way).await?);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let headers = response.headers_mut();
            headers.insert(CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
            insert(headers, CONTENT_RANGE, &format!("bytes {}-{}/{}", part.start, part.end - 1, file.size));
            response
        }
        Planned::Described | Planned::Whole => {
            let body = match planned {
                Planned::Whole => send(downloading, caller, file, &(0..file.size), way).await?,
                _ => Body::empty(),
            };
            let mut response = Response::new(body);
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(file.size));
            response
        }
    };
    describe(response.headers_mut(), file, way.open);
    Ok(response)
}

/// The file, if whoever asks may read it, and what lets them.
async fn find(
    downloading: &Downloading,
    caller: &MaybeCaller,
    id: Id,
    signature: Option<&str>,
) -> Result<(File, Via), Failure> {
    let signed = match signature {
        Some(signature) if downloading.signer.verify(id, signature, downloading.clock.now()) => true,
        Some(_) if caller.0.is_none() => {
            let detail = "This address has expired or is not one of ours: ask for a new one with POST /files/{id}/url.";
            return Err(Problem::new(Kind::Unauthenticated, detail).into());
        }
        _ => false,
    };
    let file = downloading.store.file_or_trashed(id).await?.ok_or_else(Problem::not_found)?;
    if signed {
        return if file.deleted_at.is_none() { Ok((file, Via::Signed)) } else { Err(Problem::not_found().into()) };
    }
    check_readable(maybe_viewer(caller)?, &file)?;
    Ok((file, Via::User))
}

async fn send(
    downloading: &Downloading,
    caller: &MaybeCaller,
    file: &File,
    part: &Range<u64>,
    way: &Way,
) -> Result<Body, Failure> {
    let length = part.end - part.start;
    let permit = match length {
        0..=UNCOUNTED => None,
        _ => Some(downloading.admission.enter(caller.0.as_ref().map(|caller| caller.user)).await?),
    };
    let segments = downloading.store.chain(file.id).await?;
    let pieces = download::open(downloading.blobs.clone(), &segments, part).await?;
    let moving = permit.map(|permit| {
        let id = downloading.ids.next().to_string();
        (downloading.tracker.download(id, file, &transferring(caller, file), part.start), permit)
    });
    let recording = downloading.recorder.begin(way.download(caller, file));
    Ok(Body::from_stream(Watched::new(pieces, Sent::From(part.start), length, recording, moving)))
}

async fn send_parts(
    downloading: &Downloading,
    caller: &MaybeCaller,
    file: &File,
    parts: Vec<Range<u64>>,
    way: &Way,
) -> Result<Response, Failure> {
    let permit = downloading.admission.enter(caller.0.as_ref().map(|caller| caller.user)).await?;
    let segments = downloading.store.chain(file.id).await?;
    let id = downloading.ids.next().to_string();
    let multipart = Multipart {
        boundary: format!("bedel-{id}"),
        media_type: disposition::content_type(&file.metadata.media_type),
        size: file.size,
    };
    let length = multipart.length(&parts);
    let first = parts.first().map_or(0, |part| part.start);
    let content_type = format!("multipart/byteranges; boundary={}", multipart.boundary);
    let carried = parts.clone();
    let pieces = multipart.body(downloading.blobs.clone(), segments, parts).await?;
    let moving = downloading.tracker.download(id, file, &transferring(caller, file), first);
    let recording = downloading.recorder.begin(way.download(caller, file));
    let body = Body::from_stream(Watched::new(pieces, Sent::Parts(carried), length, recording, Some((moving, permit))));
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let headers = response.headers_mut();
    describe(headers, file, way.open);
    insert(headers, CONTENT_TYPE, &content_type);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}

/// How the bytes were come by.
pub(super) struct Way {
    /// What let them in.
    pub(super) via: Via,
    /// Nobody was asked for a token.
    pub(super) open: bool,
    /// From where.
    pub(super) address: String,
}

impl Way {
    /// What the audit trail is told.
    fn download(&self, caller: &MaybeCaller, file: &File) -> Download {
        Download {
            user: caller.0.as_ref().map(owner),
            via: self.via,
            address: self.address.clone(),
            file: file.id,
            name: file.metadata.name.clone(),
            size: file.size,
            sha256: file.sha256.map(|sha256| digest::hex(&sha256)),
        }
    }
}

/// Whose transfer it is: one by a signed or public address is the owner's, who gave it away.
fn transferring(caller: &MaybeCaller, file: &File) -> Owner {
    caller.0.as_ref().map_or_else(|| file.owner.clone(), owner)
}

fn describe(headers: &mut HeaderMap, file: &File, open: bool) {
    let media_type = &file.metadata.media_type;
    insert(headers, ETAG, &file.etag());
    insert(headers, LAST_MODIFIED, &condition::http_date(file.created_at));
    insert(headers, CONTENT_TYPE, &disposition::content_type(media_type));
    insert(headers, CONTENT_DISPOSITION, &disposition::disposition(media_type, &file.metadata.name));
    if let Some(sha256) = file.sha256 {
        insert(headers, REPR_DIGEST, &format!("sha-256=:{}:", STANDARD.encode(sha256)));
    }
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "sandbox; default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'",
        ),
    );
    // Rights may change and files go: a cache must ask each time, and the tag makes that cheap.
    let shared = open && file.metadata.visibility == Visibility::Public;
    headers
        .insert(CACHE_CONTROL, HeaderValue::from_static(if shared { "public, no-cache" } else { "private, no-cache" }));
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// Several `Range` headers are one list.
fn range_header(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(RANGE).iter().filter_map(|value| value.to_str().ok());
    let first = values.next()?.to_owned();
    Some(values.fold(first, |all, next| format!("{all},{next}")))
}

fn unsatisfiable(size: u64) -> Failure {
    let problem = Problem::with_status(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "range",
        "There are no such bytes",
        format!("The file has {size} bytes; at most 32 ranges can be asked for at once."),
    );
    Failure(match HeaderValue::try_from(format!("bytes */{size}")) {
        Ok(value) => problem.header(CONTENT_RANGE, value),
        Err(_) => problem,
    })
}
