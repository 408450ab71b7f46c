//! Reading in pieces.
//!
//! What lies in the page cache is copied where the stream is polled (`preadv2` with `RWF_NOWAIT`: no thread
//! is woken). What does not is read on a blocking thread, with one piece of read-ahead, so that a slow
//! disk never holds up the runtime and a slow client never holds a thread.

use std::fs::File;
use std::io::IoSliceMut;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt};
use kernel::blobs::{BlobError, BlobKey};
use rustix::io::{Errno, ReadWriteFlags};
use tokio::task::JoinHandle;

use super::{blocking, io_error};

/// Bytes of a piece: large enough that system calls do not count, small enough for a hundred slow readers.
const PIECE: usize = 256 << 10;

struct Reader {
    file: Arc<File>,
    key: BlobKey,
    /// What has not been asked of the disk.
    left: Range<u64>,
    /// The piece that a thread is reading.
    ahead: Option<JoinHandle<Result<Bytes, BlobError>>>,
}

pub(super) fn pieces(file: File, key: BlobKey, range: Range<u64>) -> BoxStream<'static, Result<Bytes, BlobError>> {
    // A hint: the kernel then reads ahead twice as far.
    let length = std::num::NonZeroU64::new(range.end.saturating_sub(range.start));
    let _hint = rustix::fs::fadvise(&file, range.start, length, rustix::fs::Advice::Sequential);
    let reader = Reader { file: Arc::new(file), key, left: range, ahead: None };
    stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        match reader.next().await {
            Ok(Some(piece)) => Some((Ok(piece), Some(reader))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        if let Some(ahead) = self.ahead.take() {
            let piece = ahead.await.map_err(|error| BlobError::Io(std::io::Error::other(error)))??;
            // The disk was needed for this piece, so it will be for the next.
            self.ahead = self.read_ahead();
            return Ok(Some(piece));
        }
        let Some(range) = self.take_range() else { return Ok(None) };
        let length = usize::try_from(range.end - range.start).unwrap_or(PIECE);
        let mut buffer = BytesMut::zeroed(length);
        let cached = match rustix::io::preadv2(
            &*self.file,
            &mut [IoSliceMut::new(&mut buffer)],
            range.start,
            ReadWriteFlags::NOWAIT,
        ) {
            Ok(count) => count,
            Err(Errno::AGAIN | Errno::NOTSUP | Errno::INTR | Errno::INVAL | Errno::NOSYS) => 0,
            Err(error) => return Err(io_error(error.into())),
        };
        if cached == length {
            return Ok(Some(buffer.freeze()));
        }
        let (file, key) = (Arc::clone(&self.file), self.key.clone());
        let piece = blocking(move || fill(&file, &key, range.start, buffer, cached)).await?;
        self.ahead = self.read_ahead();
        Ok(Some(piece))
    }

    fn take_range(&mut self) -> Option<Range<u64>> {
        if self.left.is_empty() {
            return None;
        }
        let start = self.left.start;
        self.left.start = self.left.end.min(start + PIECE as u64);
        Some(start..self.left.start)
    }

    fn read_ahead(&mut self) -> Option<JoinHandle<Result<Bytes, BlobError>>> {
        let range = self.take_range()?;
        let (file, key) = (Arc::clone(&self.file), self.key.clone());
        Some(tokio::task::spawn_blocking(move || {
            let length = usize::try_from(range.end - range.start).unwrap_or(PIECE);
            fill(&file, &key, range.start, BytesMut::zeroed(length), 0)
        }))
    }
}

/// Reads until `buffer` is full; the blob being shorter than its length was when opened is an error, never less.
fn fill(file: &File, key: &BlobKey, start: u64, mut buffer: BytesMut, mut filled: usize) -> Result<Bytes, BlobError> {
    while filled < buffer.len() {
        match rustix::io::pread(file, &mut buffer[filled..], start + filled as u64) {
            Ok(0) => return Err(BlobError::Missing(key.clone())),
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(io_error(error.into())),
        }
    }
    Ok(buffer.freeze())
}
