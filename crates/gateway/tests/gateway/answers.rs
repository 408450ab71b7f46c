//! Answers of every kind, byte by byte: what replicas may say, and what they may not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::stage::{Stage, crypto, files, listener};

/// Runs `serve` for every connection, with its number, except for those that probe.
fn raw<F, A>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream, usize) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let listener = listener();
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("is a socket");
    let listener = tokio::net::TcpListener::from_std(listener).expect("registers");
    let count = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("accepts");
            let (serve, count) = (serve.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let mut first = [0; 12];
                if stream.peek(&mut first).await.unwrap_or(0) > 0 && &first == b"GET /healthz" {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                    return;
                }
                serve(stream, count.fetch_add(1, Ordering::SeqCst)).await;
            });
        }
    });
    address
}

/// Reads one request without a body; empty at the connection's end.
async fn head(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return String::new();
        }
    }
    String::from_utf8(read).expect("is text")
}

/// Answers every request of every connection with the same bytes, in pieces of `piece`.
fn always(answer: &[u8], piece: usize, closes: bool) -> SocketAddr {
    let answer: Arc<[u8]> = answer.into();
    raw(move |mut stream, _| {
        let answer = Arc::clone(&answer);
        async move {
            stream.set_nodelay(true).expect("is a socket");
            while !head(&mut stream).await.is_empty() {
                for part in answer.chunks(piece) {
                    if stream.write_all(part).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
                if closes {
                    return;
                }
            }
        }
    })
}

/// Sends a request and reads until the gateway closes the connection.
async fn ask(stage: &Stage, method: &str, fields: &str) -> String {
    let mut stream = TcpStream::connect(stage.http).await.expect("connects");
    let request = format!("{method} /api/v1/files HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).expect("is text")
}

/// The answer with the chunks of its body put together: where they are cut is nobody's promise.
fn joined(answer: &str) -> String {
    let Some((head, mut rest)) = answer.split_once("\r\n\r\n") else { return answer.to_owned() };
    if !head.contains("transfer-encoding: chunked") {
        return answer.to_owned();
    }
    let mut whole = format!("{head}\r\n\r\n");
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a chunk's size");
        if size == 0 {
            assert_eq!(after, "\r\n", "the end of the body");
            return whole;
        }
        whole.push_str(&after[..size]);
        rest = after[size..].strip_prefix("\r\n").expect("the end of a chunk");
    }
    panic!("a body without an end: {answer:?}");
}

#[tokio::test]
async fn every_kind_of_answer_passes_however_it_arrives() {
    crypto();
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
    let cases: [(&str, &str, bool, &str, &[&str]); 8] = [
        ("GET", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello", false, "hello", &["200", "x-a: b"]),
        ("GET", chunked, false, "\r\n\r\nhello world", &["200", "transfer-encoding: chunked"]),
        ("GET", "HTTP/1.1 200 OK\r\n\r\nuntil the end", true, "\r\n\r\nuntil the end", &["200"]),
        ("GET", "HTTP/1.0 404 Not Found\r\ncontent-length: 4\r\n\r\ngone", true, "gone", &["404 Not Found"]),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", false, "\r\n\r\n", &["204"]),
        ("GET", "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n", false, "\r\n\r\n", &["304", "etag: \"x\""]),
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n", false, "\r\n\r\n", &["content-length: 5000"]),
        (
            "GET",
            "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 Fine\r\ncontent-length: 2\r\n\r\nok",
            false,
            "ok",
            &["200 Fine"],
        ),
    ];
    for (method, answer, closes, end, parts) in cases {
        for piece in [1, 7, 10_000] {
            let stage = Stage::start(files(1, &[always(answer.as_bytes(), piece, closes)]), Default::default()).await;
            for _ in 0..2 {
                let seen = joined(&ask(&stage, method, "").await);
                assert!(seen.ends_with(end) && parts.iter().all(|part| seen.contains(part)), "{answer:?}: {seen:?}");
            }
        }
    }
}

#[tokio::test]
async fn trailers_pass_to_a_client_that_asks_for_them() {
    crypto();
    let answer =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n1\r\na\r\n0\r\nx-sum: 7\r\n\r\n";
    let stage = Stage::start(files(1, &[always(answer, 3, false)]), Default::default()).await;
    let seen = ask(&stage, "GET", "te: trailers\r\n").await;
    assert!(seen.ends_with("0\r\nx-sum: 7\r\n\r\n"), "{seen:?}");
}

#[tokio::test]
async fn what_makes_no_sense_is_a_bad_gateway() {
    crypto();
    let fields = [
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: gzip",
        "content-length: five",
        "x: a\r\n folded",
        "x : a",
    ];
    let mut answers: Vec<String> = fields.iter().map(|bad| format!("HTTP/1.1 200 OK\r\n{bad}\r\n\r\nhello")).collect();
    answers.push("garbage\r\n\r\n".to_owned());
    answers.push("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n".to_owned());
    answers.push(format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(70_000)));
    answers.push("HTTP/1.1 200 O".to_owned());
    answers.push(String::new());
    for answer in answers {
        let stage = Stage::start(files(1, &[always(answer.as_bytes(), 4096, true)]), Default::default()).await;
        let seen = ask(&stage, "POST", "content-length: 0\r\n").await;
        assert!(seen.starts_with("HTTP/1.1 502"), "{:?}: {seen:?}", &answer[..answer.len().min(80)]);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_breaks_off_for_the_client() {
    crypto();
    let short = [
        "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n",
    ];
    for answer in short {
        let stage = Stage::start(files(1, &[always(answer.as_bytes(), 4096, true)]), Default::default()).await;
        let whole = async { reqwest::get(stage.url("/api/v1/files")).await?.bytes().await };
        assert!(whole.await.is_err(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_connection_carries_requests_until_it_cannot() {
    crypto();
    // The second answer is on its way before anybody asked: whoever asks next must not get it.
    let answer = |extra: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n{extra}\r\n");
    let cases = [
        (answer("") + "mine", false, 1),
        (answer("connection: close\r\n") + "mine", false, 20),
        (answer("") + "mine", true, 20),
        (answer("") + "mine" + &answer("") + "evil", false, 20),
    ];
    for (answer, closes, expected) in cases {
        let (opened, closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let (counted, told) = (Arc::clone(&opened), Arc::clone(&closed));
        let bytes: Arc<[u8]> = answer.as_bytes().into();
        let replica = raw(move |mut stream, _| {
            counted.fetch_add(1, Ordering::SeqCst);
            let (bytes, told) = (Arc::clone(&bytes), Arc::clone(&told));
            async move {
                while !head(&mut stream).await.is_empty() && stream.write_all(&bytes).await.is_ok() && !closes {}
                drop(stream);
                told.add_permits(1);
            }
        });
        let stage = Stage::start(files(1, &[replica]), Default::default()).await;
        let client = reqwest::Client::new();
        for _ in 0..20 {
            // What may not be repeated: a connection found closed must be no failure.
            let response = client.post(stage.url("/api/v1/files")).send().await.expect("answers");
            assert_eq!(response.status(), StatusCode::OK, "{answer:?}");
            assert_eq!(response.text().await.expect("reads"), "mine");
            if closes {
                closed.acquire().await.expect("is open").forget();
            }
        }
        assert_eq!(opened.load(Ordering::SeqCst), expected, "{answer:?}");
    }
}

/// Reads a chunked request's body and its trailers.
async fn chunked(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    while !read.windows(5).any(|five| five == b"0\r\n\r\n") && !read.ends_with(b": 9\r\n\r\n") {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            break;
        }
    }
    read
}

#[tokio::test]
async fn a_body_of_unknown_length_arrives_in_chunks_with_its_trailers() {
    crypto();
    let replica = raw(|mut stream, _| async move {
        let seen = chunked(&mut stream).await;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", seen.len());
        let _ = stream.write_all(&[answer.as_bytes(), &seen].concat()).await;
    });
    let stage = Stage::start(files(1, &[replica]), Default::default()).await;
    let mut stream = TcpStream::connect(stage.http).await.expect("connects");
    let head = "PATCH /api/v1/files/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n";
    for part in [head, "5\r\nhello\r\n", "6\r\n world\r\n", "0\r\nx-sum: 9\r\nx-other: 9\r\n\r\n"] {
        stream.write_all(part.as_bytes()).await.expect("writes");
        stream.flush().await.expect("writes");
    }
    let mut seen = String::new();
    stream.read_to_string(&mut seen).await.expect("reads");
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
    assert!(
        seen.contains("PATCH /api/v1/files/x HTTP/1.1\r\n") && seen.contains("transfer-encoding: chunked"),
        "{seen}"
    );
    let (_, body) = seen.split_once("x-forwarded-host: x\r\n").expect("ends with what the gateway says");
    let data: String = body.chars().filter(|byte| byte.is_alphabetic() || *byte == ' ').collect();
    assert!(data.contains("hello") && data.contains("world") && body.contains("0\r\nx-sum: 9\r\n\r\n"), "{body:?}");
    assert!(!body.contains("x-other"), "{body:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_may_stream_while_the_request_does() {
    crypto();
    // Echoes what it reads at once; its client reads nothing before it has sent everything.
    const SIZE: usize = 16 << 20;
    let replica = raw(|mut stream, _| async move {
        let mut first = Vec::new();
        while !first.windows(4).any(|four| four == b"\r\n\r\n") {
            if stream.read_buf(&mut first).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let at = first.windows(4).position(|four| four == b"\r\n\r\n").expect("is there") + 4;
        let (mut reader, mut writer) = stream.into_split();
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<Vec<u8>>();
        sender.send(first.split_off(at)).expect("is open");
        tokio::spawn(async move {
            loop {
                let mut data = Vec::with_capacity(64 * 1024);
                if reader.read_buf(&mut data).await.unwrap_or(0) == 0 || sender.send(data).is_err() {
                    return;
                }
            }
        });
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n");
        let _ = writer.write_all(head.as_bytes()).await;
        while let Some(data) = receiver.recv().await {
            if writer.write_all(&data).await.is_err() {
                return;
            }
        }
    });
    let stage = Stage::start(files(1, &[replica]), Default::default()).await;
    let mut stream = TcpStream::connect(stage.http).await.expect("connects");
    let head = format!("PATCH /api/v1/files/x HTTP/1.1\r\nhost: x\r\ncontent-length: {SIZE}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("writes");
    let data: Vec<u8> = (0..SIZE).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let sending = tokio::time::timeout(std::time::Duration::from_secs(20), stream.write_all(&data)).await;
    sending.expect("neither direction waits for the other").expect("writes");
    let mut answer = Vec::new();
    while answer.len() < SIZE || !answer.ends_with(&data[SIZE - 100..]) {
        assert!(stream.read_buf(&mut answer).await.expect("reads") > 0);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(&data));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_goes_no_further_when_its_answer_has_ended() {
    crypto();
    const SIZE: usize = 64 << 20;
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let replica = raw(move |mut stream, _| {
        let sender = sender.clone();
        async move {
            let _ = stream.read(&mut [0; 16]).await;
            let _ = stream.write_all(b"HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\n\r\nno").await;
            let (mut read, mut piece) = (0, vec![0; 64 * 1024]);
            while let Ok(count @ 1..) = stream.read(&mut piece).await {
                read += count;
            }
            sender.send(read).expect("is open");
        }
    });
    let stage = Stage::start(files(1, &[replica]), Default::default()).await;
    let mut stream = TcpStream::connect(stage.http).await.expect("connects");
    let head = format!("PATCH /api/v1/files/x HTTP/1.1\r\nhost: x\r\ncontent-length: {SIZE}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("writes");
    stream.write_all(&vec![7; SIZE]).await.expect("the gateway reads what nobody wants");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("reads");
    assert_eq!(&answer, b"HTTP/1.1 409");
    let read = receiver.recv().await.expect("the connection to the replica ends");
    assert!(read < SIZE / 2, "the replica was sent {read} bytes after its answer");
}
