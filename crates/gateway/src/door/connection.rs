//! One client's connection, from its first byte to its end.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::io::{DoorIo, PREFACE, Stream};
use super::watch::{KEEP_ALIVE, Order, Watch};
use crate::gateway::Gateway;
use crate::limits::{Admission, Bucket};
use crate::proxy;
use crate::upstream::h1::BUFFER;

/// Requests one HTTP/2 connection may have under way.
const STREAMS: u32 = 128;
/// Room for one stream's bytes on the way in.
const STREAM_WINDOW: u32 = 256 * 1024;
/// Room for one connection's bytes on the way in.
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// What one HTTP/2 stream may have waiting to be written.
const SEND_BUFFER: usize = 64 * 1024;
/// All headers of a request together.
const HEADERS: u32 = 32 * 1024;

/// Which door a connection came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// In clear.
    Http,
    /// Within TLS.
    Https,
}

/// What every request of a connection needs to know of it.
pub(crate) struct Client {
    pub(crate) peer: SocketAddr,
    pub(crate) peer_value: HeaderValue,
    pub(crate) door: Door,
    pub(crate) trusted: bool,
    pub(crate) watch: Arc<Watch>,
    pub(crate) address: Arc<Bucket>,
    /// The last token seen and the bucket of its account.
    pub(crate) account: Mutex<Option<(HeaderValue, Option<Arc<Bucket>>)>>,
}

/// Serves a connection to its end.
pub(crate) async fn serve(
    gateway: Arc<Gateway>,
    stream: TcpStream,
    peer: SocketAddr,
    door: Door,
    admission: Admission,
) {
    let _admitted = admission;
    let watched = gateway.registry.watch();
    let watch = Arc::clone(watched.watch());
    let opening = obeying(&watch, open(&gateway, stream, door));
    let Some(Ok((stream, read_ahead, is_http2))) = opening.await else { return };
    let Ok(peer_value) = HeaderValue::try_from(peer.ip().to_canonical().to_string()) else { return };
    let client = Arc::new(Client {
        peer,
        peer_value,
        door,
        trusted: gateway.settings.trusted_proxies.contains(&peer.ip().to_canonical()),
        watch: Arc::clone(&watch),
        address: gateway.addresses.bucket(crate::limits::subject(peer.ip()), tokio::time::Instant::now()),
        account: Mutex::default(),
    });
    let io = DoorIo::new(stream, read_ahead, is_http2, Arc::clone(&watch));
    if is_http2 { serve_http2(gateway, client, io).await } else { serve_http1(gateway, client, io).await }
}

async fn serve_http1(gateway: Arc<Gateway>, client: Arc<Client>, io: DoorIo) {
    let watch = Arc::clone(&client.watch);
    let service = service_fn(move |request| {
        client.watch.partial(false);
        proxy::handle(Arc::clone(&gateway), Arc::clone(&client), request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades()
    );
    let mut finishing = false;
    poll_fn(|cx| {
        match watch.order(cx.waker()) {
            Order::Close => return Poll::Ready(()),
            Order::Finish if !finishing => {
                finishing = true;
                connection.as_mut().graceful_shutdown();
            }
            Order::Finish | Order::Serve => {}
        }
        connection.as_mut().poll(cx).map(|_| ())
    })
    .await;
}

async fn serve_http2(gateway: Arc<Gateway>, client: Arc<Client>, io: DoorIo) {
    let watch = Arc::clone(&client.watch);
    let service = service_fn(move |request| proxy::handle(Arc::clone(&gateway), Arc::clone(&client), request));
    let mut connection = pin!(
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .max_header_list_size(HEADERS)
            .serve_connection(TokioIo::new(io), service)
    );
    let mut finishing = false;
    poll_fn(|cx| {
        let order = watch.order(cx.waker());
        if order == Order::Close {
            return Poll::Ready(());
        }
        // GOAWAY says which requests count, so it need not wait for an idle moment.
        if !finishing && (order == Order::Finish || watch.is_draining()) {
            finishing = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx).map(|_| ())
    })
    .await;
}

/// Runs `work` until it ends or the connection should.
async fn obeying<F: Future>(watch: &Watch, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    poll_fn(|cx| match watch.order(cx.waker()) {
        Order::Serve => work.as_mut().poll(cx).map(Some),
        Order::Finish | Order::Close => Poll::Ready(None),
    })
    .await
}

type Opened = (Stream, Bytes, bool);

/// Finds out what a connection speaks: by ALPN within TLS, by its first bytes in clear.
async fn open(gateway: &Gateway, mut stream: TcpStream, door: Door) -> io::Result<Opened> {
    stream.set_nodelay(true)?;
    let deadline = Duration::from_millis(gateway.settings.header_timeout_ms);
    // The header deadline runs from the first byte: browsers open connections before they need them. Looking at a byte,
    // because readiness alone may be reported without one.
    let first = tokio::time::timeout(KEEP_ALIVE, stream.peek(&mut [0])).await??;
    if first == 0 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    if door == Door::Https {
        let stream = tokio::time::timeout(deadline, Box::pin(gateway.tls.accept(stream))).await??;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        return Ok((Stream::Tls(Box::new(stream)), Bytes::new(), is_http2));
    }
    let mut read = BytesMut::with_capacity(PREFACE.len());
    let preface = async {
        while read.len() < PREFACE.len() && PREFACE.starts_with(&read) {
            let mut rest = (&mut stream).take((PREFACE.len() - read.len()) as u64);
            if rest.read_buf(&mut read).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
        }
        Ok(())
    };
    tokio::time::timeout(deadline, preface).await??;
    let is_http2 = *read == *PREFACE;
    Ok((Stream::Plain(stream), read.freeze(), is_http2))
}
