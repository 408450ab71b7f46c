//! What an agent and a server need for a tree of very many files.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use testkit::process::Guard;

use crate::campus::{Campus, Http};
use crate::count;
use crate::stage::{SERVER, Stage};

/// The most memory a process ever had, in bytes.
fn peak(process: &Guard) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kibibytes << 10
}

/// Waits until so many attempts have made backups, however long so many files take.
async fn ends(admin: &Http, attempts: usize) {
    loop {
        let log = admin.get("/log").await.1["items"].as_array().cloned().expect("items");
        let good = log.iter().filter(|attempt| attempt["outcome"] == "done").count();
        let bad = log.iter().find(|attempt| matches!(attempt["outcome"].as_str(), Some("failed" | "unreachable")));
        assert!(bad.is_none(), "{bad:?}");
        if good == attempts {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_with_very_many_files_needs_64_megabytes_at_most() {
    let campus = &Campus::sqlite().await;
    let stage = Stage::new(campus);
    let tree = campus.path("tree");
    for folder in 0..count(100, 1000) {
        let folder = tree.join(format!("{folder:04}"));
        fs::create_dir_all(&folder).expect("makes");
        for file in 0..1000 {
            fs::write(folder.join(format!("{file:04}.txt")), format!("file {file} of many")).expect("writes");
        }
    }
    let server = stage.server(SERVER);
    let agent = stage.agent("agent", &tree).await;
    let admin = stage.admin(SERVER).await;
    let target = admin.register(agent.address, &tree).await;
    ends(&admin, 1).await;
    fs::write(tree.join("0001/new"), "one more").expect("writes");
    assert_eq!(admin.post(&format!("/targets/{target}/run"), &Value::Null).await.0, 202);
    ends(&admin, 2).await;
    let (agents, servers) = (peak(&agent.process), peak(&server));
    println!("peaks: agent {} MB, server {} MB", agents / 1_000_000, servers / 1_000_000);
    assert!(agents <= 64_000_000, "the agent had {agents} bytes");
    assert!(servers <= 256_000_000, "the server had {servers} bytes");
}
