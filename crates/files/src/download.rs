//! Sending bytes: a body that is watched and counted while it goes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use kernel::blobs::BlobError;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::admission::Permit;
use crate::model::audit::Ending;
use crate::model::transfer::TransferState;
use crate::tracker::{Moving, Order};

mod ledger;
mod source;

pub(crate) use ledger::{Carried, Ledger};
pub(crate) use source::{Held, Multipart, Origin, Pieces, Source, read_chain};

/// A body that is a transfer: it holds its permit until its end, tells how far it is, and is written down when it is over.
pub(crate) struct Watched {
    pieces: Pieces,
    ledger: Ledger,
    sent: u64,
    left: u64,
    /// A piece went, and this body's turn is over.
    moved: bool,
    moving: Option<Moving>,
    stop: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    _permit: Option<Permit>,
}

impl Watched {
    /// A body of `length` bytes. With `moving` people see it move, and may stop it.
    #[must_use]
    pub(crate) fn new(pieces: Pieces, ledger: Ledger, length: u64, moving: Option<(Moving, Permit)>) -> Self {
        let (moving, permit) = moving.unzip();
        let stop = moving.as_ref().map(|moving| Box::pin(moving.stop().cancelled_owned()));
        Self { pieces, ledger, sent: 0, left: length, moved: false, moving, stop, _permit: permit }
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
        if std::mem::take(&mut self.moved) {
            // What lies in memory is always ready, and nothing else would end this body's turn before the client's side is
            // full: others wait meanwhile.
            kernel::turn::pass(context);
            return Poll::Pending;
        }
        let polled = self.pieces.poll_next_unpin(context);
        match &polled {
            Poll::Ready(Some(Ok(piece))) => {
                self.moved = true;
                let length = piece.len() as u64;
                self.sent += length;
                self.left = self.left.saturating_sub(length);
                if let Some(moving) = &self.moving {
                    moving.moved_to(self.ledger.start() + self.sent);
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
        self.ledger.end(self.sent, ending);
    }
}
