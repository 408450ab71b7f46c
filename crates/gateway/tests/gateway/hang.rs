//! A replica's process that is stopped: it keeps its connections open and says nothing.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http::{Response, StatusCode};
use http_body_util::Full;
use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Stage, crypto, files, listener, serve_on};

const ROLE: &str = "BEDEL_TEST_REPLICA";

/// Not a test by itself: what the process of a replica runs.
#[tokio::test]
async fn replica_process() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let listener = listener();
    println!("\nlistening {}", listener.local_addr().expect("an address"));
    let _ = serve_on(listener, |_| async { Response::new(Full::from("here")) }).await;
}

struct Process(Child);

impl Process {
    fn start() -> (Self, SocketAddr) {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "hang::replica_process", "--nocapture"])
            .env(ROLE, "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let address = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening ").and_then(|address| address.parse().ok()))
            .expect("says where it listens");
        (Self(child), address)
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).expect("a pid")).expect("a pid");
        kill_process(pid, signal).expect("is there");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_replica_costs_no_request_and_comes_back() {
    crypto();
    let (processes, addresses): (Vec<_>, Vec<_>) = (0..3).map(|_| Process::start()).unzip();
    let stage = Stage::start(files(1, &addresses), Default::default()).await;
    let client = reqwest::Client::new();
    let url = stage.url("/api/v1/files");
    let ask = || {
        let (client, url) = (client.clone(), url.clone());
        async move {
            let began = Instant::now();
            let status = client.get(url).send().await.expect("answers").status();
            assert_eq!(status, StatusCode::OK);
            began.elapsed()
        }
    };
    let crowd = |rounds: usize| async move {
        let mut took = Vec::new();
        for _ in 0..rounds {
            took.extend(futures::future::join_all((0..8).map(|_| ask())).await);
        }
        took.sort();
        took
    };
    let before = crowd(100).await;
    processes[0].signal(Signal::STOP);
    let stopped_at = Instant::now();
    let ejected = r#"bedel_upstream_ejected{role="files",replica="files-1"}"#;
    let mut during = Vec::new();
    while stage.metrics().await[ejected] < 1.0 {
        during.extend(crowd(5).await);
        assert!(stopped_at.elapsed() < Duration::from_secs(30), "the stopped replica was never ejected");
    }
    let noticed = stopped_at.elapsed();
    let after = crowd(100).await;
    during.sort();
    let p99 = |took: &[Duration]| took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    println!(
        "p99 before {:?}, while unnoticed ({noticed:?}) {:?} of {}, after {:?}; no request failed",
        p99(&before),
        p99(&during),
        during.len(),
        p99(&after)
    );
    processes[0].signal(Signal::CONT);
    while stage.metrics().await[ejected] > 0.0 {
        crowd(5).await;
        assert!(stopped_at.elapsed() < Duration::from_secs(60), "the replica was never restored");
    }
}
