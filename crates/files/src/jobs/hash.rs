//! Finds the digests of what was joined of parts: those of parts cannot be combined, so somebody has to read it all. The
//! job was made with the file, in one transaction; or by whoever wanted a CRC-32 that an older release did not count.

use std::time::Duration;

use kernel::blobs::BlobError;
use kernel::clock::Timestamp;
use kernel::error::Kind;
use store::{StoreError, jobs};
use tokio_util::sync::CancellationToken;

use super::Jobs;
use super::reading::{Read, judge, read};
use crate::model::digest::Running;
use crate::model::{File, FileState};
use crate::store::{HASH, Verdict};

/// How long a replica holds a job without a word. One that reads says so after each slice.
const LEASE: Duration = Duration::from_secs(120);
/// Bytes between two words.
const SLICE: u64 = 64 << 20;
/// Until the next try when the blob store is away.
const AGAIN: Duration = Duration::from_secs(30);
/// Until the next try when bytes are missing: the scrub may find them sooner.
const MISSING_AGAIN: Duration = Duration::from_secs(3600);

/// How a job ended.
enum Outcome {
    /// With a digest, or the file was gone or read by the scrub meanwhile.
    Done(Option<Verdict>),
    /// Bytes are missing.
    Damaged(Verdict),
    /// The process ends: another replica may go on at once.
    Stopped,
}

#[derive(Debug, thiserror::Error)]
enum HashError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
}

pub(super) async fn pass(work: &Jobs, stop: &CancellationToken) -> Result<(), StoreError> {
    while !stop.is_cancelled() {
        let now = work.clock.now();
        let Some(job) = jobs::claim(work.store.sql(), HASH, &work.replica, LEASE, now).await? else { return Ok(()) };
        let again = |wait: Duration| -> Timestamp { work.clock.now().plus(wait) };
        match digest(work, &job, stop).await {
            Ok(Outcome::Done(Some(verdict))) => {
                tracing::info!(file.id = %verdict.file, "a file's digests are known");
                work.store.hashed(job, verdict).await?;
            }
            Ok(Outcome::Done(None)) => work.store.job_done(job).await?,
            Ok(Outcome::Damaged(verdict)) => {
                if work.store.judged(verdict).await? {
                    work.counts.found_damaged();
                    tracing::error!(file.id = %verdict.file, "bytes of a file are missing");
                }
                work.store.job_failed(job, again(MISSING_AGAIN), "bytes are missing".to_owned()).await?;
            }
            Ok(Outcome::Stopped) => {
                work.store.job_failed(job, again(Duration::ZERO), "the replica ended".to_owned()).await?;
            }
            Err(HashError::Store(error)) if error.kind == Kind::Conflict => {}
            Err(HashError::Store(error)) => return Err(error),
            Err(HashError::Blob(error)) => work.store.job_failed(job, again(AGAIN), error.to_string()).await?,
        }
    }
    Ok(())
}

async fn digest(work: &Jobs, job: &jobs::Job, stop: &CancellationToken) -> Result<Outcome, HashError> {
    let Some(file) = wanted(work, job).await? else { return Ok(Outcome::Done(None)) };
    let segments = work.store.chain(file.id).await?;
    let (mut hash, mut at) = (Running::default(), 0);
    while at < file.size {
        if stop.is_cancelled() {
            return Ok(Outcome::Stopped);
        }
        let end = file.size.min(at + SLICE);
        let mut found = read(&*work.blobs, &segments, at..end, hash.clone()).await?;
        if matches!(found, Read::Missing) {
            // A disk may err once.
            found = read(&*work.blobs, &segments, at..end, hash).await?;
        }
        match found {
            Read::Bytes(next) => hash = next,
            // It may have been removed while it was read.
            Read::Missing if wanted(work, job).await?.is_none() => return Ok(Outcome::Done(None)),
            Read::Missing => return Ok(Outcome::Damaged(judge(&file, None))),
        }
        at = end;
        work.store.job_extended(job.clone(), work.clock.now().plus(LEASE)).await?;
    }
    Ok(Outcome::Done(Some(judge(&file, Some(&hash)))))
}

/// The job's file, if its digests are not known yet.
async fn wanted(work: &Jobs, job: &jobs::Job) -> Result<Option<File>, HashError> {
    let Ok(id) = job.key.parse() else { return Ok(None) };
    let file = work.store.file_or_trashed(id).await?;
    Ok(file.filter(|file| file.crc32.is_none() || (file.sha256.is_none() && file.state != FileState::Ready)))
}
