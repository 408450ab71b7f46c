//! Reads every file again, slowly, and says which are no longer what was stored.
//!
//! A step reads one slice of one file and moves the cursor in SQL, fenced by the lease: whoever scrubs next, after a
//! restart or elsewhere, goes on in the middle of the file.

use std::time::Duration;

use kernel::blobs::BlobError;
use store::StoreError;
use store::lease::Lease;

use super::Jobs;
use super::reading::{Read, judge, read};
use crate::model::digest::Running;
use crate::model::{File, FileState};
use crate::store::{Doubt, ScrubCursor, Verdict};

/// Most bytes of a step.
const SLICE: u64 = 8 << 20;
/// Between the beginnings of two rounds there is at least this much rest after the first.
const REST: Duration = Duration::from_secs(6 * 3600);

#[derive(Debug, thiserror::Error)]
pub(super) enum ScrubError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It read so many bytes.
    Read(u64),
    /// The round is over, now or before.
    Rest,
}

/// How long to wait after a step, so that the rate is kept.
pub(super) fn pause(read: u64, bytes_per_second: u64) -> Duration {
    let micros = u128::from(read) * 1_000_000 / u128::from(bytes_per_second.max(1));
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

pub(super) async fn step(work: &Jobs, lease: &Lease) -> Result<Step, ScrubError> {
    let cursor = work.store.scrub_cursor().await?;
    let now = work.clock.now();
    if cursor.rest_until > now {
        return Ok(Step::Rest);
    }
    let Some(Place { file, at, hash, doubt }) = next(work, cursor).await? else {
        let over = ScrubCursor { rest_until: now.plus(REST), ..ScrubCursor::default() };
        work.store.scrubbed(lease.clone(), over, None).await?;
        work.counts.round_is_over();
        return Ok(Step::Rest);
    };
    let segments = work.store.chain(file.id).await?;
    let end = file.size.min(at + SLICE);
    let read = read(&*work.blobs, &segments, at..end, hash.clone()).await?;
    let mut cursor = ScrubCursor { file: Some(file.id), rest_until: now, ..ScrubCursor::default() };
    let read_to_its_end = matches!(read, Read::Bytes(_));
    let verdict = match read {
        Read::Bytes(hash) if end < file.size => {
            // What was read at the second attempt was there; a second reading of it all goes on to its end.
            let doubt = if doubt == Doubt::File { doubt } else { Doubt::None };
            (cursor.checked, cursor.hash, cursor.doubt) = (end, hash, doubt);
            None
        }
        Read::Bytes(hash) => Some(judge(&file, Some(&hash))),
        Read::Missing => Some(judge(&file, None)),
    };
    // A disk may err once: bytes that seem damaged are read again before anybody is told.
    let doubtful = verdict.is_some_and(|verdict| verdict.state == FileState::Damaged);
    let verdict = verdict.filter(|_| !doubtful || doubt != Doubt::None || file.state == FileState::Damaged);
    if doubtful && verdict.is_none() {
        (cursor.checked, cursor.hash, cursor.doubt) =
            if read_to_its_end { (0, Running::default(), Doubt::File) } else { (at, hash, Doubt::Slice) };
    }
    let still_there = work.store.scrubbed(lease.clone(), cursor, verdict).await?;
    work.counts.read(end - at);
    if let Some(verdict) = verdict.filter(|_| still_there) {
        tell(work, &file, verdict);
    }
    Ok(Step::Read(end - at))
}

/// What a step reads on in.
struct Place {
    file: File,
    at: u64,
    hash: Running,
    doubt: Doubt,
}

/// Where to read on; a file that was removed meanwhile is left.
async fn next(work: &Jobs, cursor: ScrubCursor) -> Result<Option<Place>, ScrubError> {
    let ScrubCursor { file, checked, hash, doubt, .. } = cursor;
    if let Some(id) = file
        && (checked > 0 || doubt != Doubt::None)
        && let Some(file) = work.store.file_or_trashed(id).await?
        && checked < file.size
    {
        return Ok(Some(Place { file, at: checked, hash, doubt }));
    }
    let next = work.store.file_after(file).await?;
    Ok(next.map(|file| Place { file, at: 0, hash: Running::default(), doubt: Doubt::None }))
}

fn tell(work: &Jobs, file: &File, verdict: Verdict) {
    work.counts.file_was_read();
    match (file.state, verdict.state) {
        (FileState::Damaged, FileState::Damaged) => {}
        (_, FileState::Damaged) => {
            work.counts.found_damaged();
            tracing::error!(file.id = %file.id, file.size_bytes = file.size, "a file is damaged");
        }
        (FileState::Damaged, _) => {
            work.counts.found_healed();
            tracing::info!(file.id = %file.id, "a damaged file is whole again");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_kept() {
        assert_eq!(pause(20_000_000, 20_000_000), Duration::from_secs(1));
        assert_eq!(pause(5_000_000, 20_000_000), Duration::from_millis(250));
        assert_eq!(pause(0, 20_000_000), Duration::ZERO);
        assert!(pause(u64::MAX, 0) > Duration::from_secs(1), "no division by nothing");
    }
}
