//! HTTP/2 in clear and within TLS, gRPC's trailers, WebSocket tunnels.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::role::{Protocol, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stage::{Stage, crypto, endpoint, files, listener, named, snapshot};

#[tokio::test]
async fn within_tls_the_client_chooses_the_version() {
    crypto();
    let stage = Stage::start(files(1, &[named("a")]), Default::default()).await;
    let pem = std::fs::read(stage.folder.path().join("tls.crt")).expect("was made");
    let url = format!("https://localhost:{}/api/v1/files", stage.https.port());
    let trusting = || {
        let root = reqwest::Certificate::from_pem(&pem).expect("is a certificate");
        reqwest::Client::builder().tls_certs_only([root]).resolve("localhost", stage.https)
    };
    let client = trusting().build().expect("builds");
    let second = client.get(&url).send().await.expect("answers");
    assert_eq!((second.version(), second.status()), (Version::HTTP_2, StatusCode::OK));
    let client = trusting().http1_only().build().expect("builds");
    let first = client.get(&url).send().await.expect("answers");
    assert_eq!((first.version(), first.status()), (Version::HTTP_11, StatusCode::OK));
}

#[tokio::test]
async fn in_clear_http2_is_recognised_by_its_preface() {
    crypto();
    let stage = Stage::start(files(1, &[named("a")]), Default::default()).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().expect("builds");
    let crowd = (0..50).map(|_| client.get(stage.url("/api/v1/files")).send());
    for response in futures::future::join_all(crowd).await {
        let response = response.expect("answers");
        assert_eq!((response.version(), response.status()), (Version::HTTP_2, StatusCode::OK));
    }
}

/// A gRPC server as far as a proxy can tell: HTTP/2 in clear, an answer that ends with trailers.
fn grpc() -> std::net::SocketAddr {
    let listener = listener();
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("is a socket");
    let listener = tokio::net::TcpListener::from_std(listener).expect("registers");
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("accepts");
            let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
                let te = request.headers().get("te").cloned();
                let message = request.collect().await.expect("reads").to_bytes();
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
                trailers.insert("seen-te", te.unwrap_or(HeaderValue::from_static("none")));
                let frames = [Ok::<_, Infallible>(Frame::data(message)), Ok(Frame::trailers(trailers))];
                let mut response = Response::new(StreamBody::new(futures::stream::iter(frames)));
                response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
                Ok::<_, Infallible>(response)
            });
            tokio::spawn(async move {
                let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn grpc_passes_with_its_trailers() {
    let roles = [(Role::Files, vec![endpoint("files-1", grpc())])];
    let stage = Stage::start(snapshot(1, &roles, Protocol::H2c), Default::default()).await;
    let io = TokioIo::new(TcpStream::connect(stage.http).await.expect("connects"));
    let (mut sender, driver) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("shakes hands");
    tokio::spawn(driver);
    for n in 0..20 {
        let message = Bytes::from(format!("message {n}"));
        let request = Request::post(format!("http://{}/api/v1/files", stage.http))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(message.clone()))
            .expect("a request");
        let response = sender.send_request(request).await.expect("answers");
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.collect().await.expect("reads");
        let trailers = body.trailers().expect("has trailers").clone();
        assert_eq!(trailers["grpc-status"], "0");
        assert_eq!(trailers["seen-te"], "trailers");
        assert_eq!(body.to_bytes(), message);
    }
}

/// Switches protocols and echoes.
fn echo_tunnel() -> std::net::SocketAddr {
    let listener = listener();
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("is a socket");
    let listener = tokio::net::TcpListener::from_std(listener).expect("registers");
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("accepts");
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|four| four == b"\r\n\r\n") {
                    if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let head = String::from_utf8_lossy(&head).to_lowercase();
                let status = if head.contains("upgrade: websocket") && head.contains("sec-websocket-key: abc") {
                    "101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x"
                } else {
                    "400 Bad Request\r\ncontent-length: 0"
                };
                let _ = stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await;
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_websocket_is_a_tunnel() {
    crypto();
    let stage = Stage::start(files(1, &[echo_tunnel()]), Default::default()).await;
    let mut stream = TcpStream::connect(stage.http).await.expect("connects");
    let hello = "GET /api/v1/files HTTP/1.1\r\nhost: x\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: abc\r\n\r\n";
    stream.write_all(hello.as_bytes()).await.expect("writes");
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        assert!(stream.read_buf(&mut head).await.expect("reads") > 0);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(head.contains("sec-websocket-accept: x") && head.contains("upgrade: websocket"), "{head}");
    for size in [1_usize, 100, 100_000] {
        let message: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        stream.write_all(&message).await.expect("writes");
        let mut back = vec![0; size];
        stream.read_exact(&mut back).await.expect("reads");
        assert_eq!(back, message);
    }
}

#[tokio::test]
async fn a_refused_websocket_is_an_ordinary_answer() {
    crypto();
    let stage = Stage::start(files(1, &[named("no tunnels here")]), Default::default()).await;
    let mut stream = TcpStream::connect(stage.http).await.expect("connects");
    let hello = "GET /api/v1/files HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(hello.as_bytes()).await.expect("writes");
    let mut answer = Vec::new();
    while !answer.ends_with(b"no tunnels here") {
        assert!(stream.read_buf(&mut answer).await.expect("reads") > 0);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}
