//! What is sent again after a break: at most what was under way.

use std::fs;

use serde_json::Value;
use testkit::process::eventually;
use testkit::proxy::{Cut, FaultProxy, Faults};
use vault::chunk::MAX_CHUNK;

use crate::campus::{Campus, PATIENCE};
use crate::count;
use crate::stage::{SERVER, Stage};
use crate::tree::{noise, untar};

const CONTENT: usize = 24_000_000;
/// An agent deflates two chunks at a time.
const WORKERS: u64 = 2;
/// TLS, questions and answers, and what tells that the agent is at work.
const OVERHEAD: u64 = 200_000;

#[derive(Debug, Clone, Copy)]
enum Break {
    Link,
    Server,
    Agent,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_resumed_sends_at_most_a_fragment_for_each_worker_again() {
    let campus = &Campus::sqlite().await;
    let stage = Stage::new(campus);
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    let mut server = stage.server(SERVER);
    let mut agent = stage.agent("agent", &tree).await;
    let link = FaultProxy::start(agent.address, 2).await;
    let target = stage.admin(SERVER).await.register(link.address(), &tree).await;
    stage.admin(SERVER).await.attempt("done").await;
    for round in 1..=count(3, 60) {
        let content = noise(round, CONTENT);
        fs::write(tree.join("file"), &content).expect("writes");
        let (before, middle) = (link.passed(), 12_000_000 + round % 7 * 1_000_000);
        let kind = [Break::Link, Break::Server, Break::Agent][usize::try_from(round % 3).expect("small")];
        // Slow, so that the break meets an attempt that is under way.
        link.set(Faults { bytes_per_second: Some(20_000_000), ..Faults::default() });
        let admin = stage.admin(SERVER).await;
        let (status, attempt) = admin.post(&format!("/targets/{target}/run"), &Value::Null).await;
        assert_eq!(status, 202, "{attempt}");
        eventually("half is sent", PATIENCE, async || link.passed() - before > middle).await;
        match kind {
            Break::Link => {
                link.change(|faults| faults.cut = Cut::Reset);
                link.cut_all();
            }
            Break::Server => {
                server.kill9();
                server = stage.server(SERVER);
            }
            Break::Agent => agent.replace(),
        }
        link.set(Faults::default());
        let admin = stage.admin(SERVER).await;
        let ended = admin.ended(&attempt).await;
        assert_eq!(ended["outcome"], "failed", "the break met the attempt: {ended}");
        admin.succeed(&target).await;
        let sent = link.passed() - before;
        let most = CONTENT as u64 + WORKERS * u64::from(MAX_CHUNK) + OVERHEAD;
        assert!(sent <= most, "{kind:?}: {sent} bytes were sent, {most} at most");
        let out = campus.path("out");
        untar(&admin.archive(&admin.newest().await).await, &out);
        assert!(fs::read(out.join("file")).expect("reads") == content, "{kind:?}");
        fs::remove_dir_all(out).expect("removes");
    }
}
