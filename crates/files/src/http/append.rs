//! Bytes for an upload that exists, whichever door they come through.

use axum::body::Body;
use http_body::Body as _;
use kernel::id::Id;

use super::Uploading;
use super::problem::Failure;
use super::uploader::Uploader;
use crate::admission::Refused;
use crate::ingest::{self, Claimed, IngestError, Received, Terms};
use crate::model::concat::Kind;
use crate::model::{Hold, Upload, UploadState};
use store::StoreError;

/// Where bytes belong and what they mean.
pub(super) struct Append {
    /// Where they begin.
    pub(super) offset: u64,
    /// How long the upload is, if the request says so.
    pub(super) length: Option<u64>,
    /// What the body's end means.
    pub(super) terms: Terms,
}

/// What became of them.
pub(super) enum Appended {
    /// They were taken.
    Received(Box<Received>),
    /// There are all bytes already; the body was not read.
    Complete(Box<Upload>, Body),
}

/// Why they were not taken: each door has its own words for some of the reasons.
pub(super) enum Refusal {
    /// By the state of the upload.
    Ingest(IngestError),
    /// By anything else.
    Other(Failure),
}

impl From<IngestError> for Refusal {
    fn from(error: IngestError) -> Self {
        Self::Ingest(error)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::Other(refused.into())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Ingest(error.into())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Ingest(error) => error.into(),
            Refusal::Other(failure) => failure,
        }
    }
}

/// Takes bytes in.
pub(super) async fn append(
    uploading: &Uploading,
    uploader: &Uploader,
    id: Id,
    append: Append,
    body: Body,
) -> Result<Appended, Refusal> {
    uploader.seen(uploading);
    let found = uploader.upload(uploading, id).await?;
    match (found.state, found.kind) {
        (UploadState::Gone, _) => return Err(IngestError::Gone.into()),
        (_, Kind::Final) => return Err(IngestError::Joined.into()),
        (UploadState::Part | UploadState::Done, _) => return Ok(Appended::Complete(Box::new(found), body)),
        (UploadState::Open, _) => {}
    }
    if found.hold == Hold::Paused {
        return Err(IngestError::Held.into());
    }
    // Where nobody writes, a wrong offset needs no takeover to be refused.
    if found.writer.is_none() && found.offset != append.offset {
        return Err(IngestError::Offset { actual: found.offset }.into());
    }
    if let Some(length) = append.length {
        ingest::check_length(&found, length)?;
        if length > uploading.settings.max_size {
            return Err(IngestError::TooLarge { most: uploading.settings.max_size }.into());
        }
        uploading.ingest.check_space(length.saturating_sub(found.offset))?;
    }
    check_room(found.length.or(append.length), append.offset, &body)?;
    let permit = uploading.admission.enter(Some(uploader.account())).await?;
    let mut claim = match uploading.ingest.claim(id, found.epoch).await? {
        Claimed::Complete(upload) => return Ok(Appended::Complete(upload, body)),
        Claimed::Writer(claim) => claim,
    };
    if claim.upload.offset != append.offset {
        let actual = claim.upload.offset;
        uploading.ingest.release(claim).await;
        return Err(IngestError::Offset { actual }.into());
    }
    if let Some(length) = append.length
        && let Err(error) = uploading.ingest.fix_length(&mut claim, length).await
    {
        uploading.ingest.release(claim).await;
        return Err(error.into());
    }
    Ok(Appended::Received(Box::new(uploading.ingest.receive(claim, body, append.terms, permit).await?)))
}

/// A declared length that goes beyond the upload's is refused before any of it is read.
fn check_room(length: Option<u64>, offset: u64, body: &Body) -> Result<(), IngestError> {
    match length {
        Some(length) if body.size_hint().lower() > length.saturating_sub(offset) => {
            Err(IngestError::TooLarge { most: length })
        }
        _ => Ok(()),
    }
}
