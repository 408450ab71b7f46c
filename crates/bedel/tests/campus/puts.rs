//! `bedel put` of folders and of what was interrupted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Output, Stdio};

use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};
use testkit::proxy::{FaultProxy, Faults};

use crate::harness::{Campus, signal};
use crate::transfer::piece;

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A proxy in front of a campus, and its address as a client writes it.
pub async fn slow_link(campus: &Campus, bytes_per_second: u64) -> (FaultProxy, String) {
    let proxy = FaultProxy::start(campus.url.trim_start_matches("http://").parse().expect("an address"), 3).await;
    proxy.set(Faults { bytes_per_second: Some(bytes_per_second), ..Faults::default() });
    let url = format!("http://{}", proxy.address());
    (proxy, url)
}

/// Starts a client and lets it work.
pub fn begin(campus: &Campus, url: &str, arguments: &[&str]) -> Child {
    let mut command = campus.bedel_command(arguments);
    command.env("BEDEL_URL", url).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("starts")
}

/// Runs a client to its end.
pub fn run(campus: &Campus, url: &str, arguments: &[&str]) -> Output {
    begin(campus, url, arguments).wait_with_output().expect("ends")
}

/// Sends a client a signal and waits for its end.
pub fn end(client: Child, name: &str) -> Output {
    signal(i32::try_from(client.id()).expect("a pid"), name);
    client.wait_with_output().expect("ends")
}

/// Every file of the campus.
pub async fn files(campus: &Campus) -> Vec<Value> {
    let answer = campus.request(Method::GET, "/files?limit=500").send().await.expect("an answer");
    let list: Value = answer.json().await.expect("JSON");
    list["items"].as_array().expect("items").clone()
}

fn ids(files: &[Value]) -> BTreeSet<String> {
    files.iter().map(|file| file["id"].as_str().expect("an id").to_owned()).collect()
}

/// Writes 40 files into folders; returns the digests by path in the folder.
fn course(folder: &Path) -> BTreeMap<String, String> {
    let mut digests = BTreeMap::new();
    for number in 0..40_u64 {
        let inside = format!("course/week {}/lesson-{number}.bin", number % 5);
        let path = folder.join(&inside);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes");
        let bytes = piece(number, 0, usize::try_from(500_000 + number * 30_000).expect("small"));
        std::fs::write(&path, &bytes).expect("writes");
        digests.insert(inside, Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect());
    }
    digests
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_goes_up_once_whatever_dies() {
    let campus = Campus::start(&[("BEDEL_FILES__CHECKPOINT", "1048576")]).await;
    let home = tempfile::tempdir().expect("a folder");
    let digests = course(home.path());
    let folder = home.path().join("course");
    std::os::unix::fs::symlink(home.path(), folder.join("loop")).expect("links");
    let path = folder.to_str().expect("UTF-8");
    let (proxy, url) = slow_link(&campus, 2_000_000).await;

    let first = begin(&campus, &url, &["put", path, "--parallel", "4"]);
    campus.until("some files are stored", |_| stored(&campus) >= 6).await;
    let killed = end(first, "KILL");
    assert!(text(&killed.stderr).contains("loop: skipped, it is a symbolic link"), "{}", text(&killed.stderr));
    let before = ids(&files(&campus).await);
    assert!(before.len() < 40, "it was killed under way");

    let second = begin(&campus, &url, &["put", path, "--parallel", "8", "--json"]);
    campus.until("more files are stored", |_| stored(&campus) >= before.len() + 3).await;
    signal(campus.replicas("files")[0].pid, "KILL");
    let second = second.wait_with_output().expect("ends");
    assert!(second.status.success(), "{}", text(&second.stderr));
    assert_eq!(text(&second.stdout).lines().count(), 40, "every file is told, also those of the first run");
    let known = text(&second.stderr).matches("stored before").count();
    // Of the four that were under way the client may have died before it heard that they had arrived.
    assert!(known + 4 >= before.len(), "{known} of {}", before.len());

    let after = files(&campus).await;
    assert!(ids(&after).is_superset(&before), "what was stored stays as it was");
    let found: BTreeMap<String, String> = after
        .iter()
        .map(|file| {
            (file["title"].as_str().expect("text").to_owned(), file["sha256"].as_str().expect("hex").to_owned())
        })
        .collect();
    assert_eq!((after.len(), &found), (40, &digests), "each file once, at its place, with its bytes");

    let passed = proxy.passed();
    let third = run(&campus, &url, &["put", path]);
    assert!(third.status.success(), "{}", text(&third.stderr));
    assert_eq!(text(&third.stderr).matches("stored before").count(), 40, "{}", text(&third.stderr));
    assert!(proxy.passed() - passed < 500_000, "nothing was sent again");
    assert_eq!(files(&campus).await.len(), 40);
}

/// How many files `bedel ls` shows.
fn stored(campus: &Campus) -> usize {
    text(&campus.bedel(&["ls", "--json"]).stdout).lines().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_put_and_a_stopped_get_say_how_to_go_on() {
    let campus = Campus::start(&[("BEDEL_FILES__CHECKPOINT", "1048576")]).await;
    let home = tempfile::tempdir().expect("a folder");
    let source = home.path().join("a lecture.bin");
    std::fs::write(&source, piece(9, 0, 40_000_000)).expect("writes");
    let source = source.to_str().expect("UTF-8").to_owned();
    let (proxy, url) = slow_link(&campus, 8_000_000).await;

    let put = begin(&campus, &url, &["put", &source]);
    campus.until("bytes of it are durable", |_| offset(&campus, &url) > 2_000_000).await;
    let put = end(put, "INT");
    let said = text(&put.stderr);
    assert_eq!(put.status.code(), Some(1), "{said}");
    assert!(said.contains("To go on:") && said.contains(&format!("bedel put '{source}'")), "{said}");
    proxy.set(Faults::default());
    let told = transfers(&campus, &url);
    assert_eq!(told.len(), 1, "{told:?}");
    let command = told[0]["command"].as_str().unwrap_or_default();
    assert!(command.ends_with(&format!("bedel put '{source}'")), "{told:?}");
    let put = run(&campus, &url, &["put", &source, "--json"]);
    assert!(put.status.success() && text(&put.stderr).contains("resumed at "), "{}", text(&put.stderr));
    let stored: Value = serde_json::from_slice(&put.stdout).expect("JSON");
    let id = stored["id"].as_str().expect("an id");

    proxy.set(Faults { bytes_per_second: Some(2_000_000), ..Faults::default() });
    let target = home.path().join("back");
    let target = target.to_str().expect("UTF-8");
    let get = begin(&campus, &url, &["get", id, "-o", target]);
    // What the campus has sent may still be on its way; what is recorded here is not fetched again.
    let recorded = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().ends_with(".part.json");
    let begun = || std::fs::read_dir(home.path()).expect("reads").flatten().any(recorded);
    campus.until("some of it is recorded", |_| begun()).await;
    let get = end(get, "TERM");
    assert!(get.status.code() == Some(1) && text(&get.stderr).contains("To go on:"), "{}", text(&get.stderr));
    proxy.set(Faults::default());
    let told = transfers(&campus, &url);
    let tells = |told: &Value| told["command"].as_str().is_some_and(|command| command.contains("bedel get"));
    assert!(told.iter().any(tells), "{told:?}");
    let get = run(&campus, &url, &["get", id, "-o", target]);
    assert!(get.status.success() && text(&get.stderr).contains("resumed at "), "{}", text(&get.stderr));
    assert_eq!(std::fs::read(target).expect("reads"), std::fs::read(&source).expect("reads"));
    assert_eq!(std::fs::read_dir(home.path()).expect("reads").count(), 2, "no partial file is left");
}

fn transfers(campus: &Campus, url: &str) -> Vec<Value> {
    let output = run(campus, url, &["transfers", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// How far the transfer is that has come furthest, as `bedel transfers` shows it.
fn offset(campus: &Campus, url: &str) -> u64 {
    transfers(campus, url).iter().filter_map(|told| told["offset"].as_u64()).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_listed_and_the_rest_arrives() {
    let campus = Campus::start(&[]).await;
    let home = tempfile::tempdir().expect("a folder");
    for name in ["good.bin", r"back\slash.bin", "shrinks.bin"] {
        std::fs::write(home.path().join(name), piece(4, 0, 100_000)).expect("writes");
    }
    let missing = home.path().join("missing.bin");
    let folder = home.path().to_str().expect("UTF-8");
    let put = run(&campus, &campus.url, &["put", folder, missing.to_str().expect("UTF-8")]);
    let said = text(&put.stderr);
    assert_eq!(put.status.code(), Some(1), "{said}");
    assert!(said.contains("2 of 4 were not uploaded"), "{said}");
    assert!(said.contains("missing.bin: cannot be read") && said.contains(r"back\slash.bin: "), "{said}");
    assert!(said.contains("filename"), "the field is named: {said}");
    assert_eq!(files(&campus).await.len(), 2);

    let nobody = campus.bedel_command(&["put", folder]).env("BEDEL_TOKEN", "").output().expect("runs");
    assert!(!nobody.status.success() && text(&nobody.stderr).contains("bedel login"), "{}", text(&nobody.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_was_begun_elsewhere_is_ended_here() {
    let campus = Campus::start(&[]).await;
    let home = tempfile::tempdir().expect("a folder");
    let (right, other) = (home.path().join("right.bin"), home.path().join("other.bin"));
    std::fs::write(&right, piece(6, 0, 300_000)).expect("writes");
    std::fs::write(&other, piece(6, 0, 300_001)).expect("writes");
    let begun = campus
        .request(Method::POST, "/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", 300_000)
        .header("upload-metadata", "filename cmlnaHQuYmlu")
        .header("content-type", "application/offset+octet-stream")
        .body(piece(6, 0, 100_000))
        .send()
        .await
        .expect("an answer");
    let id = begun.headers()["location"].to_str().expect("text").rsplit('/').next().expect("an id").to_owned();
    let told = transfers(&campus, &campus.url);
    assert_eq!(told[0]["command"], format!("bedel put ./right.bin --resume {id}"));

    let refused = run(&campus, &campus.url, &["put", other.to_str().expect("UTF-8"), "--resume", &id]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("another file"), "{}", text(&refused.stderr));
    let unknown = "01k9x3v7c8m2q4t6w8y0a2c4e6";
    let refused = run(&campus, &campus.url, &["put", right.to_str().expect("UTF-8"), "--resume", unknown]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("no such upload"), "{}", text(&refused.stderr));
    let ended = run(&campus, &campus.url, &["put", right.to_str().expect("UTF-8"), "--resume", &id, "--json"]);
    assert!(ended.status.success() && text(&ended.stderr).contains("resumed at 100000"), "{}", text(&ended.stderr));
    assert_eq!(serde_json::from_slice::<Value>(&ended.stdout).expect("JSON")["id"], id.as_str());
    assert!(transfers(&campus, &campus.url).is_empty());
}
