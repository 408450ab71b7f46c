//! `GET` and `HEAD /files/archive.zip`: a selection of files as one archive, resumable like a file.

#![expect(unused_qualifications, reason = "utoipa's macro names the query's type by its full path")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::auth::MaybeCaller;
use api::{FieldError, Problem, Query};
use async_trait::async_trait;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use kernel::error::Kind;
use kernel::id::Id;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;

use super::offering::{Offered, Representation, Way, answer, plan};
use super::problem::Failure;
use super::{Downloading, address, maybe_viewer, owner};
use crate::download::{Held, Origin, Source};
use crate::model::audit::Via;
use crate::model::condition::Validators;
use crate::model::zip::{self, Member, Stretch};
use crate::model::{File, FileState, Segment, Visibility, digest, disposition};
use crate::tracker::Shown;

/// Most files of an archive.
const MOST: usize = 500;
/// What an archive is saved as.
const NAME: &str = "files.zip";
/// When to ask again for an archive of files that are being read.
const AGAIN: Duration = Duration::from_secs(5);

/// Which files.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// Ids with commas between them, at most 500. One that is there twice counts once.
    #[param(required = true)]
    ids: Option<String>,
    /// What `POST /files/archive` gave: opens the selection without a token.
    signature: Option<String>,
}

/// A selection of files as a ZIP archive of stored entries. Its length and every byte are fixed by its `ETag`, so it takes
/// ranges and conditions as a file does. Correcting a name changes the archive and its tag.
#[utoipa::path(
    get,
    path = "/api/v1/files/archive.zip",
    tag = "files",
    params(
        Params,
        ("Range" = Option<String>, Header),
        ("If-Range" = Option<String>, Header),
        ("If-Match" = Option<String>, Header),
        ("If-None-Match" = Option<String>, Header),
    ),
    responses(
        (status = 200, description = "The archive", content_type = "application/zip"),
        (status = 206, description = "Some of its bytes"),
        (status = 304),
        (status = 404, description = "One of the files is not there, or not the caller's to see"),
        (status = 409, description = "One of the files is damaged"),
        (status = 412), (status = 416), (status = 422), (status = 429),
        (status = 503, description = "A file's checksum is being computed, or a dependency is away: Retry-After"),
    ),
    security((), ("token" = []))
)]
pub(super) async fn get_archive(
    State(downloading): State<Downloading>,
    caller: MaybeCaller,
    Query(params): Query<Params>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let ids = parse(params.ids.as_deref().unwrap_or_default().split(','))?;
    if let Some(caller) = &caller.0 {
        downloading.tracker.saw(&owner(caller));
    }
    let signed = match params.signature.as_deref() {
        Some(signature) if downloading.signer.verify_archive(&ids, signature, downloading.clock.now()) => true,
        Some(_) if caller.0.is_none() => {
            let detail = "This address has expired or is not one of ours: ask for a new one with POST /files/archive.";
            return Err(Problem::new(Kind::Unauthenticated, detail).into());
        }
        _ => false,
    };
    // Whoever signed the address could read the files; those in the trash are nobody's to read.
    let files = match signed {
        true => every(&downloading, &ids, |_| true).await?,
        false => selected(&downloading, &caller, &ids).await?,
    };
    let archive = Archive::new(files, &downloading).await?;
    let planned = plan(&archive.representation, &method, &headers)?;
    let via = if signed { Via::Signed } else { Via::User };
    let way = Way { via, open: signed || caller.0.is_none(), address: address(&headers) };
    answer(&downloading, &caller, &archive, planned, &way).await
}

/// The distinct ids, in the order given.
pub(super) fn parse<'t>(ids: impl Iterator<Item = &'t str>) -> Result<Vec<Id>, Problem> {
    let wrong = |code: &str, message: String| Problem::unprocessable(vec![FieldError::new("/ids", code, message)]);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for text in ids.map(str::trim).filter(|text| !text.is_empty()) {
        let id: Id = text.parse().map_err(|_| wrong("format", format!("{text:?} is no file's id")))?;
        if seen.insert(id) {
            found.push(id);
        }
        if found.len() > MOST {
            return Err(wrong("too_many", format!("at most {MOST} files go into one archive")));
        }
    }
    if found.is_empty() { Err(wrong("missing", "the ids of files are expected".to_owned())) } else { Ok(found) }
}

/// The files, in the order asked for, if all of them may be read.
pub(super) async fn selected(
    downloading: &Downloading,
    caller: &MaybeCaller,
    ids: &[Id],
) -> Result<Vec<File>, Failure> {
    let viewer = maybe_viewer(caller)?;
    every(downloading, ids, |file| viewer.may_read(file.owner.id, file.metadata.visibility)).await
}

/// The files, in the order asked for, if all of them are there and `may`.
async fn every(downloading: &Downloading, ids: &[Id], may: impl Fn(&File) -> bool) -> Result<Vec<File>, Failure> {
    let found = downloading.store.files(ids).await?;
    let mut found: BTreeMap<Id, File> = found.into_iter().map(|file| (file.id, file)).collect();
    ids.iter().map(|id| found.remove(id).filter(&may).ok_or_else(|| absent(*id))).collect()
}

fn absent(id: Id) -> Failure {
    Problem::new(Kind::NotFound, format!("There is no file {id}, or it is not yours to see: leave it out.")).into()
}

pub(super) struct Archive {
    files: Vec<File>,
    stretches: Vec<Stretch>,
    representation: Representation,
}

impl Archive {
    /// Lays the archive out, once the checksum of every file is known.
    pub(super) async fn new(files: Vec<File>, downloading: &Downloading) -> Result<Self, Failure> {
        let unread: Vec<&File> = files.iter().filter(|file| file.crc32.is_none()).collect();
        if let Some(damaged) = unread.iter().find(|file| file.state == FileState::Damaged) {
            let detail = format!("The file {} is damaged: leave it out.", damaged.id);
            return Err(Problem::with_status(StatusCode::CONFLICT, "damaged", "A file is damaged", detail).into());
        }
        if !unread.is_empty() {
            let ids = unread.iter().map(|file| file.id).collect();
            downloading.store.have_read(ids, downloading.clock.now()).await?;
            let detail = format!("{} of the files are being read for their checksums: ask again soon.", unread.len());
            let title = "The archive is not ready yet";
            let problem = Problem::with_status(StatusCode::SERVICE_UNAVAILABLE, "archive-not-ready", title, detail);
            return Err(problem.retry_after(AGAIN).into());
        }
        let names = zip::names(files.iter().map(|file| file.metadata.name.as_str()));
        let members: Vec<Member> = files
            .iter()
            .zip(names)
            .map(|(file, name)| Member {
                name,
                size: file.size,
                crc32: file.crc32.unwrap_or_default(),
                modified: file.created_at,
            })
            .collect();
        let stretches = zip::layout(&members);
        let ids: Vec<String> = files.iter().map(|file| file.id.to_string()).collect();
        let owner = files.first().map(|file| file.owner.clone()).ok_or_else(Problem::not_found)?;
        let representation = Representation {
            shown: Shown {
                file: None,
                name: NAME.to_owned(),
                size: stretches.iter().map(Stretch::length).sum(),
                path: format!("/api/v1/files/archive.zip?ids={}", ids.join(",")),
            },
            // A name that was corrected changes bytes, and no date tells when that was.
            validators: Validators { etag: tag(&files, &stretches), modified: None },
            media_type: "application/zip".to_owned(),
            disposition: disposition::disposition("application/zip", NAME),
            sha256: None,
            owner,
            public: files.iter().all(|file| file.metadata.visibility == Visibility::Public),
        };
        Ok(Self { files, stretches, representation })
    }
}

/// A strong tag: of everything that decides the archive's bytes.
fn tag(files: &[File], stretches: &[Stretch]) -> String {
    let mut hash = Sha256::new();
    for stretch in stretches {
        match stretch {
            Stretch::Bytes(bytes) => hash.update(bytes),
            Stretch::Member { index, .. } => hash.update(files.get(*index).map(File::etag).unwrap_or_default()),
        }
    }
    format!("\"zip-{}\"", digest::hex(&hash.finalize()[..16]))
}

#[async_trait]
impl Offered for Archive {
    fn representation(&self) -> &Representation {
        &self.representation
    }

    fn files(&self) -> &[File] {
        &self.files
    }

    async fn source(&self, downloading: &Downloading) -> Result<Source, Failure> {
        let ids: Vec<Id> = self.files.iter().map(|file| file.id).collect();
        let mut chains: BTreeMap<Id, Vec<Segment>> = downloading.store.chains(&ids).await?;
        let mut source = Source::default();
        for stretch in &self.stretches {
            match stretch {
                Stretch::Bytes(bytes) => source.push(Held::Memory(bytes.clone().into()), None),
                Stretch::Member { index, size } => {
                    let id = ids.get(*index).copied().ok_or_else(Problem::not_found)?;
                    let segments = chains.remove(&id).unwrap_or_default();
                    if segments.is_empty() && *size > 0 {
                        // It was removed for good between the two questions.
                        return Err(absent(id));
                    }
                    let origin = Origin { file: *index, start: 0 };
                    source.push(Held::Chain { segments: segments.into(), range: 0..*size }, Some(origin));
                }
            }
        }
        Ok(source)
    }
}
