//! The client commands, as a person uses them.

use std::process::Stdio;

use serde_json::Value;
use testkit::proxy::{FaultProxy, Faults};

use crate::harness::{Campus, PASSWORD, signal};
use crate::transfer::piece;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_in_put_ls_get_rm() {
    let campus = Campus::start(&[]).await;
    let remembered = |arguments: &[&str]| {
        let mut command = campus.bedel_command(arguments);
        command.env_remove("BEDEL_TOKEN").env_remove("BEDEL_URL");
        command
    };
    let refused = remembered(&["ls"]).output().expect("runs");
    assert!(!refused.status.success() && text(&refused.stderr).contains("bedel login"), "{}", text(&refused.stderr));

    let mut login = remembered(&["login", &campus.url, "--username", "admin", "--password-stdin"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("runs");
    std::io::Write::write_all(&mut login.stdin.take().expect("a pipe"), PASSWORD.as_bytes()).expect("writes");
    assert!(login.wait().expect("waits").success());

    let source = campus.data().join("película ñandú.bin");
    std::fs::write(&source, piece(1, 0, 3_000_000)).expect("writes");
    let put =
        remembered(&["put", source.to_str().expect("UTF-8"), "--title", "Ñandú", "--json"]).output().expect("runs");
    assert!(put.status.success(), "{}", text(&put.stderr));
    let stored: Value = serde_json::from_slice(&put.stdout).expect("JSON");
    assert_eq!((&stored["size"], &stored["title"]), (&3_000_000.into(), &"Ñandú".into()));
    let id = stored["id"].as_str().expect("an id");

    let ls = remembered(&["ls"]).output().expect("runs");
    assert!(text(&ls.stdout).contains("película ñandú.bin"), "{}", text(&ls.stdout));

    let target = campus.data().join("back.bin");
    let get = remembered(&["get", "película ñandú.bin", "-o", target.to_str().expect("UTF-8")]).output().expect("runs");
    assert!(get.status.success(), "{}", text(&get.stderr));
    assert_eq!(std::fs::read(&target).expect("reads"), std::fs::read(&source).expect("reads"));

    let long = remembered(&["ls", "--long"]).output().expect("runs");
    assert!(text(&long.stdout).contains("  ends:-"), "{}", text(&long.stdout));

    let removed = remembered(&["rm", id]).output().expect("runs");
    assert!(text(&removed.stdout).contains(&format!("bedel restore {id}")), "{}", text(&removed.stdout));
    let gone = remembered(&["get", id]).output().expect("runs");
    assert!(!gone.status.success() && text(&gone.stderr).contains("410"), "{}", text(&gone.stderr));
    assert!(remembered(&["restore", id]).output().expect("runs").status.success());
    assert!(remembered(&["rm", "--purge", id]).output().expect("runs").status.success());
    let gone = remembered(&["restore", id]).output().expect("runs");
    assert!(!gone.status.success() && text(&gone.stderr).contains("404"), "{}", text(&gone.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_put_goes_on_when_it_is_run_again() {
    let campus = Campus::start(&[("BEDEL_FILES__CHECKPOINT", "1048576")]).await;
    let source = campus.data().join("large.bin");
    std::fs::write(&source, piece(2, 0, 64 << 20)).expect("writes");
    let path = source.to_str().expect("UTF-8");
    // A slow link keeps the upload under way until it is killed.
    let proxy = FaultProxy::start(campus.url.trim_start_matches("http://").parse().expect("an address"), 3).await;
    proxy.set(Faults { bytes_per_second: Some(8 << 20), ..Faults::default() });
    let slow = format!("http://{}", proxy.address());
    let mut first = campus.bedel_command(&["put", path]).env("BEDEL_URL", &slow).spawn().expect("runs");
    campus.until("part of the upload is durable", |_| partly_durable(&campus)).await;
    signal(i32::try_from(first.id()).expect("a pid"), "KILL");
    first.wait().expect("waits");
    proxy.set(Faults::default());
    let second = campus.bedel_command(&["put", path]).env("BEDEL_URL", &slow).output().expect("runs");
    assert!(second.status.success(), "{}", text(&second.stderr));
    assert!(text(&second.stderr).contains("resumed at"), "{}", text(&second.stderr));
}

/// More than 4 MiB of some upload lie on the disk.
fn partly_durable(campus: &Campus) -> bool {
    fn bytes(folder: &std::path::Path) -> u64 {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| {
                if entry.path().is_dir() { bytes(&entry.path()) } else { entry.metadata().map_or(0, |seen| seen.len()) }
            })
            .sum()
    }
    bytes(&campus.data().join("blobs")) > 4 << 20
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_scale_and_usage() {
    let campus = Campus::start(&[]).await;
    let status = campus.status().expect("a status");
    for role in ["gateway", "accounts", "files", "portal"] {
        assert!(status["roles"].as_array().expect("roles").iter().any(|known| known["role"] == role), "{status}");
    }
    assert!(campus.bedel(&["scale", "files", "1"]).status.success());
    campus.until("one files replica is left", |_| campus.replicas("files").len() == 1).await;
    let too_many = campus.bedel(&["scale", "files", "99"]);
    assert!(!too_many.status.success() && text(&too_many.stderr).contains('8'), "{}", text(&too_many.stderr));
    assert_eq!(campus.bedel(&["scale", "nobody", "1"]).status.code(), Some(2));
    let wrong = campus.bedel_command(&["config", "check"]).env("BEDEL_FILES__MAX_SIZE", "many").output().expect("runs");
    assert_eq!(wrong.status.code(), Some(64));
    assert!(text(&wrong.stderr).contains("files.max_size"), "{}", text(&wrong.stderr));
    let schema = campus.bedel(&["config", "schema"]);
    assert!(serde_json::from_slice::<Value>(&schema.stdout).is_ok());
}
