//! The body of a request on its way to a replica.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::task::AtomicWaker;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

/// How long a client that expects `100 Continue` waits for the replica's word before its body goes anyway.
const EXPECT_PATIENCE: Duration = Duration::from_secs(1);
/// What is read of a body nobody wants, so that the client finishes sending and reads its answer.
const DRAIN_BYTES: u64 = 256 << 20;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(30);

/// What is known of a streaming request body outside the task that sends it.
#[derive(Debug)]
pub(crate) struct Upload {
    finished: AtomicBool,
    allowed: AtomicBool,
    waker: AtomicWaker,
}

impl Upload {
    /// The whole body has been taken, or nobody wants the rest.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// The replica wants the body (`100 Continue`).
    pub(crate) fn allow(&self) {
        self.allowed.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// Why a request's body ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The client's connection or framing broke.
    #[error("the client's body broke off")]
    Client(#[source] hyper::Error),
    /// No byte came for too long.
    #[error("the client's body made no progress")]
    Idle,
}

/// A body that goes to a replica.
pub(crate) enum RequestBody {
    /// None.
    Empty,
    /// One that is here and can be sent again.
    Whole(Option<Bytes>),
    /// One that is still arriving.
    Stream(Box<Streaming>),
}

/// A body that is still arriving.
pub(crate) struct Streaming {
    incoming: Option<Incoming>,
    upload: Arc<Upload>,
    /// The client waits for `100 Continue`, which polling the body would send.
    held: bool,
    idle: Duration,
    last: Instant,
    alarm: Option<Pin<Box<Sleep>>>,
    drains: bool,
}

impl RequestBody {
    /// Streams `incoming`. It fails when idle for `idle`; if `drains`, what is left of it when nobody wants it is read,
    /// within limits, so that the answer is not lost with the connection (HTTP/1 only).
    pub(crate) fn stream(incoming: Incoming, held: bool, idle: Duration, drains: bool) -> Self {
        let upload =
            Upload { finished: AtomicBool::new(false), allowed: AtomicBool::new(!held), waker: AtomicWaker::new() };
        Self::Stream(Box::new(Streaming {
            incoming: Some(incoming),
            upload: Arc::new(upload),
            held,
            idle,
            last: Instant::now(),
            alarm: None,
            drains,
        }))
    }

    /// The progress of a body that streams.
    pub(crate) fn upload(&self) -> Option<Arc<Upload>> {
        match self {
            Self::Stream(streaming) => Some(Arc::clone(&streaming.upload)),
            Self::Empty | Self::Whole(_) => None,
        }
    }

    /// Its client waits for `100 Continue` before it sends any of it.
    pub(crate) fn is_held(&self) -> bool {
        matches!(self, Self::Stream(streaming) if streaming.held)
    }
}

impl Streaming {
    fn poll_alarm(&mut self, cx: &mut Context<'_>, after: Duration) -> Poll<()> {
        loop {
            let deadline = self.last + after;
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            std::task::ready!(alarm.as_mut().poll(cx));
            if Instant::now() >= self.last + after {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(self.last + after);
        }
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.held {
            self.upload.waker.register(cx.waker());
            if !self.upload.allowed.load(Ordering::Acquire) {
                std::task::ready!(self.poll_alarm(cx, EXPECT_PATIENCE));
            }
            self.held = false;
            self.alarm = None;
            self.last = Instant::now();
        }
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        match Pin::new(&mut *incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if self.alarm.is_some() {
                    self.last = Instant::now();
                }
                if incoming.is_end_stream() {
                    self.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.finish();
                Poll::Ready(Some(Err(BodyError::Client(error))))
            }
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(None)
            }
            Poll::Pending => {
                if self.alarm.is_none() {
                    self.last = Instant::now();
                }
                let idle = self.idle;
                std::task::ready!(self.poll_alarm(cx, idle));
                self.finish();
                Poll::Ready(Some(Err(BodyError::Idle)))
            }
        }
    }

    fn finish(&mut self) {
        self.incoming = None;
        self.alarm = None;
        self.upload.finished.store(true, Ordering::Release);
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.upload.finished.store(true, Ordering::Release);
        // A body that is held was never asked for: its client is still waiting and sends nothing.
        if self.drains
            && !self.held
            && let Some(incoming) = self.incoming.take()
        {
            tokio::spawn(drain(incoming));
        }
    }
}

async fn drain(mut incoming: Incoming) {
    let reading = async {
        let mut read = 0;
        while let Some(Ok(frame)) = incoming.frame().await {
            read += frame.data_ref().map_or(0, |data| data.len() as u64);
            if read >= DRAIN_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIME, reading).await;
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(data) => Poll::Ready(data.take().map(|data| Ok(Frame::data(data)))),
            Self::Stream(streaming) => streaming.poll_data(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(data) => data.is_none(),
            Self::Stream(streaming) => streaming.incoming.as_ref().is_none_or(Body::is_end_stream),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(data) => SizeHint::with_exact(data.as_ref().map_or(0, |data| data.len() as u64)),
            Self::Stream(streaming) => {
                streaming.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
            }
        }
    }
}
