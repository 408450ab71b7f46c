//! Replacing replicas and gateways under load.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};

use crate::stage::{Stage, crypto, files, listener, serve_on};

/// Asks all the time until told to stop; every answer must be 200.
fn load(url: String, posts: bool, stop: Arc<AtomicBool>, count: Arc<AtomicUsize>) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let client = reqwest::Client::new();
        while !stop.load(Ordering::SeqCst) {
            let request = if posts { client.post(&url).body("once") } else { client.get(&url) };
            let response = request.send().await.expect("answers");
            assert_eq!(response.status(), StatusCode::OK);
            response.bytes().await.expect("reads");
            count.fetch_add(1, Ordering::SeqCst);
        }
    })
}

fn replica() -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = listener();
    let address = listener.local_addr().expect("an address");
    let serving = serve_on(listener, |request| async move {
        let _ = request.collect().await;
        Response::new(Full::from("ok"))
    });
    (address, serving)
}

async fn advance(count: &AtomicUsize, by: usize) {
    let target = count.load(Ordering::SeqCst) + by;
    while count.load(Ordering::SeqCst) < target {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replacing_every_replica_fails_no_request() {
    crypto();
    let mut running: Vec<_> = (0..3).map(|_| replica()).collect();
    let addresses = |running: &[(SocketAddr, tokio::task::JoinHandle<()>)]| {
        running.iter().map(|(address, _)| *address).collect::<Vec<_>>()
    };
    let stage = Stage::start(files(1, &addresses(&running)), Default::default()).await;
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let url = stage.url("/api/v1/files");
    let clients: Vec<_> =
        (0..8).map(|n| load(url.clone(), n % 2 == 0, Arc::clone(&stop), Arc::clone(&count))).collect();
    let mut generation = 1;
    for place in 0..running.len() {
        advance(&count, 200).await;
        let fresh = replica();
        let mut next = files(generation + 1, &addresses(&running));
        next.upstreams[0].replicas.push(crate::stage::endpoint("fresh", fresh.0));
        next.upstreams[0].replicas[place].draining = true;
        stage.follow(next).await;
        // What the draining replica had before it was told: the orchestrator gives it its drain time for this.
        let pending = format!(r#"bedel_upstream_pending{{role="files",replica="files-{}"}}"#, place + 1);
        while stage.metrics().await[&pending] > 0.0 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let (_, old) = std::mem::replace(&mut running[place], fresh);
        old.abort();
        generation += 2;
        stage.follow(files(generation, &addresses(&running))).await;
    }
    advance(&count, 200).await;
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.expect("no request failed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replacing_a_gateway_fails_no_request() {
    crypto();
    let (address, _serving) = replica();
    let (http, https) = (listener(), listener());
    let copies = || (http.try_clone().expect("copies"), https.try_clone().expect("copies"));
    let mut routes = files(1, &[address]);
    routes.gateways = 2;
    let (one, two) = (copies(), copies());
    let first = Stage::on(one.0, one.1, routes.clone(), Default::default(), "gateway-1", None).await;
    let second = Stage::on(two.0, two.1, routes, Default::default(), "gateway-2", None).await;
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let url = second.url("/api/v1/files");
    let clients: Vec<_> =
        (0..8).map(|n| load(url.clone(), n % 2 == 0, Arc::clone(&stop), Arc::clone(&count))).collect();
    advance(&count, 200).await;
    let ended = first.lifecycle.clone().run_to_end(std::time::Duration::from_secs(20));
    first.lifecycle.stop();
    ended.await;
    advance(&count, 200).await;
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.expect("no request failed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gateways_share_one_socket_fairly() {
    crypto();
    let (address, _serving) = replica();
    let (http, https) = (listener(), listener());
    let copies = || (http.try_clone().expect("copies"), https.try_clone().expect("copies"));
    let mut routes = files(1, &[address]);
    routes.gateways = 2;
    let mut stages = Vec::new();
    for name in ["gateway-1", "gateway-2"] {
        let (http, https) = copies();
        stages.push(Stage::on(http, https, routes.clone(), Default::default(), name, None).await);
    }
    let crowd = futures::future::join_all((0..64).map(|_| tokio::net::TcpStream::connect(stages[0].http))).await;
    // Each open connection is served: one request on each, and each gateway's own count of connections.
    let mut open = Vec::new();
    for stream in crowd {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = stream.expect("connects");
        stream.write_all(b"GET /api/v1/files HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("writes");
        let mut answer = Vec::new();
        while !answer.ends_with(b"ok") {
            assert!(stream.read_buf(&mut answer).await.expect("reads") > 0);
        }
        open.push(stream);
    }
    // A new connection may reach either gateway: ask until both have said how many of the crowd they have.
    let mut shares = std::collections::BTreeSet::new();
    for _ in 0..500 {
        let metrics = stages[0].metrics().await;
        shares.insert(metrics[r#"bedel_gateway_request_seconds_count{role="files"}"#] as u64);
        if shares.len() == 2 || shares.contains(&32) {
            break;
        }
    }
    let least = *shares.first().expect("one");
    assert!((8..=56).contains(&least), "one gateway took nearly everything: {shares:?}");
}
