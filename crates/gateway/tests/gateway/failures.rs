//! Replicas that refuse, break off and fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::io::AsyncReadExt;

use crate::stage::{Stage, crypto, files, listener, named, serve};

/// Accepts connections, reads something and closes them.
fn breaking_off(count: Arc<AtomicUsize>) -> std::net::SocketAddr {
    let listener = listener();
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("is a socket");
    let listener = tokio::net::TcpListener::from_std(listener).expect("registers");
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("accepts");
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap_or(0);
            // Probes are answered by their absence from the count.
            if !head[..read].starts_with(b"GET /healthz") {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    address
}

#[tokio::test]
async fn a_replica_that_refuses_connections_is_skipped_whatever_the_method() {
    crypto();
    let gone = listener();
    let refused = gone.local_addr().expect("an address");
    drop(gone);
    let echo =
        serve(|request| async move { Response::new(Full::new(request.collect().await.expect("reads").to_bytes())) });
    let stage = Stage::start(files(1, &[refused, echo]), Default::default()).await;
    let client = reqwest::Client::new();
    for n in 0..30 {
        let body = format!("body {n}");
        let response = client.post(stage.url("/api/v1/files")).body(body.clone()).send().await.expect("answers");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.text().await.expect("reads"), body);
    }
    let metrics = stage.metrics().await;
    assert_eq!(metrics[r#"bedel_upstream_ejected{role="files",replica="files-1"}"#], 1.0);
}

#[tokio::test]
async fn what_may_be_repeated_is_and_what_may_not_is_not() {
    crypto();
    let broken = Arc::new(AtomicUsize::new(0));
    let stage = Stage::start(files(1, &[breaking_off(Arc::clone(&broken))]), Default::default()).await;
    let client = reqwest::Client::new();
    let sent = client.post(stage.url("/api/v1/files")).body("once").send().await.expect("answers");
    assert_eq!(sent.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(broken.load(Ordering::SeqCst), 1);

    let both = files(2, &[breaking_off(Arc::clone(&broken)), named("good")]);
    stage.follow(both).await;
    for _ in 0..20 {
        let put = client.put(stage.url("/api/v1/files/x")).body("again").send().await.expect("answers");
        assert_eq!(put.status(), StatusCode::OK);
        let keyed = client.post(stage.url("/api/v1/files")).header("idempotency-key", "k").body("again");
        assert_eq!(keyed.send().await.expect("answers").status(), StatusCode::OK);
    }
    assert!(broken.load(Ordering::SeqCst) > 1, "the broken replica was never tried");
}

#[tokio::test]
async fn a_replica_that_answers_503_gives_way() {
    crypto();
    let failing = serve(|_| async {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    });
    let stage = Stage::start(files(1, &[failing, named("good")]), Default::default()).await;
    // Half of the first crowd finds the failing replica, as many as may be retried at once; its penalty keeps the later
    // ones away.
    let client = reqwest::Client::new();
    for _ in 0..40 {
        let crowd = (0..6).map(|_| client.get(stage.url("/api/v1/files")).send());
        for response in futures::future::join_all(crowd).await {
            assert_eq!(response.expect("answers").status(), StatusCode::OK);
        }
    }
    let metrics = stage.metrics().await;
    assert!(metrics[r#"bedel_upstream_failures_total{role="files",replica="files-1"}"#] >= 1.0);
    assert!(metrics[r#"bedel_upstream_requests_total{role="files",replica="files-1"}"#] <= 10.0);
}

#[tokio::test]
async fn a_503_with_a_time_to_come_back_is_passed_on() {
    crypto();
    let asked = Arc::new(AtomicUsize::new(0));
    let busy = || {
        let asked = Arc::clone(&asked);
        serve(move |request| {
            asked.fetch_add(usize::from(request.uri().path() != "/healthz"), Ordering::SeqCst);
            async {
                let mut response = Response::new(Full::from("the database is away"));
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response.headers_mut().insert("retry-after", http::HeaderValue::from_static("3"));
                response
            }
        })
    };
    let stage = Stage::start(files(1, &[busy(), busy()]), Default::default()).await;
    let response = reqwest::get(stage.url("/api/v1/files")).await.expect("answers");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "3");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
