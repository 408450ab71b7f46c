//! The body of an answer on its way to the client.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::flight::Flight;
use crate::balance::replica::Pending;
use crate::upstream::h1::{AnswerBody, Broken};

/// Bytes that one answer may pass before the others have their turn. Between two fast links nothing else would end a
/// body's turn for tens of megabytes, and whoever asks for a little meanwhile would wait for twelve of those.
const TURN: usize = 128 << 10;

/// Why an answer ended early: the client sees its connection or stream break.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
    /// The replica's connection or framing broke.
    #[error("the replica's answer broke off")]
    Replica(#[source] Broken),
    /// The same, on a connection that hyper drives.
    #[error("the replica's answer broke off")]
    Driven(#[source] hyper::Error),
    /// No byte came for too long.
    #[error("the replica's answer made no progress")]
    Idle,
}

enum Source {
    Empty,
    Whole(Option<Bytes>),
    H1(Box<AnswerBody>),
    Driven(Incoming),
}

/// An answer's body and what must happen when it ends.
pub(crate) struct Body {
    source: Source,
    patience: Option<Patience>,
    flight: Option<Box<Flight>>,
    turn: usize,
    _pending: Option<Pending>,
}

/// How long a replica may pause within an answer.
struct Patience {
    idle: Duration,
    last: Instant,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    fn poll_over(&mut self, cx: &mut Context<'_>) -> bool {
        if self.alarm.is_none() {
            self.last = Instant::now();
        }
        loop {
            let deadline = self.last + self.idle;
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            if alarm.as_mut().poll(cx).is_pending() {
                return false;
            }
            if Instant::now() >= deadline {
                return true;
            }
            alarm.as_mut().reset(deadline);
        }
    }
}

impl Body {
    const fn of(source: Source) -> Self {
        Self { source, patience: None, flight: None, turn: 0, _pending: None }
    }

    /// No body.
    pub(crate) const fn empty() -> Self {
        Self::of(Source::Empty)
    }

    /// A body that is here.
    pub(crate) fn whole(data: Bytes) -> Self {
        Self::of(if data.is_empty() { Source::Empty } else { Source::Whole(Some(data)) })
    }

    /// An HTTP/1.1 replica's answer.
    pub(crate) fn h1(body: Box<AnswerBody>, pending: Pending, idle: Option<Duration>) -> Self {
        Self { _pending: Some(pending), patience: idle.map(patience), ..Self::of(Source::H1(body)) }
    }

    /// An answer on a connection that has a task of its own: HTTP/2's, or one that was to be upgraded.
    pub(crate) fn driven(body: Incoming, pending: Pending, idle: Option<Duration>) -> Self {
        Self { _pending: Some(pending), patience: idle.map(patience), ..Self::of(Source::Driven(body)) }
    }

    /// Keeps `flight` until the body's end.
    pub(crate) fn accompanied(self, flight: Box<Flight>) -> Self {
        Self { flight: Some(flight), ..self }
    }
}

fn patience(idle: Duration) -> Patience {
    Patience { idle, last: Instant::now(), alarm: None }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = AnswerError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        let this = &mut *self;
        if this.turn >= TURN {
            this.turn = 0;
            kernel::turn::pass(cx);
            return Poll::Pending;
        }
        let polled = match &mut this.source {
            Source::Empty => Poll::Ready(None),
            Source::Whole(data) => Poll::Ready(data.take().map(|data| Ok(Frame::data(data)))),
            Source::H1(body) => Pin::new(body.as_mut()).poll_frame(cx).map_err(AnswerError::Replica),
            Source::Driven(body) => Pin::new(body).poll_frame(cx).map_err(AnswerError::Driven),
        };
        if let Some(patience) = &mut this.patience {
            if polled.is_ready() {
                patience.last = if patience.alarm.is_some() { Instant::now() } else { patience.last };
            } else if patience.poll_over(cx) {
                this.source = Source::Empty;
                return Poll::Ready(Some(Err(AnswerError::Idle)));
            }
        }
        let passed = match &polled {
            Poll::Ready(Some(Ok(frame))) => frame.data_ref().map_or(0, Bytes::len),
            Poll::Ready(_) => 0,
            Poll::Pending => {
                this.turn = 0;
                0
            }
        };
        this.turn += passed;
        if let Some(flight) = &mut this.flight {
            flight.bytes += passed as u64;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Empty => true,
            Source::Whole(data) => data.is_none(),
            Source::H1(body) => body.is_end_stream(),
            Source::Driven(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Empty => SizeHint::with_exact(0),
            Source::Whole(data) => SizeHint::with_exact(data.as_ref().map_or(0, |data| data.len() as u64)),
            Source::H1(body) => body.size_hint(),
            Source::Driven(body) => body.size_hint(),
        }
    }
}
