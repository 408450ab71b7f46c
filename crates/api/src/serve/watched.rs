//! The socket, watched: what was read to tell the protocols apart comes first, and closing lingers where it must.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::activity::{Activity, Command};

/// What an HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Thrown away at most while lingering; a client that sends more does not listen anyway.
const LINGER_BYTES: u64 = 256 << 20;

pub(super) struct Watched {
    stream: TcpStream,
    activity: Arc<Activity>,
    /// Read already, not yet handed on: `prefix[given..]`.
    prefix: [u8; PREFACE.len()],
    given: usize,
    filled: usize,
    lingered: Option<u64>,
}

impl Watched {
    pub(super) const fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity, prefix: [0; PREFACE.len()], given: 0, filled: 0, lingered: None }
    }

    /// Reads until it is clear whether this is HTTP/2. `None` if the client left.
    pub(super) async fn is_http2(&mut self) -> io::Result<Option<bool>> {
        loop {
            if self.prefix[..self.filled] != PREFACE[..self.filled] {
                return Ok(Some(false));
            }
            if self.filled == PREFACE.len() {
                return Ok(Some(true));
            }
            let read = self.stream.read(&mut self.prefix[self.filled..]).await?;
            if read == 0 {
                return Ok(None);
            }
            self.activity.bytes_came();
            self.filled += read;
        }
    }

    fn linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0_u8; 16 << 10];
        let thrown = self.lingered.get_or_insert_with(|| {
            self.activity.begins_to_linger();
            0
        });
        while *thrown < LINGER_BYTES {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Poll::Ready(()),
                Poll::Ready(Ok(())) => *thrown += buffer.filled().len() as u64,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.given < this.filled {
            let count = buffer.remaining().min(this.filled - this.given);
            buffer.put_slice(&this.prefix[this.given..this.given + count]);
            this.given += count;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Ready(result) => {
                if buffer.filled().len() > before {
                    this.activity.bytes_came();
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                // Registered before the command is looked at: one that comes in between wakes us.
                this.activity.register_reader(context.waker());
                if this.activity.commanded() == Command::Drop { Poll::Ready(Ok(())) } else { Poll::Pending }
            }
        }
    }
}

impl Watched {
    fn or_dropped<T>(&self, context: &Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_pending() {
            self.activity.register_writer(context.waker());
            if self.activity.commanded() == Command::Drop {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
        }
        result
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.or_dropped(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.or_dropped(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingered.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        if self.activity.must_linger() {
            ready!(self.linger(context));
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.activity.close();
    }
}
