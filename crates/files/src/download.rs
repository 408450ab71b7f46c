//! Sending bytes: a file's chain as one stream, watched and counted while it goes.

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use kernel::blobs::{BlobError, Blobs};

use crate::admission::Permit;
use crate::model::transfer::TransferState;
use crate::model::{Segment, chain};
use crate::tracker::Moving;

/// A stream of bytes.
pub(crate) type Pieces = BoxStream<'static, Result<Bytes, BlobError>>;

/// The bytes of `range`. The first blob is opened at once, so that a missing one is an answer and not a broken body.
///
/// # Errors
/// The blob store's.
pub(crate) async fn open(blobs: Arc<dyn Blobs>, segments: &[Segment], range: &Range<u64>) -> Result<Pieces, BlobError> {
    let mut parts = chain::slice(segments, range)?.into_iter();
    let Some((key, part)) = parts.next() else { return Ok(stream::empty().boxed()) };
    let first = blobs.read(&key, part).await?;
    let rest = stream::iter(parts.map(Ok)).and_then(move |(key, part)| {
        let blobs = Arc::clone(&blobs);
        async move { blobs.read(&key, part).await }
    });
    Ok(first.chain(rest.try_flatten()).boxed())
}

/// A body that is a transfer: it holds its permit until its end and tells how far it is.
pub(crate) struct Watched {
    pieces: Pieces,
    offset: u64,
    left: u64,
    moving: Moving,
    _permit: Option<Permit>,
}

impl Watched {
    /// `length` bytes, the first of which stands at `offset` of the file.
    #[must_use]
    pub(crate) fn new(pieces: Pieces, offset: u64, length: u64, moving: Moving, permit: Option<Permit>) -> Self {
        Self { pieces, offset, left: length, moving, _permit: permit }
    }
}

impl Stream for Watched {
    type Item = Result<Bytes, BlobError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.pieces.poll_next_unpin(context);
        match &polled {
            Poll::Ready(Some(Ok(piece))) => {
                let length = piece.len() as u64;
                self.offset += length;
                self.left = self.left.saturating_sub(length);
                self.moving.moved_to(self.offset);
            }
            Poll::Ready(Some(Err(error))) => {
                // The status is long gone; a body that ends early is all the client can be told.
                tracing::warn!(error = %error, "a download broke off: the blob store failed");
            }
            Poll::Ready(None) | Poll::Pending => {}
        }
        polled
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.moving.end(if self.left == 0 { TransferState::Done } else { TransferState::Disconnected });
    }
}

/// A `multipart/byteranges` body (RFC 9110 §14.6) in the making.
pub(crate) struct Multipart {
    /// What stands between the parts.
    pub(crate) boundary: String,
    /// The parts' type.
    pub(crate) media_type: String,
    /// The file's length.
    pub(crate) size: u64,
}

impl Multipart {
    fn head(&self, part: &Range<u64>) -> String {
        format!(
            "\r\n--{}\r\nContent-Type: {}\r\nContent-Range: bytes {}-{}/{}\r\n\r\n",
            self.boundary,
            self.media_type,
            part.start,
            part.end - 1,
            self.size
        )
    }

    fn tail(&self) -> String {
        format!("\r\n--{}--\r\n", self.boundary)
    }

    /// The length of the whole body.
    #[must_use]
    pub(crate) fn length(&self, parts: &[Range<u64>]) -> u64 {
        let of_parts = parts.iter().map(|part| self.head(part).len() as u64 + (part.end - part.start)).sum::<u64>();
        of_parts + self.tail().len() as u64
    }

    /// The whole body.
    ///
    /// # Errors
    /// The blob store's, if the first part cannot be opened.
    pub(crate) async fn body(
        self,
        blobs: Arc<dyn Blobs>,
        segments: Vec<Segment>,
        parts: Vec<Range<u64>>,
    ) -> Result<Pieces, BlobError> {
        let mut all: Vec<Pieces> = Vec::with_capacity(parts.len() * 2 + 1);
        for (index, part) in parts.into_iter().enumerate() {
            all.push(text(self.head(&part)));
            if index == 0 {
                all.push(open(Arc::clone(&blobs), &segments, &part).await?);
            } else {
                let (blobs, segments) = (Arc::clone(&blobs), segments.clone());
                let later = stream::once(async move { open(blobs, &segments, &part).await }).try_flatten();
                all.push(later.boxed());
            }
        }
        all.push(text(self.tail()));
        Ok(stream::iter(all).flatten().boxed())
    }
}

fn text(text: String) -> Pieces {
    stream::iter([Ok(Bytes::from(text))]).boxed()
}
