//! Bytes on their way to a replica.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

/// Room for lines that an idle connection keeps.
const LINE: usize = 4 * 1024;

/// A line (a head, or the size of a chunk), data that is not copied, and what ends the data.
#[derive(Default)]
pub(super) struct Outbox {
    line: Vec<u8>,
    line_at: usize,
    data: Bytes,
    tail: &'static [u8],
    /// Some byte has left.
    began: bool,
}

impl Outbox {
    /// Room for a line; there is nothing else to be written.
    pub(super) fn begin_line(&mut self) -> &mut Vec<u8> {
        self.line.clear();
        self.line_at = 0;
        &mut self.line
    }

    /// What follows the line.
    pub(super) fn set_data(&mut self, data: Bytes, tail: &'static [u8]) {
        (self.data, self.tail) = (data, tail);
    }

    /// Room for the head of a new exchange, of which nothing has left.
    pub(super) fn begin_exchange(&mut self) -> &mut Vec<u8> {
        self.began = false;
        self.begin_line()
    }

    /// An idle connection keeps no more room than the next head needs.
    pub(super) fn rest(&mut self) {
        if self.line.capacity() > LINE {
            self.line = Vec::new();
        }
    }

    /// Something of the exchange has left.
    pub(super) const fn has_begun(&self) -> bool {
        self.began
    }

    /// Writes all of it.
    pub(super) fn poll_empty<W>(&mut self, io: &mut W, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        loop {
            let line = &self.line[self.line_at..];
            let written = if self.data.is_empty() && self.tail.is_empty() {
                if line.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                ready!(Pin::new(&mut *io).poll_write(cx, line))?
            } else {
                let slices = [IoSlice::new(line), IoSlice::new(&self.data), IoSlice::new(self.tail)];
                ready!(Pin::new(&mut *io).poll_write_vectored(cx, &slices))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.began = true;
            self.advance(written);
        }
    }

    fn advance(&mut self, written: usize) {
        let of_line = written.min(self.line.len() - self.line_at);
        self.line_at += of_line;
        let of_data = (written - of_line).min(self.data.len());
        self.data.advance(of_data);
        self.tail = &self.tail[written - of_line - of_data..];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes as many bytes at a time as it is told, then is full once; breaks when nobody tells it any more.
    struct Reluctant {
        takes: std::vec::IntoIter<usize>,
        full: bool,
        got: Vec<u8>,
    }

    impl AsyncWrite for Reluctant {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            self.full = !self.full;
            if self.full {
                return Poll::Pending;
            }
            let Some(count) = self.takes.next() else {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            };
            let taken = &bytes[..count.min(bytes.len())];
            self.got.extend_from_slice(taken);
            Poll::Ready(Ok(taken.len()))
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            self.poll_write(cx, &all)
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn write(outbox: &mut Outbox, takes: Vec<usize>) -> (io::Result<()>, Vec<u8>) {
        let mut io = Reluctant { takes: takes.into_iter(), full: false, got: Vec::new() };
        let mut cx = Context::from_waker(std::task::Waker::noop());
        loop {
            if let Poll::Ready(result) = outbox.poll_empty(&mut io, &mut cx) {
                return (result, io.got);
            }
        }
    }

    proptest! {
        #[test]
        fn every_byte_leaves_once_however_few_are_taken(
            line in prop::collection::vec(any::<u8>(), 0..50),
            data in prop::collection::vec(any::<u8>(), 0..200),
            ends in any::<bool>(),
            takes in prop::collection::vec(1_usize..90, 1..20),
        ) {
            let tail: &[u8] = if ends { b"\r\n" } else { b"" };
            let whole = [&line, &data, tail].concat();
            let mut outbox = Outbox::default();
            outbox.begin_exchange().extend_from_slice(&line);
            outbox.set_data(Bytes::from(data.clone()), tail);
            let (result, got) = write(&mut outbox, takes.iter().copied().cycle().take(400).collect());
            prop_assert!(result.is_ok());
            prop_assert_eq!(&got, &whole);
            prop_assert_eq!(outbox.has_begun(), !whole.is_empty());

            outbox.begin_exchange().extend_from_slice(&line);
            outbox.set_data(Bytes::from(data), tail);
            let (result, got) = write(&mut outbox, vec![takes[0]]);
            prop_assert_eq!(result.is_err(), whole.len() > takes[0]);
            prop_assert!(whole.starts_with(&got));
        }
    }

    #[test]
    fn a_connection_that_takes_nothing_has_not_begun() {
        let mut outbox = Outbox::default();
        outbox.begin_exchange().extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
        assert!(write(&mut outbox, Vec::new()).0.is_err());
        assert!(!outbox.has_begun());
    }
}
