//! One HTTP/1.1 connection to a replica.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use http::{Method, StatusCode};
use tokio::io::AsyncRead;
use tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;

use super::head::{AnswerHead, Malformed, take_head};
use super::outbox::Outbox;
use super::sending::{SendError, Sending};
use crate::balance::replica::Pending;
use crate::proxy::head::Head;
use crate::proxy::request_body::Upload;

/// Room for an answer's head, and for the small bodies that come with it.
pub(super) const INBOX: usize = 8 * 1024;

/// A connection and its buffers.
pub(crate) struct Link {
    pub(super) stream: TcpStream,
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
}

/// What has been read and not been used.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) bytes: BytesMut,
    /// It has been made larger for a long body.
    grown: bool,
}

impl Inbox {
    /// Reads once, with room for `expected` more bytes. Zero bytes are the end of the connection.
    pub(super) fn poll_fill<R>(&mut self, io: &mut R, expected: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>>
    where
        R: AsyncRead + Unpin,
    {
        if self.bytes.capacity() - self.bytes.len() < expected.div_ceil(2) {
            let wanted = expected.max(INBOX);
            self.grown |= wanted > INBOX;
            self.bytes.reserve(wanted);
        }
        poll_read_buf(Pin::new(io), cx, &mut self.bytes)
    }

    /// An idle connection keeps no more than it needs for the next answer.
    pub(super) fn rest(&mut self) {
        if std::mem::take(&mut self.grown) {
            self.bytes = BytesMut::new();
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The connection had closed before anything of the request was on it.
    #[error("the connection had closed")]
    Stale,
    /// It ended before the answer's head did.
    #[error("the connection ended before the answer")]
    Closed,
    /// Reading failed.
    #[error(transparent)]
    Read(io::Error),
    /// The answer makes no sense.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The request could not be sent.
    #[error(transparent)]
    Send(SendError),
}

impl Link {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, inbox: Inbox::default(), outbox: Outbox::default() }
    }

    /// Sends a request and waits for the head of its answer. The answer may come while the request is being sent.
    pub(super) async fn ask(
        &mut self,
        head: &Head,
        sending: &mut Sending,
        reused: bool,
        pending: &mut Pending,
    ) -> Result<Asked, NoAnswer> {
        let mut asking = Asking { upload: sending.body().upload(), sent: Sent::Partly, began: false, watched: false };
        std::future::poll_fn(|cx| {
            if !asking.began {
                // Whatever is there to be read on an idle connection, it is no answer.
                if reused && self.inbox.poll_fill(&mut self.stream, INBOX, cx).is_ready() {
                    return Poll::Ready(Err(NoAnswer::Stale));
                }
                asking.began = true;
                asking.watched = reused;
                sending.begin(head, &mut self.outbox);
            }
            if asking.sent == Sent::Partly {
                let written = asking.write(self, sending, cx);
                pending.sent();
                written?;
            }
            if std::mem::take(&mut asking.watched) {
                return Poll::Pending;
            }
            let head = ready!(asking.read(self, &head.method, cx))?;
            Poll::Ready(Ok(Asked { head, sent: asking.sent }))
        })
        .await
    }
}

/// How much of a request was sent when its answer began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    All,
    Partly,
    /// The replica took no more of it.
    Broken,
}

/// An answer that began.
pub(super) struct Asked {
    pub(super) head: AnswerHead,
    pub(super) sent: Sent,
}

/// How far an exchange has come.
struct Asking {
    upload: Option<Arc<Upload>>,
    sent: Sent,
    began: bool,
    /// The read side was asked a moment ago, and will wake us.
    watched: bool,
}

impl Asking {
    fn write(&mut self, link: &mut Link, sending: &mut Sending, cx: &mut Context<'_>) -> Result<(), NoAnswer> {
        match sending.poll(&mut link.outbox, &mut link.stream, cx) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.sent = Sent::All,
            Poll::Ready(Err(SendError::Replica(_))) if !link.outbox.has_begun() => return Err(NoAnswer::Stale),
            // A replica that refuses an upload answers, then closes: the answer is still on its way.
            Poll::Ready(Err(SendError::Replica(_))) => {
                sending.end();
                self.sent = Sent::Broken;
                self.watched = false;
            }
            Poll::Ready(Err(error)) => return Err(NoAnswer::Send(error)),
        }
        Ok(())
    }

    fn read(&mut self, link: &mut Link, method: &Method, cx: &mut Context<'_>) -> Poll<Result<AnswerHead, NoAnswer>> {
        loop {
            if !link.inbox.bytes.is_empty()
                && let Some(head) = take_head(&mut link.inbox.bytes, method)?
            {
                if !head.status.is_informational() {
                    return Poll::Ready(Ok(head));
                }
                match (head.status, &self.upload) {
                    (StatusCode::SWITCHING_PROTOCOLS, _) => return Poll::Ready(Err(Malformed::Switch.into())),
                    (StatusCode::CONTINUE, Some(upload)) => upload.allow(),
                    _ => {}
                }
                continue;
            }
            if ready!(link.inbox.poll_fill(&mut link.stream, INBOX, cx)).map_err(NoAnswer::Read)? == 0 {
                return Poll::Ready(Err(NoAnswer::Closed));
            }
        }
    }
}
