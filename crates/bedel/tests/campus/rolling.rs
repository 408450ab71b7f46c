//! Rolling restarts under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Client;

use crate::harness::Campus;

/// Steady requests over kept-alive connections; any that is not a 200 is noted.
struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    workers: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Load {
    fn begin(campus: &Campus) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let targets = ["/api/v1/me", "/api/v1/files", "/api/openapi.json"];
        let workers = (0..6)
            .map(|worker| {
                let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
                let url = format!("{}{}", campus.url, targets[worker % targets.len()]);
                let token = campus.token.clone();
                tokio::spawn(async move {
                    let client = Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
                    let mut failures = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let outcome = client.get(&url).bearer_auth(&token).send().await;
                        match outcome {
                            Ok(response) if response.status() == 200 => match response.bytes().await {
                                Ok(_) => {}
                                Err(error) => failures.push(format!("{url}: body: {error:?}")),
                            },
                            Ok(response) => failures.push(format!("{url}: {}", response.status())),
                            Err(error) => failures.push(format!("{url}: {error:?}")),
                        }
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    failures
                })
            })
            .collect();
        Self { stop, done, workers }
    }

    async fn end(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        for worker in self.workers {
            failures.extend(worker.await.expect("a worker ends"));
        }
        (self.done.load(Ordering::Relaxed), failures)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replacing_every_role_fails_no_request() {
    let campus = Campus::start(&[]).await;
    let before = campus.pids();
    let load = Load::begin(&campus);
    for role in ["files", "accounts", "portal", "gateway"] {
        let restarted = campus.bedel(&["restart", role]);
        assert!(restarted.status.success(), "{role}: {}", String::from_utf8_lossy(&restarted.stderr));
    }
    let (done, failures) = load.end().await;
    println!("{done} requests, {} failed", failures.len());
    assert!(failures.is_empty(), "{} of {done}: {:?}", failures.len(), &failures[..failures.len().min(10)]);
    assert!(done > 100, "there was load: {done}");
    campus.until_whole().await;
    let after = campus.pids();
    assert!(before.iter().all(|pid| !after.contains(pid)), "every process is another");
}
