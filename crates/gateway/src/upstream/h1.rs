//! HTTP/1.1 exchanges, driven by the task that wants the answer.
//!
//! hyper's usual shape gives each connection a task of its own, and each request then costs two wake-ups and a change of
//! thread. Here the connection is polled by the request's future and by the answer's body, so a request costs none.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::connect::{UpstreamIo, connect};
use super::{Failure, Stage};
use crate::balance::replica::{Pending, Replica};
use crate::proxy::request_body::{RequestBody, Upload};

/// hyper's buffers: 64 KiB instead of 400 KiB keeps 100 slow transfers at a third of the memory.
pub(crate) const BUFFER: usize = 64 * 1024;
/// Answers up to this size that arrived with their head free their connection at once.
const SMALL: u64 = 16 * 1024;

/// A connection and the means to use it.
pub(crate) struct Link {
    sender: SendRequest<RequestBody>,
    driver: Pin<Box<Connection<TokioIo<UpstreamIo>, RequestBody>>>,
}

/// Opens a connection that carries one upgrade: it runs by itself.
pub(crate) async fn dedicated(replica: &Replica) -> Result<SendRequest<RequestBody>, Failure> {
    let io = connect(replica.address).await.map_err(|error| refused(&error.to_string()))?;
    let (sender, driver) =
        Builder::new().handshake(TokioIo::new(io)).await.map_err(|error| refused(&error.to_string()))?;
    tokio::spawn(async move {
        let _ = driver.with_upgrades().await;
    });
    Ok(sender)
}

/// A refused upgrade's answer: an ordinary one, on a connection that ends with it.
pub(crate) fn detached_answer(
    response: Response<Incoming>,
    sender: SendRequest<RequestBody>,
    pending: Pending,
) -> Response<crate::proxy::body::Body> {
    drop(sender);
    response.map(|body| crate::proxy::body::Body::driven(body, pending, None))
}

fn refused(detail: &str) -> Failure {
    Failure { stage: Stage::Connect, unsent: None, detail: detail.to_owned() }
}

async fn open(replica: &Replica) -> Result<Link, Failure> {
    let io = connect(replica.address).await.map_err(|error| refused(&error.to_string()))?;
    let (sender, driver) = Builder::new()
        .max_buf_size(BUFFER)
        .handshake(TokioIo::new(io))
        .await
        .map_err(|error| refused(&error.to_string()))?;
    Ok(Link { sender, driver: Box::pin(driver) })
}

/// Sends `request` on an idle connection, or on a new one, and waits for the head of the answer.
pub(crate) async fn exchange(
    pending: &mut Pending,
    mut request: Request<RequestBody>,
) -> Result<Response<AnswerBody>, Failure> {
    let replica = Arc::clone(pending.replica());
    let upload = request.body().upload();
    loop {
        let (mut link, reused) = match replica.pool.take() {
            Some(link) => (link, true),
            None => match open(&replica).await {
                Ok(link) => (link, false),
                Err(failure) => return Err(Failure { unsent: Some(Box::new(request)), ..failure }),
            },
        };
        match link.send(request, pending).await {
            Ok(response) => return Ok(answer(response, link, replica, upload.as_deref())),
            Err(mut error) => match error.take_message() {
                Some(unsent) if reused => request = unsent,
                unsent => {
                    let stage = if unsent.is_some() { Stage::Unsent } else { Stage::Sent };
                    let detail = error.into_error().to_string();
                    return Err(Failure { stage, unsent: unsent.map(Box::new), detail });
                }
            },
        }
    }
}

type Sent = Result<Response<Incoming>, hyper::client::conn::TrySendError<Request<RequestBody>>>;

impl Link {
    async fn send(&mut self, request: Request<RequestBody>, pending: &mut Pending) -> Sent {
        let mut answer = pin!(self.sender.try_send_request(request));
        let driver = &mut self.driver;
        let mut ended = false;
        poll_fn(|cx| {
            if !ended {
                ended = driver.as_mut().poll(cx).is_ready();
                pending.sent();
            }
            answer.as_mut().poll(cx)
        })
        .await
    }

    /// Polls the connection; true once it has ended.
    fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        self.driver.as_mut().poll(cx).is_ready()
    }
}

fn answer(
    response: Response<Incoming>,
    link: Link,
    replica: Arc<Replica>,
    upload: Option<&Upload>,
) -> Response<AnswerBody> {
    let unfinished = upload.is_some_and(|upload| !upload.is_finished());
    response.map(|body| {
        let carrier = if unfinished { Carrier::detached(link) } else { Carrier::Inline(link) };
        AnswerBody { first: None, body, carrier, replica }
    })
}

/// What carries the rest of an answer.
enum Carrier {
    /// The connection, polled with the body.
    Inline(Link),
    /// A task: the answer began while the request was still being sent, and neither may wait for the other.
    Detached(AbortHandle),
    /// Nothing any more.
    Gone,
}

impl Carrier {
    fn detached(link: Link) -> Self {
        let Link { sender, driver } = link;
        let task = tokio::spawn(async move {
            let _alive = sender;
            let _ = driver.await;
        });
        Self::Detached(task.abort_handle())
    }
}

/// The body of a replica's answer. At its end the connection goes back to the pool.
pub(crate) struct AnswerBody {
    first: Option<Bytes>,
    body: Incoming,
    carrier: Carrier,
    replica: Arc<Replica>,
}

impl AnswerBody {
    /// If the whole body is small and already here, takes it and frees the connection: most answers end so.
    pub(crate) fn take_small(&mut self, cx: &mut Context<'_>) -> Option<Bytes> {
        if self.body.is_end_stream() {
            self.finish(cx);
            return Some(Bytes::new());
        }
        if self.body.size_hint().exact().is_none_or(|size| size > SMALL) {
            return None;
        }
        let size = self.body.size_hint().exact().unwrap_or(0);
        let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut self.body).poll_frame(cx) else { return None };
        let data = frame.into_data().ok()?;
        if data.len() as u64 == size {
            self.finish(cx);
            return Some(data);
        }
        self.first = Some(data);
        None
    }

    fn finish(&mut self, cx: &mut Context<'_>) {
        if let Carrier::Inline(mut link) = std::mem::replace(&mut self.carrier, Carrier::Gone)
            && !link.drive(cx)
            && link.sender.is_ready()
        {
            self.replica.pool.give(link, Instant::now());
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let mut polled = Pin::new(&mut this.body).poll_frame(cx);
        if polled.is_pending()
            && let Carrier::Inline(link) = &mut this.carrier
        {
            if link.drive(cx) {
                this.carrier = Carrier::Gone;
            }
            polled = Pin::new(&mut this.body).poll_frame(cx);
        }
        if let Poll::Ready(Some(Ok(_))) = &polled {
            this.replica.hear(Instant::now());
        }
        match &polled {
            Poll::Ready(Some(Ok(_))) if this.body.is_end_stream() => this.finish(cx),
            Poll::Ready(None | Some(Err(_))) => this.finish(cx),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.body.size_hint();
        match (&self.first, rest.exact()) {
            (Some(first), Some(size)) => SizeHint::with_exact(size + first.len() as u64),
            (Some(_), None) => SizeHint::default(),
            (None, _) => rest,
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        if let Carrier::Detached(task) = &self.carrier {
            task.abort();
        }
    }
}
