//! What endpoints that send bytes have together: weighing conditions and ranges, and answering as planned.

use std::ops::Range;

use api::Problem;
use api::auth::MaybeCaller;
use async_trait::async_trait;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::problem::Failure;
use super::{Downloading, owner};
use crate::download::{Carried, Ledger, Multipart, Source, Watched};
use crate::model::audit::Via;
use crate::model::condition::{self, Outcome, Validators};
use crate::model::range::{self, Wanted};
use crate::model::{File, Owner, Visibility, digest, disposition};
use crate::recorder::Recording;
use crate::store::Download;
use crate::tracker::Shown;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// Answers up to this size take no place in the queue: a player's probes and small files.
const UNCOUNTED: u64 = 64 << 10;

/// What is said of bytes that can be sent: they never change under their tag.
#[derive(Debug, Clone)]
pub(super) struct Representation {
    /// What people see of its transfer: name, size and so on.
    pub(super) shown: Shown,
    /// What conditions are weighed by.
    pub(super) validators: Validators,
    /// `Content-Type`.
    pub(super) media_type: String,
    /// `Content-Disposition`.
    pub(super) disposition: String,
    /// The digest of all bytes, if it is known.
    pub(super) sha256: Option<[u8; 32]>,
    /// Whose transfer it is if nobody says who asks: the owner's, who gave it away.
    pub(super) owner: Owner,
    /// Whether everybody may see it.
    pub(super) public: bool,
}

impl Representation {
    /// A file's bytes as they were uploaded.
    pub(super) fn of_file(file: &File) -> Self {
        let metadata = &file.metadata;
        Self {
            shown: Shown {
                file: Some(file.id),
                name: metadata.name.clone(),
                size: file.size,
                path: format!("/api/v1/files/{}/content", file.id),
            },
            validators: Validators { etag: file.etag(), modified: Some(file.created_at) },
            media_type: disposition::content_type(&metadata.media_type),
            disposition: disposition::disposition(&metadata.media_type, &metadata.name),
            sha256: file.sha256,
            owner: file.owner.clone(),
            public: metadata.visibility == Visibility::Public,
        }
    }
}

/// Something that can be sent.
#[async_trait]
pub(super) trait Offered: Send + Sync {
    /// What is said of it.
    fn representation(&self) -> &Representation;
    /// The files whose bytes it has; origins of its source count in these.
    fn files(&self) -> &[File];
    /// Its bytes, asked for only when some are sent.
    async fn source(&self, downloading: &Downloading) -> Result<Source, Failure>;
}

/// A file as it is.
pub(super) struct Content {
    file: File,
    representation: Representation,
}

impl Content {
    /// Offers a file.
    pub(super) fn new(file: File) -> Self {
        Self { representation: Representation::of_file(&file), file }
    }
}

#[async_trait]
impl Offered for Content {
    fn representation(&self) -> &Representation {
        &self.representation
    }

    fn files(&self) -> &[File] {
        std::slice::from_ref(&self.file)
    }

    async fn source(&self, downloading: &Downloading) -> Result<Source, Failure> {
        Ok(Source::file(downloading.store.chain(self.file.id).await?, self.file.size))
    }
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
pub(super) fn plan(of: &Representation, method: &Method, headers: &HeaderMap) -> Result<Planned, Failure> {
    let honours_range = match condition::evaluate(headers, &of.validators) {
        Outcome::Failed => return Err(precondition_failed()),
        Outcome::NotModified => return Ok(Planned::NotModified),
        Outcome::Proceed { range } => range,
    };
    // A range means something to GET only (RFC 9110 §14.2).
    let asked = if honours_range && *method == Method::GET { range_header(headers) } else { None };
    match range::evaluate(asked.as_deref(), of.shown.size) {
        Wanted::Unsatisfiable => Err(unsatisfiable(of.shown.size)),
        Wanted::Whole if *method == Method::HEAD => Ok(Planned::Described),
        Wanted::Whole => Ok(Planned::Whole),
        Wanted::Parts(parts) => match <[Range<u64>; 1]>::try_from(parts) {
            Ok([part]) => Ok(Planned::Part(part)),
            Err(parts) => Ok(Planned::Parts(parts)),
        },
    }
}

/// 412.
pub(super) fn precondition_failed() -> Failure {
    let detail = "The bytes are not those you asked for.";
    Problem::with_status(StatusCode::PRECONDITION_FAILED, "precondition", "A precondition failed", detail).into()
}

/// Answers as planned.
pub(super) async fn answer(
    downloading: &Downloading,
    caller: &MaybeCaller,
    offered: &dyn Offered,
    planned: Planned,
    way: &Way,
) -> Result<Response, Failure> {
    let of = offered.representation();
    let size = of.shown.size;
    let mut response = match planned {
        Planned::NotModified => {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            describe(response.headers_mut(), of, way.open);
            response.headers_mut().remove(CONTENT_TYPE);
            return Ok(response);
        }
        Planned::Parts(parts) => return send_parts(downloading, caller, offered, parts, way).await,
        Planned::Part(part) => {
            let mut response = Response::new(send(downloading, caller, offered, &part, way).await?);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let headers = response.headers_mut();
            headers.insert(CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
            insert(headers, CONTENT_RANGE, &format!("bytes {}-{}/{size}", part.start, part.end - 1));
            response
        }
        Planned::Described | Planned::Whole => {
            let body = match planned {
                Planned::Whole => send(downloading, caller, offered, &(0..size), way).await?,
                _ => Body::empty(),
            };
            let mut response = Response::new(body);
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(size));
            response
        }
    };
    describe(response.headers_mut(), of, way.open);
    Ok(response)
}

async fn send(
    downloading: &Downloading,
    caller: &MaybeCaller,
    offered: &dyn Offered,
    part: &Range<u64>,
    way: &Way,
) -> Result<Body, Failure> {
    let length = part.end - part.start;
    let permit = match length {
        0..=UNCOUNTED => None,
        _ => Some(downloading.admission.enter(caller.0.as_ref().map(|caller| caller.user)).await?),
    };
    let source = offered.source(downloading).await?;
    let pieces = source.open(downloading.blobs.clone(), part).await?;
    let moving = permit.map(|permit| {
        let id = downloading.ids.next().to_string();
        let of = offered.representation();
        (downloading.tracker.download(id, &of.shown, &transferring(caller, of), part.start), permit)
    });
    let recordings = way.recordings(downloading, caller, offered);
    let ledger = Ledger::new(Carried::one(part.clone()), source.origins(), recordings);
    Ok(Body::from_stream(Watched::new(pieces, ledger, length, moving)))
}

async fn send_parts(
    downloading: &Downloading,
    caller: &MaybeCaller,
    offered: &dyn Offered,
    parts: Vec<Range<u64>>,
    way: &Way,
) -> Result<Response, Failure> {
    let permit = downloading.admission.enter(caller.0.as_ref().map(|caller| caller.user)).await?;
    let source = offered.source(downloading).await?;
    let of = offered.representation();
    let id = downloading.ids.next().to_string();
    let multipart =
        Multipart { boundary: format!("bedel-{id}"), media_type: of.media_type.clone(), size: of.shown.size };
    let length = multipart.length(&parts);
    let first = parts.first().map_or(0, |part| part.start);
    let content_type = format!("multipart/byteranges; boundary={}", multipart.boundary);
    let (carried, origins) = (Carried::parts(multipart.heads(&parts), parts.clone()), source.origins());
    let pieces = multipart.body(downloading.blobs.clone(), source, parts).await?;
    let moving = downloading.tracker.download(id, &of.shown, &transferring(caller, of), first);
    let ledger = Ledger::new(carried, origins, way.recordings(downloading, caller, offered));
    let mut response = Response::new(Body::from_stream(Watched::new(pieces, ledger, length, Some((moving, permit)))));
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let headers = response.headers_mut();
    describe(headers, of, way.open);
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
    /// What the audit trail is told of each file.
    fn recordings(&self, downloading: &Downloading, caller: &MaybeCaller, offered: &dyn Offered) -> Vec<Recording> {
        let of_file = |file: &File| {
            downloading.recorder.begin(Download {
                user: caller.0.as_ref().map(owner),
                via: self.via,
                address: self.address.clone(),
                file: file.id,
                name: file.metadata.name.clone(),
                size: file.size,
                sha256: file.sha256.map(|sha256| digest::hex(&sha256)),
            })
        };
        offered.files().iter().map(of_file).collect()
    }
}

/// Whose transfer it is: one by a signed or public address is the owner's.
fn transferring(caller: &MaybeCaller, of: &Representation) -> Owner {
    caller.0.as_ref().map_or_else(|| of.owner.clone(), owner)
}

fn describe(headers: &mut HeaderMap, of: &Representation, open: bool) {
    insert(headers, ETAG, &of.validators.etag);
    if let Some(modified) = of.validators.modified {
        insert(headers, LAST_MODIFIED, &condition::http_date(modified));
    }
    insert(headers, CONTENT_TYPE, &of.media_type);
    insert(headers, CONTENT_DISPOSITION, &of.disposition);
    if let Some(sha256) = of.sha256 {
        insert(headers, REPR_DIGEST, &format!("sha-256=:{}:", STANDARD.encode(sha256)));
    }
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    guard(headers);
    // Rights may change and files go: a cache must ask each time, and the tag makes that cheap.
    let shared = open && of.public;
    headers
        .insert(CACHE_CONTROL, HeaderValue::from_static(if shared { "public, no-cache" } else { "private, no-cache" }));
}

/// What users uploaded must never run in the campus's origin.
pub(super) fn guard(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "sandbox; default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'",
        ),
    );
}

pub(super) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
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
        format!("There are {size} bytes; at most 32 ranges can be asked for at once."),
    );
    Failure(match HeaderValue::try_from(format!("bytes */{size}")) {
        Ok(value) => problem.header(CONTENT_RANGE, value),
        Err(_) => problem,
    })
}
