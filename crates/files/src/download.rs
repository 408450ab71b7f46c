//! Sending bytes: a file's chain as one stream, watched and counted while it goes.

use std::future::Future;
use std::iter;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use kernel::blobs::{BlobError, Blobs};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::admission::Permit;
use crate::model::audit::Ending;
use crate::model::transfer::TransferState;
use crate::model::{Segment, chain};
use crate::recorder::Recording;
use crate::tracker::{Moving, Order};

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

/// A body that is a transfer: it holds its permit until its end, tells how far it is, and is written down when it is over.
pub(crate) struct Watched {
    pieces: Pieces,
    sent: Sent,
    offset: u64,
    left: u64,
    recording: Recording,
    moving: Option<Moving>,
    stop: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    _permit: Option<Permit>,
}

/// Which bytes of the file a body carries.
pub(crate) enum Sent {
    /// Those from here on, as many as there were.
    From(u64),
    /// These, between other bytes: known only of a body that went whole.
    Parts(Vec<Range<u64>>),
}

impl Watched {
    /// A body of `length` bytes. With `moving` people see it move, and may stop it.
    #[must_use]
    pub(crate) fn new(
        pieces: Pieces,
        sent: Sent,
        length: u64,
        recording: Recording,
        moving: Option<(Moving, Permit)>,
    ) -> Self {
        let offset = match &sent {
            Sent::From(offset) => *offset,
            Sent::Parts(parts) => parts.first().map_or(0, |part| part.start),
        };
        let (moving, permit) = moving.unzip();
        let stop = moving.as_ref().map(|moving| Box::pin(moving.stop().cancelled_owned()));
        Self { pieces, sent, offset, left: length, recording, moving, stop, _permit: permit }
    }
}

impl Stream for Watched {
    type Item = Result<Bytes, BlobError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(stop) = &mut self.stop
            && stop.as_mut().poll(context).is_ready()
        {
            self.stop = None;
            // An early end is the only thing that a client understands after the status.
            let ordered =
                std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "the download was stopped by order");
            return Poll::Ready(Some(Err(BlobError::Io(ordered))));
        }
        let polled = self.pieces.poll_next_unpin(context);
        match &polled {
            Poll::Ready(Some(Ok(piece))) => {
                let length = piece.len() as u64;
                self.offset += length;
                self.left = self.left.saturating_sub(length);
                if let Some(moving) = &self.moving {
                    moving.moved_to(self.offset);
                }
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
        let order = self.moving.as_ref().and_then(Moving::order);
        let (state, ending) = match (self.left, order) {
            (0, _) => (TransferState::Done, Ending::Whole),
            (_, Some(Order::Pause)) => (TransferState::Paused, Ending::Paused),
            (_, Some(Order::End)) => (TransferState::Disconnected, Ending::Ended),
            (_, None) => (TransferState::Disconnected, Ending::Broken),
        };
        if let Some(moving) = &self.moving {
            moving.end(state);
        }
        let (pieces, bytes) = match &mut self.sent {
            Sent::From(start) => (iter::once(*start..self.offset).collect(), self.offset - *start),
            Sent::Parts(parts) if ending == Ending::Whole => {
                let parts = std::mem::take(parts);
                let bytes = parts.iter().map(|part| part.end - part.start).sum();
                (parts, bytes)
            }
            Sent::Parts(parts) => {
                let most = parts.iter().map(|part| part.end - part.start).sum();
                let start = parts.first().map_or(0, |part| part.start);
                (Vec::new(), (self.offset - start).min(most))
            }
        };
        self.recording.end(pieces, bytes, ending);
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
