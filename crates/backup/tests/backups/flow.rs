//! What backups are for.

use std::fs;
use std::os::unix::net::UnixListener;

use api::auth::UserRole;
use backup::agent::Identity;
use serde_json::json;
use testkit::claim::Claim;
use testkit::process::eventually;

use crate::campus::{Campus, PATIENCE, serve_agent};
use crate::tree::{assert_equal, noise, plant, untar};

pub(crate) async fn a_folder_is_backed_up_and_restored_by_tar(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    plant(&tree);
    let node = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    admin.register(node.address, &tree).await;
    let done = admin.attempt("done").await;
    assert_eq!((&done["warnings_total"], &done["path"]), (&json!(0), &json!(tree)), "{done}");
    let id = done["backup"].as_str().expect("a backup").to_owned();
    let (status, listed) = admin.get(&format!("?node=127.0.0.1&path={}", tree.display())).await;
    assert_eq!((status, &listed["items"][0]["id"], &listed["items"][0]["kept"]), (200, &json!(id), &json!(true)));

    let archive = admin.archive(&id).await;
    assert_eq!(listed["items"][0]["size"], json!(archive.len()));
    let out = campus.path("out");
    untar(&archive, &out);
    assert_equal(&tree, &out);

    let part = admin.request(reqwest::Method::GET, &format!("/{id}/archive.tgz")).header("range", "bytes=100-199");
    let part = part.send().await.expect("answers");
    assert_eq!(part.status().as_u16(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 100-199/{}", archive.len()));
    let tag = part.headers()["etag"].clone();
    assert_eq!(part.bytes().await.expect("bytes"), &archive[100..200]);
    let known = admin.request(reqwest::Method::GET, &format!("/{id}/archive.tgz")).header("if-none-match", tag);
    assert_eq!(known.send().await.expect("answers").status().as_u16(), 304);

    let (status, entries) = admin.get(&format!("/{id}/entries?from=small/")).await;
    assert_eq!((status, &entries["items"][1]["name"]), (200, &json!("small/000.txt")), "{entries}");
    let file = admin.request(reqwest::Method::GET, &format!("/{id}/content?name=large")).send().await.expect("answers");
    assert_eq!(file.bytes().await.expect("bytes"), noise(1, 3_000_000));
    let (status, verified) = admin.post(&format!("/{id}/verify"), &json!(null)).await;
    assert_eq!((status, &verified["good"]), (200, &json!(true)), "{verified}");
}

pub(crate) async fn only_what_changed_is_sent_and_the_last_ones_are_kept(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    plant(&tree);
    let node = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    let target = admin.register(node.address, &tree).await;
    let first = admin.attempt("done").await;
    let all = first["sent"].as_u64().expect("a number");
    assert!(all > 3_000_000, "{first}");
    let again = admin.run(&target).await;
    assert_eq!((&again["outcome"], &again["backup"], &again["sent"]), (&json!("unchanged"), &json!(null), &json!(0)));
    for round in 0..11 {
        fs::write(tree.join("small/100.txt"), format!("round {round}")).expect("writes");
        let changed = admin.run(&target).await;
        assert_eq!(changed["outcome"], "done", "{changed}");
        assert!(changed["sent"].as_u64().expect("a number") < all / 10, "{changed}");
    }
    // The eleventh goes after the attempt that made the tenth has ended.
    let (mut listed, wanted) = (json!(null), [[true; 10].as_slice(), &[false; 2]].concat());
    eventually("the ten newest are kept", PATIENCE, async || {
        listed = admin.get("").await.1;
        let kept = listed["items"].as_array().expect("items").iter().map(|one| one["kept"] == json!(true));
        kept.collect::<Vec<bool>>() == wanted
    })
    .await;
    let oldest = listed["items"][9]["id"].as_str().expect("an id");
    let out = campus.path("out");
    untar(&admin.archive(oldest).await, &out);
    assert_eq!(fs::read_to_string(out.join("small/100.txt")).expect("reads"), "round 1");
    let dropped = listed["items"][10]["id"].as_str().expect("an id");
    let (status, problem) = admin.get(&format!("/{dropped}/archive.tgz")).await;
    assert_eq!(status, 404, "{problem}");

    let (status, _) = admin.delete(&format!("/targets/{target}")).await;
    assert_eq!(status, 204);
    assert_eq!(admin.get("").await.1["items"].as_array().expect("items").len(), 12, "backups stay");
    assert_eq!(admin.get("/log").await.1["items"].as_array().expect("items").len(), 13, "the log stays");
    assert_eq!(admin.post(&format!("/targets/{target}/run"), &json!(null)).await.0, 404);
}

pub(crate) async fn what_is_hot_or_odd_is_listed(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    let _socket = UnixListener::bind(tree.join("socket")).expect("binds");
    let growing = tree.join("growing");
    fs::write(&growing, noise(1, 40_000_000)).expect("writes");
    let node = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writing = std::thread::spawn({
        let over = over.clone();
        move || {
            use std::io::Write;
            let mut file = fs::File::options().append(true).open(growing).expect("opens");
            while !over.load(std::sync::atomic::Ordering::SeqCst) {
                file.write_all(b"more").expect("writes");
            }
        }
    });
    admin.register(node.address, &tree).await;
    let done = admin.attempt("done").await;
    over.store(true, std::sync::atomic::Ordering::SeqCst);
    writing.join().expect("ends");
    let warnings = [json!({"kind": "unstable", "name": "growing"}), json!({"kind": "socket", "name": "socket"})];
    let listed = done["warnings"].as_array().expect("a list");
    assert!(warnings.iter().all(|warning| listed.contains(warning)) && listed.len() == 2, "{done}");
    let out = campus.path("out");
    untar(&admin.archive(done["backup"].as_str().expect("a backup")).await, &out);
    let (original, restored) =
        (fs::read(tree.join("growing")).expect("reads"), fs::read(out.join("growing")).expect("reads"));
    assert!(restored.len() >= 40_000_000 && original.starts_with(&restored), "what it was at some moment");
}

pub(crate) async fn a_node_that_is_back_is_backed_up(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    fs::write(tree.join("file"), "content").expect("writes");
    let state = campus.path("agent");
    Identity::enrol(&campus.enroll_token(&server).await, &state).await.expect("enrols");
    let port = Claim::port();
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port.number()));
    let admin = campus.at(&server, UserRole::Admin);
    let target = admin.register(address, &tree).await;
    let missed = admin.attempt("unreachable").await;
    assert!(missed["detail"].as_str().expect("why").contains("does not answer"), "{missed}");
    let run = admin.run(&target).await;
    assert_eq!(run["outcome"], "unreachable", "whoever asks is told: {run}");
    assert_eq!(run["reason"], "unreachable");
    let _node = serve_agent(&state, &tree, &address.to_string()).await;
    let done = admin.attempt("done").await;
    assert_eq!(done["entries"], 2, "{done}");
    let (_, log) = admin.get("/log").await;
    assert_eq!(log["items"].as_array().expect("items").len(), 3, "looks in between are no attempts: {log}");
}

pub(crate) async fn another_agent_at_the_same_address_is_not_asked(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    let node = campus.node(&server, "agent-1", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    let target = admin.register(node.address, &tree).await;
    admin.attempt("done").await;
    let address = node.address;
    drop(node);
    let state = campus.path("agent-2");
    Identity::enrol(&campus.enroll_token(&server).await, &state).await.expect("enrols");
    eventually("the port is free", PATIENCE, async || std::net::TcpListener::bind(address).is_ok()).await;
    let _other = serve_agent(&state, &tree, &address.to_string()).await;
    let refused = admin.run(&target).await;
    assert_eq!(refused["outcome"], "failed", "{refused}");
    assert!(refused["detail"].as_str().expect("why").contains("another agent"), "{refused}");
}
