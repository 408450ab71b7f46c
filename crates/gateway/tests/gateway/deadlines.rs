//! Clients that begin and do not go on.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stage::{Stage, crypto, files, named};

fn impatient() -> kernel::config::Gateway {
    kernel::config::Gateway { header_timeout_ms: 400, body_idle_timeout_ms: 400, ..Default::default() }
}

/// True when the gateway closes the connection; false if it is still open after twenty deadlines.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn half_of_anything_is_closed_and_an_idle_connection_is_not() {
    crypto();
    let stage = Stage::start(files(1, &[named("a")]), impatient()).await;
    let mut idle = TcpStream::connect(stage.http).await.expect("connects");
    let beginnings: [(&str, bool, &[u8]); 5] = [
        ("half a request line", false, b"GET /api"),
        ("half a header", false, b"GET /api/v1/files HTTP/1.1\r\nhost: x\r\nx-slow: "),
        ("half a preface", false, b"PRI * HTTP/2.0\r\n\r\nSM"),
        ("a preface and half a frame", false, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x40\x04\0\0\0\0\0abc"),
        ("half a TLS hello", true, b"\x16\x03\x01\x02\x00\x01"),
    ];
    for (what, tls, bytes) in beginnings {
        let mut stream = TcpStream::connect(if tls { stage.https } else { stage.http }).await.expect("connects");
        stream.write_all(bytes).await.expect("writes");
        assert!(is_closed(&mut stream).await, "{what} was left open");
    }
    idle.write_all(b"GET /api/v1/files HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("writes");
    let mut answer = String::new();
    idle.read_to_string(&mut answer).await.expect("reads");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_body_that_stands_still_ends_its_request() {
    crypto();
    let reads = crate::stage::serve(|request| async move {
        use http_body_util::BodyExt;
        let _ = request.collect().await;
        http::Response::new(http_body_util::Full::default())
    });
    let stage = Stage::start(files(1, &[reads]), impatient()).await;
    let mut stream = TcpStream::connect(stage.http).await.expect("connects");
    let head = b"PATCH /api/v1/files/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nsome";
    stream.write_all(head).await.expect("writes");
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed() {
    crypto();
    let large = crate::stage::serve(|_| async {
        http::Response::new(http_body_util::Full::from(bytes::Bytes::from(vec![7_u8; 64 << 20])))
    });
    let stage = Stage::start(files(1, &[large]), impatient()).await;
    let mut stream = TcpStream::connect(stage.http).await.expect("connects");
    stream.write_all(b"GET /api/v1/files HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("writes");
    let late = "bedel_gateway_late_connections_total";
    let noticed = async {
        while stage.metrics().await[late] < 1.0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noticed).await.expect("it was never noticed");
}
