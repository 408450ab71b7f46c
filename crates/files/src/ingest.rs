//! Receiving bytes: from a request's body to durable segments and committed offsets.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use kernel::blobs::{BlobError, Blobs};
use kernel::clock::{Clock, Timestamp};
use kernel::config;
use kernel::error::Kind;
use kernel::id::Id;
use kernel::lifecycle::Lifecycle;
use store::StoreError;

use crate::admission::Permit;
use crate::model::checksum::{BadChecksum, Check};
use crate::model::concat::{self, BadConcat};
use crate::model::metadata::BadMetadata;
use crate::model::quota::Quotas;
use crate::model::transfer::Transfer;
use crate::model::voucher::Refusal;
use crate::model::{File, Hold, Upload, UploadState};
use crate::store::{CommitError, CreateError, NewUpload, QuotaError, Remember, Repeat, Store};
use crate::tracker::Tracker;
use crate::writers::{Guard, Writers};

mod intake;
mod segment;
mod writing;

use intake::Intake;
use writing::Writing;

/// Why bytes are not taken, or no more of them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    /// There is no such upload.
    #[error("there is no such upload")]
    NotFound,
    /// It was removed or has expired.
    #[error("the upload was removed")]
    Gone,
    /// The client's offset is not the upload's.
    #[error("the upload stands at {actual}")]
    Offset {
        /// Where it stands.
        actual: u64,
    },
    /// More bytes than the upload's length or the largest size.
    #[error("more than {most} bytes")]
    TooLarge {
        /// Most bytes.
        most: u64,
    },
    /// A newer request writes the upload.
    #[error("a newer request has taken the upload over")]
    TakenOver,
    /// Somebody paused the upload: it takes no bytes until it is let go.
    #[error("the upload is paused")]
    Held,
    /// What is said about the file cannot be.
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
    /// The client's connection broke or fell silent; what arrived is kept.
    #[error("the body ended early")]
    Broken,
    /// The process ends; what arrived is kept.
    #[error("this replica is ending")]
    Ending,
    /// The disk is full, or would be.
    #[error("no space left")]
    NoSpace,
    /// It would pass its owner's quota.
    #[error("{left} bytes are left of the quota")]
    Quota {
        /// How many would fit.
        left: u64,
    },
    /// The voucher does not allow it.
    #[error(transparent)]
    Voucher(Refusal),
    /// The upload's length was fixed before, or the bytes that are there are more.
    #[error("the upload's length is another")]
    OtherLength,
    /// It is made of parts and takes no bytes of its own.
    #[error("the upload is made of parts")]
    Joined,
    /// What it is to be made of is not there, no part, or somebody else's.
    #[error(transparent)]
    Concat(BadConcat),
    /// The body is not the one that was sent; nothing of it is kept.
    #[error(transparent)]
    Checksum(#[from] BadChecksum),
    /// An idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    OtherRequest,
    /// SQL failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store failed.
    #[error(transparent)]
    Blob(BlobError),
}

impl From<BlobError> for IngestError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::NoSpace => Self::NoSpace,
            other => Self::Blob(other),
        }
    }
}

impl From<CommitError> for IngestError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Stale => Self::TakenOver,
            CommitError::Quota { left } => Self::Quota { left },
            CommitError::Store(error) if error.kind == Kind::NoSpace => Self::NoSpace,
            CommitError::Store(error) => Self::Store(error),
        }
    }
}

impl From<CreateError> for IngestError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Quota { left } => Self::Quota { left },
            CreateError::Voucher(refusal) => Self::Voucher(refusal),
            CreateError::Concat(error) => Self::Concat(error),
            CreateError::TooLarge { most } => Self::TooLarge { most },
            CreateError::Store(error) => Self::Store(error),
        }
    }
}

/// An upload that this request, and no other, may write.
pub(crate) struct Claim {
    /// The upload as it was when it was taken over.
    pub(crate) upload: Upload,
    guard: Guard,
}

/// What a request for an upload found.
pub(crate) enum Claimed {
    /// It may write.
    Writer(Box<Claim>),
    /// Every byte is there already.
    Complete(Box<Upload>),
}

/// What was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    /// The upload's offset, durable.
    pub(crate) offset: u64,
    /// Whether that was the last byte.
    pub(crate) complete: bool,
    /// The file it has become, if that was the last byte; a part becomes none.
    pub(crate) file: Option<File>,
}

/// When an upload is complete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Completes {
    /// When it has as many bytes as it is long.
    #[default]
    ByLength,
    /// With the end of this body.
    AtEnd,
    /// Not with this body, whatever its length.
    Later,
}

/// What a body means for its upload.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    /// When the upload is complete.
    pub(crate) completes: Completes,
    /// The client cannot go on later: a body that breaks off leaves nothing.
    pub(crate) one_shot: bool,
    /// How the body is to be verified before any of it counts.
    pub(crate) check: Check,
    /// The idempotency key under which the file is the answer.
    pub(crate) remember: Option<Remember>,
}

/// Receives bytes.
pub(crate) struct Ingest {
    store: Store,
    blobs: Arc<dyn Blobs>,
    clock: Arc<dyn Clock>,
    lifecycle: Lifecycle,
    settings: config::Files,
    quotas: Quotas,
    writers: Arc<Writers>,
    tracker: Arc<Tracker>,
    /// The folder whose file system must keep `settings.reserve` free.
    folder: PathBuf,
}

/// What an [`Ingest`] is made of.
pub(crate) struct Parts {
    /// SQL.
    pub(crate) store: Store,
    /// Bytes.
    pub(crate) blobs: Arc<dyn Blobs>,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// The process.
    pub(crate) lifecycle: Lifecycle,
    /// Settings.
    pub(crate) settings: config::Files,
    /// Who writes what.
    pub(crate) writers: Arc<Writers>,
    /// Who is told.
    pub(crate) tracker: Arc<Tracker>,
    /// The folder whose file system must keep the reserve free.
    pub(crate) folder: PathBuf,
}

impl Ingest {
    /// Puts it together.
    #[must_use]
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let Parts { store, blobs, clock, lifecycle, settings, writers, tracker, folder } = parts;
        let quotas = Quotas::new(&settings);
        Arc::new(Self { store, blobs, clock, lifecycle, settings, quotas, writers, tracker, folder })
    }

    /// What users may have.
    #[must_use]
    pub(crate) const fn quotas(&self) -> Quotas {
        self.quotas
    }

    /// When an upload that moves now will end.
    #[must_use]
    pub(crate) fn expiry(&self, now: Timestamp) -> Timestamp {
        now.plus(std::time::Duration::from_secs(self.settings.upload_expiry_s))
    }

    /// Whether `more` bytes fit beside the reserve. Where the free space is not to be known, they do.
    ///
    /// # Errors
    /// [`IngestError::NoSpace`].
    pub(crate) fn check_space(&self, more: u64) -> Result<(), IngestError> {
        let Ok(found) = rustix::fs::statvfs(&self.folder) else { return Ok(()) };
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        if free < self.settings.reserve.saturating_add(more) { Err(IngestError::NoSpace) } else { Ok(()) }
    }

    /// Begins an upload. With `writing` the caller is its writer at once.
    ///
    /// # Errors
    /// [`IngestError`].
    pub(crate) async fn begin(
        &self,
        mut new: NewUpload,
        writing: bool,
    ) -> Result<(Repeat, Option<Box<Claim>>), IngestError> {
        new.metadata.check_expiry(new.now)?;
        let guard = writing.then(|| self.writers.enter(new.id));
        new.writer = guard.as_ref().map(Guard::writer);
        let id = new.id;
        let created = self.store.create(new).await?;
        let claim = match (guard, &created) {
            (Some(guard), Repeat::New) => {
                let upload = self.store.upload(id).await?.ok_or(IngestError::NotFound)?;
                Some(Box::new(Claim { upload, guard }))
            }
            _ => None,
        };
        Ok((created, claim))
    }

    /// Takes an upload over from whoever writes it, here or elsewhere. `seen` is the epoch the request found when it came:
    /// if it has risen since, a newer request was here and this one is the older.
    ///
    /// # Errors
    /// [`IngestError`].
    pub(crate) async fn claim(&self, id: Id, seen: u64) -> Result<Claimed, IngestError> {
        let guard = self.writers.enter(id);
        let upload = self.quieten(id).await?;
        if upload.state != UploadState::Open {
            return Ok(Claimed::Complete(Box::new(upload)));
        }
        if upload.hold == Hold::Paused {
            return Err(IngestError::Held);
        }
        if guard.stop().is_cancelled() || upload.epoch != seen {
            return Err(IngestError::TakenOver);
        }
        let now = self.clock.now();
        match self.store.take_over(id, seen, Some(guard.writer()), true, now).await? {
            Some(upload) => Ok(Claimed::Writer(Box::new(Claim { upload, guard }))),
            None => Err(IngestError::TakenOver),
        }
    }

    /// The upload with an offset that no older request can move any more, be it writing or still on its way to.
    ///
    /// # Errors
    /// [`IngestError`].
    pub(crate) async fn settle(&self, id: Id) -> Result<Upload, IngestError> {
        let guard = self.writers.enter(id);
        loop {
            let upload = self.quieten(id).await?;
            // What is made of parts has no writers to end.
            let settled = upload.state != UploadState::Open || upload.kind == concat::Kind::Final;
            if settled || guard.stop().is_cancelled() {
                return Ok(upload);
            }
            match self.store.take_over(id, upload.epoch, None, true, self.clock.now()).await {
                Ok(Some(settled)) => return Ok(settled),
                Ok(None) => {}
                // A database that can be read and not written still tells where the upload stands.
                Err(error) if upload.writer.is_none() => {
                    tracing::info!(upload.id = %id, error = %error, "an offset was told without a new epoch");
                    return Ok(upload);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends the writer there is, and finds the upload as it left it.
    async fn quieten(&self, id: Id) -> Result<Upload, IngestError> {
        let upload = self.find(id).await?;
        let Some(writer) = &upload.writer else { return Ok(upload) };
        self.writers.end(id, writer).await;
        self.find(id).await
    }

    async fn find(&self, id: Id) -> Result<Upload, IngestError> {
        let upload = self.store.upload(id).await?.ok_or(IngestError::NotFound)?;
        if upload.state == UploadState::Gone { Err(IngestError::Gone) } else { Ok(upload) }
    }

    /// Fixes the length of a claimed upload of which it was put off. One that was fixed before must be the same.
    ///
    /// # Errors
    /// [`IngestError::OtherLength`], or the database's.
    pub(crate) async fn fix_length(&self, claim: &mut Claim, length: u64) -> Result<(), IngestError> {
        check_length(&claim.upload, length)?;
        if claim.upload.length.is_none() {
            match self.store.fix_length(&claim.upload, length, self.quotas).await {
                Ok(true) => {}
                Ok(false) => return Err(IngestError::TakenOver),
                Err(QuotaError::Full { left }) => return Err(IngestError::Quota { left }),
                Err(QuotaError::Store(error)) => return Err(error.into()),
            }
            claim.upload.length = Some(length);
        }
        Ok(())
    }

    /// Gives a claim back of which no use was made.
    pub(crate) async fn release(&self, claim: Box<Claim>) {
        // If SQL fails, the row names a writer that nobody answers for, and the next request takes it over all the same.
        if let Err(error) =
            self.store.take_over(claim.upload.id, claim.upload.epoch, None, false, self.clock.now()).await
        {
            tracing::info!(upload.id = %claim.upload.id, error = %error, "a claim was not given back");
        }
    }

    /// Removes an unfinished upload and ends whoever writes it.
    ///
    /// # Errors
    /// [`IngestError`].
    pub(crate) async fn abandon(&self, id: Id) -> Result<(), IngestError> {
        // Said first, so that whoever writes it knows that its end was ordered.
        self.store.hold(id, Hold::Ending).await?;
        let guard = self.writers.enter(id);
        if let Some(writer) = self.find(id).await?.writer {
            self.writers.end(id, &writer).await;
        }
        self.store.abandon(id, false, self.clock.now()).await?;
        self.tracker.forget(&id.to_string());
        drop(guard);
        Ok(())
    }

    /// Pauses an upload: whoever writes it commits what it has and ends, and nobody else may until [`Ingest::let_go`].
    ///
    /// # Errors
    /// [`IngestError`].
    pub(crate) async fn pause(&self, id: Id) -> Result<Upload, IngestError> {
        if !self.store.hold(id, Hold::Paused).await? {
            return self.find(id).await;
        }
        let upload = self.quieten(id).await?;
        // A writer that nobody answers for must not commit later.
        let settled = match upload.writer {
            Some(_) => self.store.take_over(id, upload.epoch, None, true, self.clock.now()).await?.unwrap_or(upload),
            None => upload,
        };
        self.tracker.note(Transfer::of_upload(&settled, self.clock.now()));
        Ok(settled)
    }

    /// Lets a paused upload go on.
    ///
    /// # Errors
    /// [`IngestError`].
    pub(crate) async fn let_go(&self, id: Id) -> Result<Upload, IngestError> {
        self.store.hold(id, Hold::Free).await?;
        let upload = self.find(id).await?;
        self.tracker.note(Transfer::of_upload(&upload, self.clock.now()));
        Ok(upload)
    }

    /// Receives a body into a claimed upload. It goes on to its end, and commits, when the caller is dropped.
    ///
    /// # Errors
    /// [`IngestError`]; what was durable before stays, and is committed.
    pub(crate) async fn receive(
        self: &Arc<Self>,
        claim: Box<Claim>,
        body: Body,
        terms: Terms,
        permit: Permit,
    ) -> Result<Received, IngestError> {
        let ingest = Arc::clone(self);
        let task = self.lifecycle.spawn(async move {
            let result = Box::pin(ingest.run(*claim, body, terms)).await;
            drop(permit);
            result
        });
        match task.await {
            Ok(result) => result,
            Err(error) => Err(StoreError::new(Kind::Internal, "a task that receives died", error).into()),
        }
    }

    async fn run(&self, claim: Claim, body: Body, terms: Terms) -> Result<Received, IngestError> {
        let most = claim.upload.length.unwrap_or(self.settings.max_size);
        let room = most.saturating_sub(claim.upload.offset);
        let intake = Intake::new(body, room, claim.guard.stop().clone(), self.lifecycle.hard().clone());
        Writing::new(self, claim, terms).run(intake).await
    }
}

/// Whether an upload can have this length.
///
/// # Errors
/// [`IngestError::OtherLength`].
pub(crate) fn check_length(upload: &Upload, length: u64) -> Result<(), IngestError> {
    if upload.length.is_some_and(|known| known != length) || length < upload.offset {
        return Err(IngestError::OtherLength);
    }
    Ok(())
}
