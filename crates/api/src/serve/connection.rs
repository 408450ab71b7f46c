//! One connection, from its first byte to its end, or to the end of the tunnel it became.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::Service;

use super::Limits;
use super::activity::{Activity, Command, InFlight};
use super::body::{RequestBody, ResponseBody};
use super::watched::Watched;

/// What all connections of a listener share.
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) limits: Limits,
    pub(super) stopping: Arc<AtomicBool>,
}

/// Serves one connection; returns when its socket is closed.
pub(super) async fn run(stream: TcpStream, activity: Arc<Activity>, shared: Arc<Shared>) {
    let mut io = Watched::new(stream, Arc::clone(&activity));
    let protocol = supervise(&activity, pin!(io.is_http2()), |_| true).await;
    let Some(Ok(Some(http2))) = protocol else { return };
    if http2 {
        activity.is_multiplexed();
        serve_http2(io, &activity, shared).await;
        return;
    }
    serve_http1(io, &activity, shared).await;
    if !activity.is_closed() {
        // hyper is done and the socket lives: a handler took it over.
        activity.becomes_tunnel();
        activity.closed().await;
    }
}

async fn serve_http1(io: Watched, activity: &Arc<Activity>, shared: Arc<Shared>) {
    let limits = shared.limits;
    let service = {
        let activity = Arc::clone(activity);
        service_fn(move |request| answer(request, &activity, &shared))
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(limits.buffer)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let finish = |connection: Pin<&mut _>| {
        http1::UpgradeableConnection::graceful_shutdown(connection);
        false
    };
    report(supervise(activity, pin!(connection), finish).await);
}

async fn serve_http2(io: Watched, activity: &Arc<Activity>, shared: Arc<Shared>) {
    let service = {
        let activity = Arc::clone(activity);
        service_fn(move |request| answer(request, &activity, &shared))
    };
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(1024)
        .initial_stream_window_size(256 << 10)
        .initial_connection_window_size(2 << 20)
        .keep_alive_interval(Duration::from_secs(20))
        .serve_connection(TokioIo::new(io), service);
    let finish = |connection: Pin<&mut _>| {
        http2::Connection::graceful_shutdown(connection);
        false
    };
    report(supervise(activity, pin!(connection), finish).await);
}

fn report(ended: Option<Result<(), hyper::Error>>) {
    match ended {
        Some(Err(error)) => tracing::debug!(error = %error, "a connection ended badly"),
        None => tracing::debug!("a connection was ended: overdue, or the process is"),
        Some(Ok(())) => {}
    }
}

/// A future that obeys the connection's commands: `finish` is called once, and says whether that ends it; on
/// [`Command::Drop`] it ends with `None`.
struct Supervised<'a, 'p, F, G> {
    activity: &'a Activity,
    inner: Pin<&'p mut F>,
    finish: G,
}

impl<F: Future, G: FnMut(Pin<&mut F>) -> bool + Unpin> Future for Supervised<'_, '_, F, G> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.activity.register_task(context.waker());
        match this.activity.commanded() {
            Command::Run => {}
            // Saying it again at each poll does nothing more.
            Command::Finish => {
                if (this.finish)(this.inner.as_mut()) {
                    return Poll::Ready(None);
                }
            }
            Command::Drop => return Poll::Ready(None),
        }
        this.inner.as_mut().poll(context).map(Some)
    }
}

fn supervise<'a, 'p, F, G>(activity: &'a Activity, inner: Pin<&'p mut F>, finish: G) -> Supervised<'a, 'p, F, G>
where
    F: Future,
    G: FnMut(Pin<&mut F>) -> bool + Unpin,
{
    Supervised { activity, inner, finish }
}

fn answer(
    request: Request<Incoming>,
    activity: &Arc<Activity>,
    shared: &Arc<Shared>,
) -> impl Future<Output = Result<Response<ResponseBody>, Infallible>> + use<> {
    let http1 = request.version() < Version::HTTP_2;
    let awaits_continue = http1
        && request.headers().get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let in_flight = InFlight::begin(activity, awaits_continue);
    let limits: Limits = shared.limits;
    let stopping = Arc::clone(&shared.stopping);
    let body = |inner| Body::new(RequestBody::new(inner, limits, Arc::clone(&in_flight)));
    let answered = shared.router.clone().call(request.map(body));
    async move {
        let mut response = match answered.await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let closes = stopping.load(Ordering::Relaxed) || in_flight.awaits_continue();
        if http1 && closes && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|inner| ResponseBody { inner, _request: in_flight }))
    }
}
