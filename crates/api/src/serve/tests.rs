use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::routing::{any, get, post};
use http::StatusCode;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::lifecycle::Lifecycle;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Limits, serve_with};

struct Running {
    address: SocketAddr,
    lifecycle: Lifecycle,
    ended: JoinHandle<()>,
    gate: Arc<Notify>,
    entered: Arc<Notify>,
}

#[derive(Clone)]
struct Gates {
    gate: Arc<Notify>,
    entered: Arc<Notify>,
}

async fn refuse(axum::extract::Path(code): axum::extract::Path<u16>) -> StatusCode {
    StatusCode::from_u16(code).expect("a status")
}

async fn wait(State(gates): State<Gates>) -> &'static str {
    gates.entered.notify_one();
    gates.gate.notified().await;
    "late"
}

async fn tunnel(request: Request) -> axum::response::Response {
    tokio::spawn(async move {
        let upgraded = hyper::upgrade::on(request).await.expect("upgrades");
        let (mut from, mut to) = tokio::io::split(TokioIo::new(upgraded));
        // Ends with the connection, by whoever ends it.
        let _ = tokio::io::copy(&mut from, &mut to).await;
    });
    axum::response::Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("connection", "upgrade")
        .header("upgrade", "echo")
        .body(Body::empty())
        .expect("builds")
}

async fn start(limits: Limits) -> Running {
    let gates = Gates { gate: Arc::default(), entered: Arc::default() };
    let router = Router::new()
        .route("/refuse/{code}", any(refuse))
        .route("/ok", get(|| async { "ok" }))
        .route("/read", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/wait", get(wait))
        .route("/tunnel", get(tunnel))
        .with_state(gates.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let lifecycle = Lifecycle::new();
    let ended = tokio::spawn(serve_with(listener, router, lifecycle.clone(), limits));
    Running { address, lifecycle, ended, gate: gates.gate, entered: gates.entered }
}

/// Limits that no test waits for, unless it sets one of them.
fn patient() -> Limits {
    Limits { header: Duration::from_secs(600), idle: Duration::from_secs(600), ..Limits::default() }
}

/// Reads until the head of an answer and the body its Content-Length promises are there.
async fn answer(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(head) = text.windows(4).position(|window| window == b"\r\n\r\n") {
            let all = String::from_utf8_lossy(&text).into_owned();
            let length =
                all.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if text.len() >= head + 4 + length.unwrap_or(0) {
                return all;
            }
        }
        let count = stream.read(&mut buffer).await.expect("an answer, not a reset");
        assert!(count > 0, "the connection ended before the answer: {:?}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&buffer[..count]);
    }
}

async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset ends a connection as well.
    let _ = stream.read_to_end(&mut rest).await;
    rest
}

const GET_OK: &[u8] = b"GET /ok HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn a_hundred_early_refusals_reach_clients_that_go_on_sending() {
    const SIZE: usize = 4 << 20;
    let running = start(patient()).await;
    let clients = (0..10).map(|client| {
        let address = running.address;
        tokio::spawn(async move {
            // One connection for ten requests: the drain also leaves it usable.
            let (mut from, mut to) = TcpStream::connect(address).await.expect("connects").into_split();
            let body = Arc::new(vec![7_u8; SIZE]);
            for turn in 0..10 {
                let code = [409, 401, 415, 413][(client + turn) % 4];
                let head = format!("PATCH /refuse/{code} HTTP/1.1\r\nhost: x\r\ncontent-length: {SIZE}\r\n\r\n");
                let body = Arc::clone(&body);
                let sending = tokio::spawn(async move {
                    to.write_all(head.as_bytes()).await.expect("sends the head");
                    to.write_all(&body).await.expect("sends the whole body");
                    to
                });
                let answer = answer(&mut from).await;
                assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{answer}");
                to = sending.await.expect("sent");
            }
        })
    });
    for client in futures::future::join_all(clients).await {
        client.expect("all ten were answered");
    }
}

#[tokio::test]
async fn beyond_the_drain_the_answer_still_arrives() {
    let running = start(Limits { drain_bytes: 1 << 20, ..patient() }).await;
    let (mut from, mut to) = TcpStream::connect(running.address).await.expect("connects").into_split();
    let sending = tokio::spawn(async move {
        let head = b"PUT /refuse/413 HTTP/1.1\r\nhost: x\r\ncontent-length: 33554432\r\n\r\n";
        to.write_all(head).await.expect("sends the head");
        for _ in 0..512 {
            to.write_all(&[7; 65536]).await.expect("is not reset while it sends");
        }
        to
    });
    let answer = answer(&mut from).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    drop(sending.await.expect("sent all"));
}

#[tokio::test]
async fn a_refused_client_that_waits_for_100_is_not_invited() {
    let running = start(patient()).await;
    let mut stream = TcpStream::connect(running.address).await.expect("connects");
    let head = "PUT /refuse/413 HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("sends");
    let all = String::from_utf8(rest_after_close(&mut stream).await).expect("text");
    assert!(all.starts_with("HTTP/1.1 413 "), "{all}");
    assert!(all.contains("connection: close"), "{all}");
    assert!(!all.contains("100 Continue"), "{all}");

    let mut stream = TcpStream::connect(running.address).await.expect("connects");
    let head = "POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("sends");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 100 Continue\r\n"), "an accepted one is");
    stream.write_all(b"12345").await.expect("sends");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 "));
}

/// What comes until the server closes its side; then closes ours, which ends its lingering.
async fn rest_after_close(stream: &mut TcpStream) -> Vec<u8> {
    let got = rest(stream).await;
    stream.shutdown().await.expect("closes");
    got
}

#[tokio::test]
async fn a_slow_loris_is_cut_off_and_an_idle_connection_is_not() {
    let limits = Limits { header: Duration::from_millis(200), ..patient() };
    let running = start(limits).await;
    let mut idle = TcpStream::connect(running.address).await.expect("connects");
    idle.write_all(GET_OK).await.expect("sends");
    assert!(answer(&mut idle).await.ends_with("ok"));
    for beginning in ["G", "GET /ok HTTP/1.1\r\nhost: x\r\n", "PRI * HT", "P"] {
        let mut loris = TcpStream::connect(running.address).await.expect("connects");
        loris.write_all(beginning.as_bytes()).await.expect("sends");
        assert_eq!(rest(&mut loris).await, b"", "{beginning:?} is never answered, only ended");
    }
    // By now the idle one has been idle for longer than a header may take.
    idle.write_all(GET_OK).await.expect("sends");
    assert!(answer(&mut idle).await.ends_with("ok"));
    let mut second = TcpStream::connect(running.address).await.expect("connects");
    second.write_all(GET_OK).await.expect("sends");
    assert!(answer(&mut second).await.ends_with("ok"));
    second.write_all(b"GET /o").await.expect("sends");
    assert_eq!(rest(&mut second).await, b"", "a loris may also begin with its second request");
}

#[tokio::test]
async fn silent_connections_end_after_the_idle_time() {
    let running = start(Limits { idle: Duration::from_millis(200), ..patient() }).await;
    let mut silent = TcpStream::connect(running.address).await.expect("connects");
    let mut used = TcpStream::connect(running.address).await.expect("connects");
    used.write_all(GET_OK).await.expect("sends");
    assert!(answer(&mut used).await.ends_with("ok"));
    assert_eq!(rest(&mut silent).await, b"");
    assert_eq!(rest(&mut used).await, b"");
}

#[tokio::test]
async fn http2_with_prior_knowledge_is_served_on_the_same_port() {
    let running = start(patient()).await;
    let stream = TcpStream::connect(running.address).await.expect("connects");
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("shakes hands");
    tokio::spawn(connection);
    for _ in 0..3 {
        let request = Request::get("http://x/ok").body(Empty::<Bytes>::new()).expect("builds");
        let response = client.send_request(request).await.expect("is answered");
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_body().collect().await.expect("a body").to_bytes(), "ok");
    }
}

#[tokio::test]
async fn what_is_in_flight_is_finished_and_what_is_idle_is_closed() {
    let running = start(Limits { idle_after_stop: Duration::from_millis(100), ..patient() }).await;
    let mut idle = TcpStream::connect(running.address).await.expect("connects");
    idle.write_all(GET_OK).await.expect("sends");
    assert!(answer(&mut idle).await.ends_with("ok"));
    let mut busy = TcpStream::connect(running.address).await.expect("connects");
    busy.write_all(b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sends");
    running.entered.notified().await;
    running.lifecycle.stop();
    assert_eq!(rest(&mut idle).await, b"", "the idle one ends");
    assert!(!running.ended.is_finished(), "the busy one holds the server");
    running.gate.notify_one();
    let late = answer(&mut busy).await;
    assert!(late.ends_with("late") && late.contains("connection: close"), "{late}");
    running.ended.await.expect("the server ends by itself");
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_connection_that_comes_just_after_the_soft_token_is_served() {
    let running = start(Limits { idle_after_stop: Duration::from_secs(600), ..patient() }).await;
    running.lifecycle.stop();
    let mut stream = TcpStream::connect(running.address).await.expect("connects");
    stream.write_all(GET_OK).await.expect("sends");
    let answer = answer(&mut stream).await;
    assert!(answer.ends_with("ok") && answer.contains("connection: close"), "{answer}");
    running.lifecycle.hard().cancel();
    running.ended.await.expect("the hard token ends it");
}

#[tokio::test]
async fn tunnels_are_waited_for_and_then_ended() {
    let limits = Limits {
        idle_after_stop: Duration::from_millis(50),
        tunnel_grace: Duration::from_millis(200),
        idle: Duration::from_millis(100),
        ..patient()
    };
    let running = start(limits).await;
    let mut stream = TcpStream::connect(running.address).await.expect("connects");
    let head = b"GET /tunnel HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(head).await.expect("sends");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 101 "));
    // Outlives the idle time of ordinary connections: one of those ends first.
    let mut silent = TcpStream::connect(running.address).await.expect("connects");
    assert_eq!(rest(&mut silent).await, b"");
    stream.write_all(b"ping").await.expect("sends");
    let mut echo = [0; 4];
    stream.read_exact(&mut echo).await.expect("echoes");
    assert_eq!(&echo, b"ping");
    running.lifecycle.stop();
    assert_eq!(rest(&mut stream).await, b"", "ended at soft + grace");
    running.ended.await.expect("the server ends");
}

#[tokio::test]
async fn the_hard_token_ends_everything() {
    let running = start(patient()).await;
    let mut busy = TcpStream::connect(running.address).await.expect("connects");
    busy.write_all(b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sends");
    running.entered.notified().await;
    running.lifecycle.hard().cancel();
    assert_eq!(rest(&mut busy).await, b"");
    running.ended.await.expect("the server ends");
}
