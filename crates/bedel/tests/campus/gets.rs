//! `bedel get` over several connections, killed, and of several files.

use std::path::Path;

use serde_json::Value;
use testkit::proxy::Faults;

use crate::harness::{Campus, signal};
use crate::puts::{begin, end, run, slow_link, text};
use crate::transfer::piece;

/// Uploads test file `seed`; returns its id.
fn put(campus: &Campus, path: &Path, seed: u64, size: usize) -> String {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes");
    std::fs::write(path, piece(seed, 0, size)).expect("writes");
    let stored = run(campus, &campus.url, &["put", path.to_str().expect("UTF-8"), "--json"]);
    assert!(stored.status.success(), "{}", text(&stored.stderr));
    let stored: Value = serde_json::from_slice(&stored.stdout).expect("JSON");
    stored["id"].as_str().expect("an id").to_owned()
}

/// How many bytes of a download are recorded beside it.
fn recorded(part: &Path) -> u64 {
    let record = std::fs::read(part.with_extension("part.json")).unwrap_or_default();
    let record: Value = serde_json::from_slice(&record).unwrap_or_default();
    let ranges = record["held"].as_array().cloned().unwrap_or_default();
    ranges.iter().map(|range| range[1].as_u64().unwrap_or(0) - range[0].as_u64().unwrap_or(0)).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_get_fetches_nothing_again() {
    let campus = Campus::start(&[]).await;
    let home = tempfile::tempdir().expect("a folder");
    let size = 48_000_000;
    let source = home.path().join("source.bin");
    let id = put(&campus, &source, 12, size);
    let (proxy, url) = slow_link(&campus, 2_000_000).await;
    let target = home.path().join("target.bin");
    let part = home.path().join(format!("target.bin.{id}.part"));
    let arguments = ["get", &id, "-o", target.to_str().expect("UTF-8"), "--connections", "4"];

    let first = begin(&campus, &url, &arguments);
    campus.until("some of it is recorded", |_| recorded(&part) > 8_000_000).await;
    assert!(proxy.accepted() >= 4, "four ranges at once: {}", proxy.accepted());
    end(first, "KILL");
    let (have, passed) = (recorded(&part), proxy.passed());
    assert!(!target.exists() && have < size as u64);

    // The rest survives a replica's death, which breaks its connections.
    proxy.set(Faults { bytes_per_second: Some(4_000_000), ..Faults::default() });
    let second = begin(&campus, &url, &arguments);
    campus.until("more of it is recorded", |_| recorded(&part) > have + 8_000_000).await;
    for replica in campus.replicas("files").iter().take(2) {
        signal(replica.pid, "KILL");
    }
    let second = second.wait_with_output().expect("ends");
    let said = text(&second.stderr);
    assert!(second.status.success(), "{said}");
    assert!(said.contains(&format!("resumed at {have} bytes")), "{said}");
    assert_eq!(std::fs::read(&target).expect("reads"), std::fs::read(&source).expect("reads"));
    // What a broken connection had under way is sent again: four connections and their buffers.
    let (sent, missing) = (proxy.passed() - passed, size as u64 - have);
    assert!(sent < missing + 8_000_000, "{sent} bytes passed for {missing} that were missing");
    assert_eq!(std::fs::read_dir(home.path()).expect("reads").count(), 2, "no partial file is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_bytes_are_thrown_away() {
    let campus = Campus::start(&[]).await;
    let home = tempfile::tempdir().expect("a folder");
    let source = home.path().join("source.bin");
    let id = put(&campus, &source, 13, 20_000_000);
    let (proxy, url) = slow_link(&campus, 2_000_000).await;
    let target = home.path().join("target.bin");
    let part = home.path().join(format!("target.bin.{id}.part"));
    let arguments = ["get", &id, "-o", target.to_str().expect("UTF-8")];
    let first = begin(&campus, &url, &arguments);
    campus.until("some of it is recorded", |_| recorded(&part) > 1_000_000).await;
    end(first, "KILL");
    let bytes = std::fs::File::options().write(true).open(&part).expect("opens");
    std::os::unix::fs::FileExt::write_all_at(&bytes, b"others", 0).expect("writes");
    drop(bytes);
    proxy.set(Faults::default());
    let second = run(&campus, &url, &arguments);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("the digest is wrong"), "{}", text(&second.stderr));
    assert!(!target.exists() && !part.exists());
    assert!(run(&campus, &url, &arguments).status.success());
    assert_eq!(std::fs::read(&target).expect("reads"), std::fs::read(&source).expect("reads"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_files_come_at_once_also_of_one_name() {
    let campus = Campus::start(&[]).await;
    let home = tempfile::tempdir().expect("a folder");
    let sources = ["one/notes.bin", "two/notes.bin", "two/empty.bin"].map(|name| home.path().join(name));
    let made: Vec<_> =
        sources.iter().zip([30_000, 9_000_000, 0]).map(|(path, size)| put(&campus, path, 14, size)).collect();
    let into = home.path().join("into");
    let into_text = into.to_str().expect("UTF-8");
    let get =
        run(&campus, &campus.url, &["get", &made[0], &made[1], "empty.bin", "nothing.bin", "-o", into_text, "--json"]);
    let said = text(&get.stderr);
    assert_eq!(get.status.code(), Some(1), "{said}");
    assert!(said.contains("1 of 4 were not downloaded") && said.contains("no file is called nothing.bin"), "{said}");
    assert_eq!(text(&get.stdout).lines().count(), 3, "{}", text(&get.stdout));
    for (name, source) in [
        (format!("{}-notes.bin", made[0]), &sources[0]),
        (format!("{}-notes.bin", made[1]), &sources[1]),
        ("empty.bin".to_owned(), &sources[2]),
    ] {
        let back = std::fs::read(into.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}; {said}"));
        assert_eq!(back, std::fs::read(source).expect("reads"), "{name}");
    }
}
