//! A request on its way to a replica.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRAILER};
use http::{HeaderMap, HeaderName, Method};
use http_body::{Body as _, Frame};
use tokio::io::AsyncWrite;

use super::outbox::Outbox;
use crate::proxy::head::Head;
use crate::proxy::headers::is_hop_by_hop;
use crate::proxy::request_body::{BodyError, RequestBody};

/// Why a request could not be sent to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// The replica takes no more. It may have answered already.
    #[error("the connection broke off while the request was sent")]
    Replica(#[source] io::Error),
    /// The client's body ended badly.
    #[error(transparent)]
    Client(#[from] BodyError),
    /// It is not as long as announced.
    #[error("the request's body is not as long as it was to be")]
    Length,
}

/// How the replica knows the end of a request's body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// There is none, or all of it has been taken.
    Over,
    /// So many bytes are left.
    Length(u64),
    Chunked,
}

impl Framing {
    fn of(body: &RequestBody) -> Self {
        match (body, body.size_hint().exact()) {
            (RequestBody::Empty, _) => Self::Over,
            (_, Some(length)) => Self::Length(length),
            (_, None) => Self::Chunked,
        }
    }
}

/// A request's body, and how much of it is left to be sent.
pub(super) struct Sending {
    body: RequestBody,
    framing: Framing,
    /// Trailers that the request announced: others are not sent.
    announced: Vec<HeaderName>,
}

impl Sending {
    pub(super) fn new(head: &Head, body: RequestBody) -> Self {
        let framing = Framing::of(&body);
        let announced = if framing == Framing::Chunked { announced(&head.headers) } else { Vec::new() };
        Self { body, framing, announced }
    }

    /// Everything has been taken from the client.
    pub(super) fn is_over(&self) -> bool {
        self.framing == Framing::Over
    }

    /// Takes no more from the client.
    pub(super) fn end(&mut self) {
        self.body = RequestBody::Empty;
        self.framing = Framing::Over;
    }

    pub(super) const fn body(&self) -> &RequestBody {
        &self.body
    }

    pub(super) fn into_body(self) -> RequestBody {
        self.body
    }

    /// Writes the head to `outbox`, and with it a body that is here. As long as nothing of that has left, it may be done
    /// again with another.
    pub(super) fn begin(&mut self, head: &Head, outbox: &mut Outbox) {
        self.framing = Framing::of(&self.body);
        write_head(outbox.begin_exchange(), head, self.framing);
        if let RequestBody::Whole(Some(data)) = &self.body {
            outbox.set_data(data.clone(), b"");
            self.framing = Framing::Over;
        }
    }

    /// Sends as much as the replica takes and the client gives.
    pub(super) fn poll<W>(
        &mut self,
        outbox: &mut Outbox,
        io: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>>
    where
        W: AsyncWrite + Unpin,
    {
        loop {
            ready!(outbox.poll_empty(io, cx)).map_err(SendError::Replica)?;
            if self.is_over() {
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()? {
                Some(frame) => self.take(frame, outbox)?,
                None => self.finish(&HeaderMap::new(), outbox)?,
            }
        }
    }

    fn take(&mut self, frame: Frame<Bytes>, outbox: &mut Outbox) -> Result<(), SendError> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => return self.finish(&frame.into_trailers().unwrap_or_default(), outbox),
        };
        match &mut self.framing {
            Framing::Chunked if data.is_empty() => {}
            Framing::Chunked => {
                write_hex(outbox.begin_line(), data.len());
                outbox.set_data(data, b"\r\n");
            }
            Framing::Length(left) => {
                *left = left.checked_sub(data.len() as u64).ok_or(SendError::Length)?;
                let last = *left == 0;
                outbox.set_data(data, b"");
                if last {
                    self.end();
                }
            }
            Framing::Over => return Err(SendError::Length),
        }
        Ok(())
    }

    fn finish(&mut self, trailers: &HeaderMap, outbox: &mut Outbox) -> Result<(), SendError> {
        match self.framing {
            Framing::Length(1..) => return Err(SendError::Length),
            Framing::Length(0) | Framing::Over => {}
            Framing::Chunked => {
                let line = outbox.begin_line();
                line.extend_from_slice(b"0\r\n");
                for (name, value) in trailers.iter().filter(|(name, _)| self.announced.contains(name)) {
                    write_field(line, name.as_str(), value.as_bytes());
                }
                line.extend_from_slice(b"\r\n");
            }
        }
        self.end();
        Ok(())
    }
}

/// The fields that may be in the trailer section: those that `Trailer` names, except what must come first.
fn announced(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(TRAILER).iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok());
    let early = [CONTENT_LENGTH, CONTENT_TYPE, HOST, AUTHORIZATION, TRAILER];
    names.filter(|name: &HeaderName| !early.contains(name) && !is_hop_by_hop(name.as_str())).collect()
}

/// The request line and the fields. The types of `head` rule out line ends within any of them.
fn write_head(line: &mut Vec<u8>, head: &Head, framing: Framing) {
    line.extend_from_slice(head.method.as_str().as_bytes());
    line.push(b' ');
    let target = head.target();
    if !target.starts_with('/') && target != "*" {
        line.push(b'/');
    }
    line.extend_from_slice(target.as_bytes());
    line.extend_from_slice(b" HTTP/1.1\r\n");
    head.fields(|name, value| {
        if name != CONTENT_LENGTH {
            write_field(line, name.as_str(), value.as_bytes());
        }
    });
    match framing {
        Framing::Length(length) => write_field(line, "content-length", length.to_string().as_bytes()),
        Framing::Chunked => line.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Framing::Over if expects_length(head) => line.extend_from_slice(b"content-length: 0\r\n"),
        Framing::Over => {}
    }
    line.extend_from_slice(b"\r\n");
}

/// Methods whose requests usually have a body say when there is none (RFC 9110, section 8.6).
fn expects_length(head: &Head) -> bool {
    matches!(head.method, Method::POST | Method::PUT | Method::PATCH) || head.headers.contains_key(CONTENT_LENGTH)
}

fn write_field(line: &mut Vec<u8>, name: &str, value: &[u8]) {
    line.reserve(name.len() + value.len() + 4);
    line.extend_from_slice(name.as_bytes());
    line.extend_from_slice(b": ");
    line.extend_from_slice(value);
    line.extend_from_slice(b"\r\n");
}

/// The size of a chunk.
fn write_hex(line: &mut Vec<u8>, size: usize) {
    line.extend_from_slice(format!("{size:x}\r\n").as_bytes());
}
