//! The body of a replica's answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::BUFFER;
use super::framing::{Framing, Step};
use super::head::Malformed;
use super::link::{INBOX, Inbox, Link};
use super::outbox::Outbox;
use super::sending::Sending;
use crate::balance::replica::Replica;

/// Why an answer ended before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// Reading failed.
    #[error("reading the answer failed")]
    Read(#[source] io::Error),
    /// The connection ended within the body.
    #[error("the connection ended before the answer did")]
    Closed,
    /// The body is not what its head said.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Where an answer comes from.
enum Wire {
    /// A connection that does nothing else; whether it carries another request afterwards.
    Idle(TcpStream, Outbox, bool),
    /// One that still takes the request: a task sends it, because neither direction may wait for the other.
    Busy { reader: OwnedReadHalf, _upload: Upload },
    /// None any more.
    Gone,
}

/// The task that sends the rest of a request whose answer has begun. When nobody reads the answer any more, or it has
/// ended, nobody wants the rest of the request either.
struct Upload(AbortHandle);

impl Drop for Upload {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The body of a replica's answer. At its end the connection goes back to the pool.
pub(crate) struct AnswerBody {
    framing: Framing,
    inbox: Inbox,
    wire: Wire,
    replica: Arc<Replica>,
    /// Room for the next read, if nobody knows how much is to come.
    room: usize,
}

impl AnswerBody {
    /// The rest of an answer whose request was sent; `keeps` if the connection may carry another.
    pub(super) fn new(framing: Framing, link: Link, keeps: bool, replica: Arc<Replica>) -> Self {
        let Link { stream, inbox, outbox } = link;
        Self { framing, inbox, wire: Wire::Idle(stream, outbox, keeps), replica, room: INBOX }
    }

    /// The rest of an answer whose request is still being sent.
    pub(super) fn early(framing: Framing, link: Link, mut sending: Sending, replica: Arc<Replica>) -> Self {
        let Link { stream, inbox, mut outbox } = link;
        let (reader, mut writer) = stream.into_split();
        let task = tokio::spawn(async move {
            // Dropping the writer closes this direction: that is for a request that was not sent to its end.
            if std::future::poll_fn(|cx| sending.poll(&mut outbox, &mut writer, cx)).await.is_ok() {
                writer.forget();
            }
        });
        Self { framing, inbox, wire: Wire::Busy { reader, _upload: Upload(task.abort_handle()) }, replica, room: INBOX }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Broken>> {
        let room = match self.framing.length() {
            Some(left) => usize::try_from(left).map_or(BUFFER, |left| left.min(BUFFER)),
            None => self.room,
        };
        let read = match &mut self.wire {
            Wire::Idle(stream, ..) => self.inbox.poll_fill(stream, room, cx),
            Wire::Busy { reader, .. } => self.inbox.poll_fill(reader, room, cx),
            Wire::Gone => Poll::Ready(Ok(0)),
        };
        let count = ready!(read).map_err(Broken::Read)?;
        if count >= self.room {
            self.room = (self.room * 2).min(BUFFER);
        }
        Poll::Ready(Ok(count))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            match self.framing.step(&mut self.inbox.bytes)? {
                Step::Data(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Step::Trailers(trailers) => return Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Step::End => return Poll::Ready(None),
                Step::More => {}
            }
            if ready!(self.poll_read(cx))? == 0 {
                return Poll::Ready(match self.framing {
                    Framing::UntilClose => None,
                    Framing::Length(_) | Framing::Chunked(_) => Some(Err(Broken::Closed)),
                });
            }
        }
    }

    /// The body has ended, in one way or another.
    fn finish(&mut self) {
        if let Wire::Idle(stream, outbox, true) = std::mem::replace(&mut self.wire, Wire::Gone)
            && self.framing.is_done()
        {
            let link = Link { stream, inbox: std::mem::take(&mut self.inbox), outbox };
            link.give(&self.replica);
        }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        let polled = ready!(this.poll_next(cx));
        match &polled {
            Some(Ok(_)) => {
                this.replica.hear(Instant::now());
                if this.framing.is_done() {
                    this.finish();
                }
            }
            Some(Err(_)) | None => this.finish(),
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.framing.is_done()
    }

    fn size_hint(&self) -> SizeHint {
        self.framing.length().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
