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
