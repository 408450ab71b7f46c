//! Two servers and five nodes, each node in a network namespace of its own behind a link of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use backup::agent::Identity;
use kernel::clock::{Clock, Timestamp};
use serde_json::Value;
use testkit::net::Link;
use testkit::process::{Guard, eventually};

use crate::campus::{Campus, Http, PATIENCE};
use crate::child::{Part, spawn_behind};
use crate::count;
use crate::stage::{SERVER, Stage};
use crate::tree::{noise, untar};

const STANDBY: &str = "backup-server-2";
const NODES: usize = 5;
/// The node whose link is cut.
const CUT: usize = 2;
/// A minute, and what chance may add to it.
const INTERVAL: i64 = 64;

/// A machine with an agent.
struct Node {
    link: Link,
    tree: PathBuf,
    address: SocketAddr,
    _agent: Guard,
}

impl Node {
    async fn start(stage: &Stage<'_>, admin: &Http, number: usize) -> Self {
        let (link, tree) = (Link::new(), stage.campus.path(&format!("tree-{number}")));
        fs::create_dir_all(&tree).expect("makes");
        let state = stage.campus.path(&format!("agent-{number}"));
        Identity::enrol(&admin.enroll_token().await, &state).await.expect("enrols");
        let address = SocketAddr::new(link.far_address(), 9750);
        let part = Part::Agent { state, allow: tree.clone(), listen: address.to_string() };
        let agent = spawn_behind(&link, &part, &stage.log);
        let node = Self { link, tree, address, _agent: agent };
        node.write(0);
        admin.register_every(address, &node.tree, 1).await;
        node
    }

    fn write(&self, round: u64) {
        fs::write(self.tree.join("file"), noise(round, 300_000)).expect("writes");
    }

    /// Its attempts that made a backup, newest first.
    async fn done(&self, admin: &Http) -> Vec<Value> {
        self.log(admin).await.into_iter().filter(|attempt| attempt["outcome"] == "done").collect()
    }

    /// Its attempts, newest first.
    async fn log(&self, admin: &Http) -> Vec<Value> {
        let (status, log) = admin.get(&format!("/log?node={}", self.address)).await;
        assert_eq!(status, 200, "{log}");
        log["items"].as_array().cloned().expect("items")
    }

    async fn until_done(&self, admin: &Http, times: usize) {
        eventually(&format!("{} is backed up {times} times", self.address), PATIENCE, async || {
            self.done(admin).await.len() >= times
        })
        .await;
    }
}

/// An interval goes by: on the servers' clock, and in `make soak` as it does.
async fn interval(stage: &Stage<'_>, number: i64) -> Duration {
    if count(false, true) {
        tokio::time::sleep(Duration::from_secs(INTERVAL.unsigned_abs())).await;
        return Duration::ZERO;
    }
    stage.shift_clock(INTERVAL * number);
    Duration::from_secs((INTERVAL * number).unsigned_abs())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_cut_off_is_backed_up_within_ten_seconds_of_its_return() {
    let campus = &Campus::sqlite().await;
    let stage = Stage::new(campus);
    let mut leader = stage.server(SERVER);
    let admin = stage.admin(SERVER).await;
    let mut nodes = Vec::new();
    for number in 0..NODES {
        nodes.push(Node::start(&stage, &admin, number).await);
    }
    for node in &nodes {
        node.until_done(&admin, 1).await;
    }
    let mut before = Vec::new();
    for node in &nodes {
        before.push(node.log(&admin).await.len());
    }
    let _standby = stage.server(STANDBY);
    let admin = stage.admin(STANDBY).await;

    nodes[CUT].link.far_down();
    let mut shifted = Duration::ZERO;
    for number in [1_i64, 2] {
        nodes.iter().for_each(|node| node.write(number.unsigned_abs()));
        shifted = interval(&stage, number).await;
        for (_, node) in nodes.iter().enumerate().filter(|(place, _)| *place != CUT) {
            node.until_done(&admin, 1 + usize::try_from(number).expect("small")).await;
        }
        eventually("the silence is told", PATIENCE, async || {
            nodes[CUT].log(&admin).await.iter().any(|attempt| attempt["outcome"] == "unreachable")
        })
        .await;
        // The second interval is the standby's.
        leader.kill9();
    }

    let back = campus.day.now();
    nodes[CUT].link.far_up();
    nodes[CUT].until_done(&admin, 2).await;
    let began = nodes[CUT].done(&admin).await[0]["started_at"].clone();
    let began: Timestamp = serde_json::from_value(began).expect("a time");
    let waited = began.since(back.plus(shifted));
    let log = nodes[CUT].log(&admin).await;
    assert!(waited <= Duration::from_secs(10), "its backup began {waited:?} after it was back: {log:#?}");

    for (place, node) in nodes.iter().enumerate() {
        let log = node.log(&admin).await;
        let good = |attempt: &Value| matches!(attempt["outcome"].as_str(), Some("done" | "unchanged" | "running"));
        let since = &log[..log.len() - before[place]];
        assert!(place == CUT || since.iter().all(good), "the others are not harmed: {since:?}");
        let out = campus.path(&format!("out-{place}"));
        untar(&admin.archive(node.done(&admin).await[0]["backup"].as_str().expect("a backup")).await, &out);
        assert_eq!(fs::read(out.join("file")).expect("reads"), noise(2, 300_000), "the newest of {}", node.address);
    }
}
