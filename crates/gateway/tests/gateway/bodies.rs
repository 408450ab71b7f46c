//! Large bodies, and answers that come before their end.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stage::{Stage, crypto, files, listener, serve};

/// How many refused uploads, and how long: `make soak` asks for 100 of 100 MB.
fn refusals() -> (usize, usize) {
    if std::env::var_os("BEDEL_TEST_FULL").is_some() { (100, 100 << 20) } else { (20, 24 << 20) }
}

/// Answers as soon as the head is there, and closes without reading the body: the worst that a replica may do.
fn refusing_at_once(status: StatusCode) -> std::net::SocketAddr {
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
                let line =
                    format!("HTTP/1.1 {} No\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno", status.as_u16());
                let _ = stream.write_all(line.as_bytes()).await;
            });
        }
    });
    address
}

/// Sends a whole PATCH, then reads: a client that is as simple as can be.
async fn patch(address: std::net::SocketAddr, size: usize) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!("PATCH /api/v1/files/x HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("writes");
    let piece = vec![7_u8; 64 * 1024];
    let mut left = size;
    while left > 0 {
        let count = left.min(piece.len());
        // A gateway that stops reading shows as a failed write here, and the answer must still be readable.
        if stream.write_all(&piece[..count]).await.is_err() {
            break;
        }
        left -= count;
    }
    let mut line = Vec::new();
    while !line.contains(&b'\n') && stream.read_buf(&mut line).await.unwrap_or(0) > 0 {}
    String::from_utf8_lossy(&line).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_early_refusal_reaches_a_client_that_is_still_sending() {
    crypto();
    let (count, size) = refusals();
    for status in [StatusCode::CONFLICT, StatusCode::UNAUTHORIZED, StatusCode::UNSUPPORTED_MEDIA_TYPE] {
        let stage = Stage::start(files(1, &[refusing_at_once(status)]), Default::default()).await;
        for n in 0..count.div_ceil(3) {
            let line = patch(stage.http, size).await;
            assert!(line.starts_with(&format!("HTTP/1.1 {}", status.as_u16())), "{n}: {line:?}");
        }
    }
    let nobody = Stage::start(files(1, &[]), Default::default()).await;
    assert!(patch(nobody.http, size).await.starts_with("HTTP/1.1 503"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_pass_unchanged_in_both_directions() {
    crypto();
    let echo =
        serve(|request| async move { Response::new(Full::new(request.collect().await.expect("reads").to_bytes())) });
    let stage = Stage::start(files(1, &[echo]), Default::default()).await;
    let client = reqwest::Client::new();
    let data: Bytes = (0..10_000_019_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for size in [0, 1, 1000, 16_384, 16_385, 65_536, 65_537, 1 << 20, data.len()] {
        let body = data.slice(..size);
        let answer = client.put(stage.url("/api/v1/files/x")).body(body.clone()).send().await.expect("answers");
        let got = answer.bytes().await.expect("reads");
        assert_eq!(Sha256::digest(&got), Sha256::digest(&body), "{size}");
    }
}

#[tokio::test]
async fn a_client_that_expects_continue_sends_nothing_that_is_refused() {
    crypto();
    let stage = Stage::start(files(1, &[refusing_at_once(StatusCode::CONFLICT)]), Default::default()).await;
    let head = b"PATCH /api/v1/files/x HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    let mut stream = TcpStream::connect(stage.http).await.expect("connects");
    stream.write_all(head).await.expect("writes");
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.expect("reads");
    assert_eq!(answer, b"HTTP/1.1 409", "{}", String::from_utf8_lossy(&answer));

    let echo =
        serve(|request| async move { Response::new(Full::new(request.collect().await.expect("reads").to_bytes())) });
    let stage = Stage::start(files(1, &[echo]), Default::default()).await;
    let mut stream = TcpStream::connect(stage.http).await.expect("connects");
    stream.write_all(head).await.expect("writes");
    let mut go = vec![0; 12];
    stream.read_exact(&mut go).await.expect("reads");
    assert_eq!(go, b"HTTP/1.1 100");
    stream.write_all(b"hello").await.expect("writes");
    let mut rest = Vec::new();
    while !rest.ends_with(b"hello") {
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_buf(&mut rest)).await.expect("goes on");
        assert!(read.expect("reads") > 0, "{}", String::from_utf8_lossy(&rest));
    }
}
