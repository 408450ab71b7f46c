//! Uploads that are refused before their bytes have arrived, by clients that send all of them before they listen.

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::count;
use crate::harness::{Campus, PATIENCE};

/// What each refused request carries.
const BODY: u64 = 100 << 20;
const PIECE: usize = 1 << 20;

/// Begins an upload of `length` bytes; returns its path.
async fn begin(campus: &Campus, length: u64) -> String {
    let made =
        campus.request(Method::POST, "/uploads").header("tus-resumable", "1.0.0").header("upload-length", length);
    let made = made.send().await.expect("an answer");
    assert_eq!(made.status(), 201);
    made.headers()["location"].to_str().expect("text").to_owned()
}

/// A PATCH of 100 MB that is written to its end, or for as long as the campus takes it, and only then answered.
async fn patch(campus: &Campus, place: &str, offset: u64, kind: &str, token: &str) -> u16 {
    let address = campus.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "PATCH {place} HTTP/1.1\r\nhost: {address}\r\ntus-resumable: 1.0.0\r\nupload-offset: {offset}\r\ncontent-type: \
         {kind}\r\nauthorization: Bearer {token}\r\ncontent-length: {BODY}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("the head is taken");
    let piece = vec![7_u8; PIECE];
    for _ in 0..BODY / PIECE as u64 {
        if stream.write_all(&piece).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // What was received before a reset counts.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let campus = Campus::start(&[]).await;
    let (open, short) = (begin(&campus, BODY).await, begin(&campus, 1_000).await);
    let tus = "application/offset+octet-stream";
    let good = campus.token.clone();
    let forged = format!("{}x{}", &good[..good.len() - 20], &good[good.len() - 19..]);
    let kinds: [(&str, &str, u64, &str, &str, u16); 4] = [
        ("an offset beyond what is there", &open, 5, tus, &good, 409),
        ("a forged token", &open, 0, tus, &forged, 401),
        ("another type", &open, 0, "text/plain", &good, 415),
        ("more than was announced", &short, 0, tus, &good, 413),
    ];
    for round in 0..count(3, 25) {
        let four = kinds.iter().map(|(what, place, offset, kind, token, wanted)| {
            let campus = &campus;
            async move {
                let answered = tokio::time::timeout(PATIENCE, patch(campus, place, *offset, kind, token)).await;
                let answered = answered.unwrap_or_else(|_| panic!("{what}: no answer"));
                assert_eq!(answered, *wanted, "{what}, round {round}");
            }
        });
        futures::future::join_all(four).await;
    }
    let head = campus.client.head(format!("{}{open}", campus.url)).bearer_auth(&campus.token);
    let head = head.header("tus-resumable", "1.0.0").send().await.expect("an answer");
    assert_eq!(head.headers()["upload-offset"], "0", "nothing of it was kept");
}
