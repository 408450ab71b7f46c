//! One request's writing: batches to the segment, checkpoints to SQL, and one of five ends.
//!
//! While a batch is written the next is gathered; while a checkpoint is committed writing goes on. An offset is
//! committed only after its bytes were synced, so what SQL says is always on disk.

use std::time::Duration;

use http::HeaderMap;
use kernel::clock::Timestamp;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::intake::{Batch, End, Intake};
use super::segment::{Hashes, SegmentWriter};
use super::{Claim, Completes, Ingest, IngestError, Received, Terms};
use crate::model::concat::Kind;
use crate::model::digest::Running;
use crate::model::transfer::TransferState;
use crate::model::{File, FileState, Hold, Segment, Upload};
use crate::store::{Commit, CommitError, Finish};
use crate::tracker::Moving;
use crate::writers::Guard;

/// A slow link's bytes are made durable at least this often.
const CHECKPOINT_AGE: Duration = Duration::from_secs(5);

/// A state that is on disk and may be committed.
#[derive(Clone)]
struct Durable {
    offset: u64,
    hash: Running,
    link: Option<Segment>,
}

pub(super) struct Writing<'i> {
    ingest: &'i Ingest,
    upload: Upload,
    terms: Terms,
    guard: Guard,
    moving: Moving,
    segment: SegmentWriter,
    /// Written, not all of it durable.
    offset: u64,
    hashes: Hashes,
    durable: Durable,
    synced_at: Instant,
    /// The last checkpoint on its way to SQL.
    committing: Option<JoinHandle<Result<(), CommitError>>>,
    /// The segment's row exists, or will before any later commit.
    linked: bool,
}

impl<'i> Writing<'i> {
    pub(super) fn new(ingest: &'i Ingest, claim: Claim, terms: Terms) -> Self {
        let Claim { upload, guard } = claim;
        let segment = SegmentWriter::new(ingest.blobs.clone(), upload.id, upload.epoch);
        let durable = Durable { offset: upload.offset, hash: upload.hash.clone(), link: None };
        Self {
            moving: ingest.tracker.upload(&upload),
            offset: upload.offset,
            hashes: Hashes { content: upload.hash.clone(), body: terms.check.begin() },
            synced_at: Instant::now(),
            committing: None,
            linked: false,
            ingest,
            upload,
            terms,
            guard,
            segment,
            durable,
        }
    }

    pub(super) async fn run(mut self, mut intake: Intake) -> Result<Received, IngestError> {
        let result = match self.ingest.check_space(0) {
            Ok(()) => self.take_all(&mut intake).await,
            Err(error) => Err(error),
        };
        // Whatever is unread is thrown away by whoever serves the connection; the answer need not wait for it.
        let trailers = intake.into_trailers();
        match result {
            Ok(end) => match self.verify(end, trailers.as_ref()) {
                Ok(()) => self.finish(end).await,
                Err(error) => self.give_up(error).await,
            },
            Err(error) => self.give_up(error).await,
        }
    }

    async fn take_all(&mut self, intake: &mut Intake) -> Result<End, IngestError> {
        let mut batch = intake.next().await;
        loop {
            if let Some(end) = batch.end {
                if end == End::TooLong {
                    let most = self.upload.length.unwrap_or(self.ingest.settings.max_size);
                    return Err(IngestError::TooLarge { most });
                }
                self.write(batch).await?;
                return Ok(end);
            }
            let (written, next) = tokio::join!(self.step(batch), intake.next());
            written?;
            batch = next;
        }
    }

    async fn write(&mut self, batch: Batch) -> Result<(), IngestError> {
        if batch.length == 0 {
            return Ok(());
        }
        // Here and not on a thread of its own: the bytes are still in this processor's cache.
        self.hashes.update(&batch.pieces);
        self.segment.append(batch.pieces, batch.length).await?;
        self.offset += batch.length;
        self.moving.moved_to(self.offset);
        Ok(())
    }

    async fn step(&mut self, batch: Batch) -> Result<(), IngestError> {
        self.write(batch).await?;
        let dirty = self.offset - self.durable.offset;
        let due = dirty >= self.ingest.settings.checkpoint || self.synced_at.elapsed() >= CHECKPOINT_AGE;
        // The last byte is committed with the file, not before: a body that turns out too long must not complete it.
        if dirty == 0 || !due || self.upload.length == Some(self.offset) {
            return Ok(());
        }
        if self.hashes.body.is_some() {
            // Nothing of it counts before all of it is verified; only the disk need not wait for the end.
            self.segment.sync().await?;
            self.synced_at = Instant::now();
            return self.ingest.check_space(0);
        }
        self.sync().await?;
        self.ingest.check_space(0)?;
        self.committed().await?;
        let commit = self.commit(false, false, None);
        let (store, offset, moving) = (self.ingest.store.clone(), self.durable.offset, self.moving.clone());
        self.committing = Some(tokio::spawn(async move {
            store.commit(commit).await?;
            moving.durable_to(offset);
            Ok(())
        }));
        Ok(())
    }

    async fn sync(&mut self) -> Result<(), IngestError> {
        if self.offset != self.durable.offset {
            self.segment.sync().await?;
            self.durable =
                Durable { offset: self.offset, hash: self.hashes.content.clone(), link: self.segment.link() };
        }
        self.synced_at = Instant::now();
        Ok(())
    }

    /// Waits for the checkpoint that is on its way.
    async fn committed(&mut self) -> Result<(), IngestError> {
        let Some(task) = self.committing.take() else { return Ok(()) };
        match task.await {
            Ok(result) => Ok(result?),
            Err(error) => {
                Err(store::StoreError::new(kernel::error::Kind::Internal, "a task that commits died", error).into())
            }
        }
    }

    fn commit(&mut self, release: bool, broken: bool, finish: Option<Finish>) -> Commit {
        let now = self.ingest.clock.now();
        let linked = self.linked;
        self.linked |= self.durable.link.is_some();
        Commit {
            upload: self.upload.id,
            epoch: self.upload.epoch,
            offset: self.durable.offset,
            hash: self.durable.hash.clone(),
            segment: self.durable.link.clone().map(|link| (link, linked)),
            release,
            broken,
            finish,
            most: self.ingest.settings.max_size,
            now,
            expires_at: self.ingest.expiry(now),
            growing: self.upload.length.is_none().then_some((self.upload.owner.id, self.ingest.quotas)),
        }
    }

    /// Whether what arrived may be kept, if the client asked for it to be verified: all of it or nothing.
    fn verify(&self, end: End, trailers: Option<&HeaderMap>) -> Result<(), IngestError> {
        let Some(digests) = &self.hashes.body else { return Ok(()) };
        if end != End::Clean {
            return Err(error_of(end));
        }
        Ok(self.terms.check.judge(digests, trailers)?)
    }

    /// Whether these are all the bytes there will be.
    fn is_complete(&self, end: End) -> Result<bool, IngestError> {
        let all_there = self.upload.length == Some(self.offset);
        match self.terms.completes {
            Completes::ByLength => Ok(all_there),
            Completes::Later => Ok(false),
            Completes::AtEnd if end != End::Clean => Ok(false),
            Completes::AtEnd if all_there || self.upload.length.is_none() => Ok(true),
            Completes::AtEnd => Err(IngestError::OtherLength),
        }
    }

    /// The body ended, well or not: everything that arrived is kept.
    async fn finish(mut self, end: End) -> Result<Received, IngestError> {
        if self.terms.one_shot && end != End::Clean {
            return self.give_up(error_of(end)).await;
        }
        if let Err(error) = self.sync().await {
            return self.give_up(error).await;
        }
        let complete = match self.is_complete(end) {
            Ok(complete) => complete,
            Err(error) => return self.give_up(error).await,
        };
        if let Err(error) = self.committed().await {
            return self.give_up(error).await;
        }
        let becomes_file = complete && self.upload.kind != Kind::Partial;
        let file = becomes_file.then(|| self.file(self.ingest.clock.now()));
        let finish = match &file {
            Some(file) => Some(Finish::File { file: Box::new(file.clone()), remember: self.terms.remember.clone() }),
            None => complete.then_some(Finish::Part),
        };
        let commit = self.commit(true, !complete && end != End::Clean, finish);
        if let Err(error) = self.ingest.store.commit(commit).await {
            return self.give_up(error.into()).await;
        }
        self.moving.durable_to(self.durable.offset);
        let paused = !complete && end == End::TakenOver && is_paused(self.ingest, self.upload.id).await;
        let state = match (complete, end) {
            (true, _) => TransferState::Done,
            (false, End::Clean) => TransferState::Paused,
            (false, _) if paused => TransferState::Paused,
            (false, _) => TransferState::Disconnected,
        };
        self.moving.end(state);
        // Only now may a newer request go on.
        drop(self.guard);
        match end {
            End::Clean => Ok(Received { offset: self.durable.offset, complete, file }),
            // The bytes were all there, so it does not matter how the connection ended.
            _ if complete => Ok(Received { offset: self.durable.offset, complete, file }),
            _ if paused => Err(IngestError::Held),
            other => Err(error_of(other)),
        }
    }

    /// Something failed: what is durable stays and is committed, the rest of the segment counts for nothing.
    async fn give_up(mut self, error: IngestError) -> Result<Received, IngestError> {
        // Its outcome is no news: the commit below says the same or more.
        drop(self.committed().await);
        if self.terms.one_shot && !matches!(error, IngestError::TakenOver) {
            // For the audit alone: how far it came, and that it broke off.
            let commit = self.commit(true, true, None);
            drop(self.ingest.store.commit(commit).await);
            if let Err(failed) = self.ingest.store.abandon(self.upload.id, false, self.ingest.clock.now()).await {
                tracing::warn!(upload.id = %self.upload.id, error = %failed, "a broken upload waits for its expiry");
            }
            self.moving.end(TransferState::Disconnected);
            return Err(error);
        }
        let unused = !self.linked && self.durable.link.is_none();
        let released = if matches!(error, IngestError::TakenOver) {
            true
        } else {
            let commit = self.commit(true, true, None);
            self.ingest.store.commit(commit).await.is_ok()
        };
        if released && unused {
            self.segment.discard().await;
        }
        self.moving.end(TransferState::Disconnected);
        Err(error)
    }

    fn file(&self, now: Timestamp) -> File {
        File {
            id: self.upload.id,
            version: 1,
            owner: self.upload.owner.clone(),
            metadata: self.upload.metadata.clone(),
            size: self.durable.offset,
            sha256: Some(self.durable.hash.finish()),
            crc32: self.durable.hash.crc32(),
            created_at: now,
            state: FileState::Ready,
            downloads: 0,
            deleted_at: None,
        }
    }
}

async fn is_paused(ingest: &Ingest, upload: kernel::id::Id) -> bool {
    let upload = ingest.store.upload(upload).await;
    matches!(upload, Ok(Some(upload)) if upload.hold == Hold::Paused)
}

fn error_of(end: End) -> IngestError {
    match end {
        End::TakenOver => IngestError::TakenOver,
        End::Ending => IngestError::Ending,
        End::Clean | End::Broken | End::TooLong => IngestError::Broken,
    }
}
