//! Backups while nothing else of the campus lives; and the demonstration in namespaces.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;
use testkit::claim::Claim;
use testkit::process::{eventually, run};

use crate::backups::{ROLES, agent, good, leader};
use crate::harness::{Campus, PATIENCE, lives, signal};

/// The pids of every replica that is (or is not) a backup server, and where the servers take HTTP.
fn replicas(status: &Value, servers: bool) -> Vec<(i32, String)> {
    let roles = status["roles"].as_array().into_iter().flatten();
    let wanted = roles.filter(|role| (role["role"] == "backup-server") == servers);
    let replicas = wanted.flat_map(|role| role["replicas"].as_array().into_iter().flatten());
    replicas
        .filter_map(|replica| {
            let pid = i32::try_from(replica["pid"].as_i64()?).ok()?;
            Some((pid, replica["address"].as_str().unwrap_or_default().to_owned()))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_alone_alive_keep_their_schedule_and_give_archives() {
    let mut campus = Campus::start(&[("BEDEL_ORCHESTRATOR__REPLICAS", ROLES)]).await;
    fs::create_dir_all(campus.data().join("node/tree")).expect("makes");
    let root = campus.data().join("node").canonicalize().expect("a path");
    let (tree, state, port) = (root.join("tree"), root.join("state"), Claim::port());
    fs::write(tree.join("file"), "before").expect("writes");
    let (path, listen) = (tree.to_str().expect("UTF-8"), format!("127.0.0.1:{}", port.number()));
    let token = good(&campus.bedel(&["backup", "enroll-token"]));
    let mut node = agent(&campus, &listen, &tree, &state, Some(token.trim()));
    let leads = leader(&campus).await;
    good(&campus.bedel(&["backup", "register", &listen, path, "--every", "60"]));
    eventually("a first backup", PATIENCE, async || campus.bedel(&["backup", "run", &listen, path]).status.success())
        .await;
    // What is overdue from now on is found out by the schedule alone.
    node.terminate(PATIENCE).await;
    assert_eq!(campus.bedel(&["backup", "run", &listen, path]).status.code(), Some(1));
    let status = campus.status().expect("a status");
    let servers = replicas(&status, true);
    let (_, door) = servers.iter().find(|(pid, _)| *pid == leads).expect("the leader").clone();
    campus.kill_orchestrator();
    for (pid, _) in replicas(&status, false) {
        signal(pid, "KILL");
        eventually("it is dead", PATIENCE, async || !lives(pid)).await;
    }
    assert!(campus.client.get(&campus.url).send().await.is_err(), "nobody is at the door");

    fs::write(tree.join("file"), "after").expect("writes");
    let _node = agent(&campus, &listen, &tree, &state, None);
    let ask = async |path: &str| {
        let url = format!("http://{door}/api/v1/backups{path}");
        campus.client.get(url).bearer_auth(&campus.token).send().await.expect("the server answers")
    };
    let mut log = Value::Null;
    eventually("a backup by schedule", PATIENCE, async || {
        log = ask("/log?outcome=done").await.json().await.expect("JSON");
        log["items"].as_array().is_some_and(|items| items.len() == 2)
    })
    .await;
    let id = log["items"][0]["backup"].as_str().expect("a backup").to_owned();
    for (id, content) in [(&*id, "after"), (log["items"][1]["backup"].as_str().expect("a backup"), "before")] {
        let archive = ask(&format!("/{id}/archive.tgz")).await;
        assert_eq!(archive.status().as_u16(), 200);
        let file = root.join("archive.tgz");
        fs::write(&file, archive.bytes().await.expect("all of it")).expect("writes");
        assert_eq!(run(Command::new("tar").args(["xzOf"]).arg(file).arg("file")), content);
    }
}

/// What people are shown works: a node is cut off, the leader dies, and what is restored is what was there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demonstration_in_namespaces_works() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/backup-demo/namespaces");
    let mut command = Command::new(script);
    command.arg("try").env("BEDEL", env!("CARGO_BIN_EXE_bedel")).env("CUT", "4").stdin(Stdio::null());
    let shown = tokio::task::spawn_blocking(move || command.output().expect("starts")).await.expect("ends");
    let said = String::from_utf8_lossy(&shown.stderr);
    assert!(shown.status.success() && said.contains("everything is there"), "{said}");
}
