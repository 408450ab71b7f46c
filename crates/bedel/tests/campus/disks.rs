//! Disks that fill up or let nobody write.

use std::process::Command;

use reqwest::{Method, Response};
use serde_json::Value;
use testkit::disk::Disk;

use crate::harness::{Campus, PASSWORD};
use crate::transfer::{digest, piece};

const MIB: u64 = 1 << 20;

async fn patch(campus: &Campus, place: &str, seed: u64, offset: u64, size: u64) -> Response {
    let request = campus.client.patch(format!("{}{place}", campus.url)).bearer_auth(&campus.token);
    let rest = piece(seed, offset, usize::try_from(size - offset).expect("small"));
    let request = request.header("tus-resumable", "1.0.0").header("upload-offset", offset);
    request.header("content-type", "application/offset+octet-stream").body(rest).send().await.expect("an answer")
}

async fn offset(campus: &Campus, place: &str) -> u64 {
    let head = campus.client.head(format!("{}{place}", campus.url)).bearer_auth(&campus.token);
    let head = head.header("tus-resumable", "1.0.0").send().await.expect("an answer");
    head.headers()["upload-offset"].to_str().expect("text").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_keeps_what_was_acknowledged_and_the_upload_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = folder.path().join("blobs");
    let disk = Disk::mount(&blobs, 48);
    let campus =
        Campus::start_in(folder, &[("BEDEL_FILES__RESERVE", "0"), ("BEDEL_FILES__CHECKPOINT", "1048576")]).await;
    let (seed, size) = (7, 32 * MIB);
    let made = campus.request(Method::POST, "/uploads").header("tus-resumable", "1.0.0").header("upload-length", size);
    let made = made.send().await.expect("an answer");
    assert_eq!(made.status(), 201, "there is room for it");
    let place = made.headers()["location"].to_str().expect("text").to_owned();

    // Somebody else takes the room.
    disk.resize(20);
    let refused = patch(&campus, &place, seed, 0, size).await;
    assert_eq!(refused.status(), 507);
    let problem: Value = refused.json().await.expect("problem+json");
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
    let kept = offset(&campus, &place).await;
    assert!((1..size).contains(&kept), "what fitted was kept: {kept}");
    let whole = campus.request(Method::PUT, "/files?name=other.bin").body(vec![0_u8; 30 << 20]).send().await;
    assert_eq!(whole.expect("an answer").status(), 507, "a new one is refused before it begins");

    disk.resize(64);
    let done = patch(&campus, &place, seed, kept, size).await;
    assert_eq!(done.status(), 204, "the upload goes on from {kept}");
    let file = done.headers()["content-location"].to_str().expect("text").to_owned();
    let file: Value = campus
        .client
        .get(format!("{}{file}", campus.url))
        .bearer_auth(&campus.token)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(file["sha256"], digest(seed, size));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_disk_is_said_and_what_is_there_is_still_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::mount(&folder.path().join("blobs"), 48);
    let campus = Campus::start_in(folder, &[("BEDEL_FILES__RESERVE", "0")]).await;
    let put = |name: &str| campus.request(Method::PUT, &format!("/files?name={name}")).body("some bytes").send();
    let made: Value = put("before.txt").await.expect("an answer").json().await.expect("JSON");
    disk.read_only(true);
    let refused = put("while.txt").await.expect("an answer");
    assert!(matches!(refused.status().as_u16(), 503 | 507), "{}", refused.status());
    let problem: Value = refused.json().await.expect("problem+json");
    assert!(problem["request_id"].is_string(), "{problem}");
    let path = format!("/files/{}/content", made["id"].as_str().expect("an id"));
    let read = campus.request(Method::GET, &path).send().await.expect("an answer");
    assert_eq!((read.status().as_u16(), read.text().await.expect("text").as_str()), (200, "some bytes"));
    let list: Value =
        campus.request(Method::GET, "/files").send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "nothing was half-kept");
    disk.read_only(false);
    assert_eq!(put("after.txt").await.expect("an answer").status(), 201);

    let elsewhere = tempfile::tempdir().expect("a folder");
    let data = elsewhere.path().join("data");
    let read_only = Disk::mount(&data, 1);
    read_only.read_only(true);
    let up = Command::new(env!("CARGO_BIN_EXE_bedel"))
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .env("BEDEL_GATEWAY__LISTEN_TLS", "127.0.0.1:0")
        .env("BEDEL_ADMIN_PASSWORD", PASSWORD)
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&up.stderr).into_owned();
    assert!(!up.status.success(), "{said}");
    assert!(said.contains(&data.display().to_string()) && said.contains("writ"), "it names the folder: {said}");
}
