//! A client's connection, with an eye on its progress: hyper's own header deadline also ends idle connections and does not
//! see half a preface.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::watch::Watch;

/// What is read of a connection to tell the protocols apart.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream to a client, in clear or within TLS.
pub(crate) enum Stream {
    /// In clear.
    Plain(TcpStream),
    /// Within TLS.
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

/// What the bytes mean.
#[derive(Debug)]
enum Framing {
    /// HTTP/1: bytes that come while no request is in flight begin one.
    Http1,
    /// HTTP/2: frames have lengths.
    Http2(Frames),
}

/// A stream whose progress is watched, with the bytes that were read to find out what it speaks.
pub(crate) struct DoorIo {
    stream: Stream,
    read_ahead: Bytes,
    framing: Framing,
    watch: Arc<Watch>,
}

impl DoorIo {
    pub(crate) fn new(stream: Stream, read_ahead: Bytes, http2: bool, watch: Arc<Watch>) -> Self {
        let framing = if http2 { Framing::Http2(Frames::default()) } else { Framing::Http1 };
        Self { stream, read_ahead, framing, watch }
    }

    fn note_read(&mut self, fresh: &[u8]) {
        if fresh.is_empty() {
            return;
        }
        match &mut self.framing {
            Framing::Http1 => {
                if self.watch.in_flight() == 0 {
                    self.watch.partial(true);
                }
            }
            Framing::Http2(frames) => {
                let partial = frames.advance(fresh);
                if frames.was_whole {
                    self.watch.partial(false);
                }
                self.watch.partial(partial);
            }
        }
    }

    fn note_write(&self, result: &Poll<io::Result<usize>>) {
        self.watch.blocked(result.is_pending());
    }
}

impl AsyncRead for DoorIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if self.read_ahead.is_empty() {
            let polled = match &mut self.stream {
                Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
                Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            };
            std::task::ready!(polled)?;
        } else {
            let count = self.read_ahead.len().min(buf.remaining());
            buf.put_slice(&self.read_ahead[..count]);
            self.read_ahead.advance(count);
        }
        self.note_read(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for DoorIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        self.note_write(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        };
        self.note_write(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(_) => true,
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        if result.is_pending() {
            self.watch.blocked(true);
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Follows HTTP/2 frame boundaries (RFC 9113, section 4.1), to know when a frame or a header block is unfinished.
#[derive(Debug)]
struct Frames {
    preface: usize,
    head: [u8; 9],
    have: usize,
    body: usize,
    open_headers: bool,
    /// Within the last bytes there was a moment at which nothing was unfinished: the deadline starts anew.
    was_whole: bool,
}

impl Default for Frames {
    fn default() -> Self {
        Self { preface: PREFACE.len(), head: [0; 9], have: 0, body: 0, open_headers: false, was_whole: false }
    }
}

impl Frames {
    /// Takes in bytes; true if something is unfinished after them.
    fn advance(&mut self, mut bytes: &[u8]) -> bool {
        let skipped = self.preface.min(bytes.len());
        self.preface -= skipped;
        bytes = &bytes[skipped..];
        self.was_whole = false;
        while !bytes.is_empty() {
            self.was_whole |= self.body == 0 && self.have == 0 && !self.open_headers;
            if self.body > 0 {
                let taken = self.body.min(bytes.len());
                self.body -= taken;
                bytes = &bytes[taken..];
                continue;
            }
            let taken = (9 - self.have).min(bytes.len());
            self.head[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == 9 {
                self.have = 0;
                self.body =
                    usize::from(self.head[0]) << 16 | usize::from(self.head[1]) << 8 | usize::from(self.head[2]);
                // HEADERS is 1, CONTINUATION is 9, END_HEADERS is 4.
                if matches!(self.head[3], 1 | 9) {
                    self.open_headers = self.head[4] & 4 == 0;
                }
            }
        }
        self.preface > 0 || self.have > 0 || self.open_headers || (self.body > 0 && self.head[3] != 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, flags: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, u8::try_from(body.len()).expect("short"), kind, flags, 0, 0, 0, 1];
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn a_header_block_is_unfinished_until_it_says_so() {
        let mut frames = Frames::default();
        assert!(frames.advance(&PREFACE[..10]));
        assert!(!frames.advance(&PREFACE[10..]));
        assert!(frames.advance(&frame(1, 0, b"abc")), "HEADERS without END_HEADERS");
        assert!(frames.advance(&frame(9, 0, b"def")));
        assert!(!frames.advance(&frame(9, 4, b"ghi")));
        assert!(!frames.advance(&frame(0, 0, b"data")));
    }

    proptest! {
        #[test]
        fn cutting_the_bytes_elsewhere_changes_nothing(cuts in prop::collection::vec(1_usize..40, 1..20)) {
            let mut bytes = PREFACE.to_vec();
            for kind in [4_u8, 1, 9, 0, 8, 1] {
                bytes.extend(frame(kind, if kind == 9 { 4 } else { 0 }, &[kind; 30]));
            }
            let mut whole = Frames::default();
            let expected = whole.advance(&bytes);
            let mut cut = Frames::default();
            let (mut rest, mut last) = (bytes.as_slice(), false);
            for size in cuts.into_iter().cycle() {
                let (head, tail) = rest.split_at(size.min(rest.len()));
                last = cut.advance(head);
                rest = tail;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(last, expected);
            prop_assert_eq!((cut.have, cut.body, cut.open_headers), (whole.have, whole.body, whole.open_headers));
        }
    }
}
