//! Reading a file's bytes to find out how they are.

use std::ops::Range;

use futures::StreamExt;
use kernel::blobs::{BlobError, BlobKey, Blobs};

use crate::model::digest::Running;
use crate::model::{File, FileState, Segment, chain};
use crate::store::Verdict;

/// What reading came to.
#[derive(Debug)]
pub(super) enum Read {
    /// The bytes were there; this is the hash with them.
    Bytes(Running),
    /// Some are not there, or cannot be read.
    Missing,
}

/// Takes the bytes of `range` into the hash.
///
/// # Errors
/// The blob store is away, which says nothing of the bytes.
pub(super) async fn read(
    blobs: &dyn Blobs,
    segments: &[Segment],
    range: Range<u64>,
    mut hash: Running,
) -> Result<Read, BlobError> {
    if chain::length(segments) < range.end {
        return Ok(Read::Missing);
    }
    for (key, part) in chain::slice(segments, &range)? {
        hash = match read_blob(blobs, &key, part, hash).await {
            Ok(hash) => hash,
            Err(BlobError::Missing(_)) => return Ok(Read::Missing),
            // A store that knows the blob and cannot read it has lost it; one that does not answer is away.
            Err(error) => return if blobs.size(&key).await.is_ok() { Ok(Read::Missing) } else { Err(error) },
        }
    }
    Ok(Read::Bytes(hash))
}

async fn read_blob(
    blobs: &dyn Blobs,
    key: &BlobKey,
    part: Range<u64>,
    mut hash: Running,
) -> Result<Running, BlobError> {
    let mut pieces = blobs.read(key, part).await?;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        let hashing = tokio::task::spawn_blocking(move || {
            hash.update(&piece);
            hash
        });
        hash = hashing.await.map_err(|error| BlobError::Io(std::io::Error::other(error)))?;
    }
    Ok(hash)
}

/// What a file's bytes, read to their end or not there, say of it.
pub(super) fn judge(file: &File, read: Option<&Running>) -> Verdict {
    let found = read.map(Running::finish);
    let good = found.is_some() && (file.sha256.is_none() || file.sha256 == found);
    Verdict {
        file: file.id,
        version: file.version,
        state: if good { FileState::Ready } else { FileState::Damaged },
        sha256: if good { found } else { file.sha256 },
        crc32: read.filter(|_| good).and_then(Running::crc32),
    }
}
