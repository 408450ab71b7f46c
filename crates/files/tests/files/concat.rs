//! Files made of parts (tus concatenation and concatenation-unfinished).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use http::Method;
use kernel::clock::{Clock, ManualClock, SystemClock};
use sha2::Digest as _;
use testkit::files::random_bytes;

use crate::support::*;

const UPLOADS: &str = "/api/v1/uploads";

async fn part(replica: &Replica, user: &User, length: u64) -> String {
    let length = length.to_string();
    let headers = [TUS, ("upload-concat", "partial"), ("upload-length", length.as_str())];
    call(replica, Some(user), Method::POST, UPLOADS, &headers, "").await.expect(201).header("location").to_owned()
}

/// A part with all its bytes.
async fn whole_part(replica: &Replica, user: &User, data: &[u8]) -> String {
    let path = part(replica, user, data.len() as u64).await;
    let done = patch(replica, user, &path, 0, data.to_vec()).await.expect(204);
    assert_eq!(done.header("content-location"), "", "a part is no file");
    path
}

async fn try_join(replica: &Replica, user: &User, parts: &[&str], more: &[(&str, &str)]) -> Answer {
    let value = format!("final;{}", parts.join(" "));
    let headers = [&[TUS, ("upload-concat", value.as_str())], more].concat();
    call(replica, Some(user), Method::POST, UPLOADS, &headers, "").await
}

async fn files(replica: &Replica, user: &User) -> usize {
    let list = get(replica, Some(user), "/api/v1/files", &[]).await.expect(200).json();
    list["items"].as_array().map_or(0, Vec::len)
}

async fn content(replica: &Replica, user: &User, file: &str) -> Answer {
    get(replica, Some(user), &format!("{file}/content"), &[]).await
}

pub(crate) async fn parts_become_a_file(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let (one, two) = (random_bytes(700_000, 50), random_bytes(300_001, 51));
    let a = part(&replica, &ana, 700_000).await;
    assert_eq!(head(&replica, &ana, &a).await.expect(200).header("upload-concat"), "partial");
    // In two requests, so that a part has more than one segment.
    patch(&replica, &ana, &a, 0, one[..200_000].to_vec()).await.expect(204);
    patch(&replica, &ana, &a, 200_000, one[200_000..].to_vec()).await.expect(204);
    let b = whole_part(&replica, &ana, &two).await;
    let complete = head(&replica, &ana, &b).await.expect(200);
    assert_eq!((complete.header("upload-offset"), complete.header("content-location")), ("300001", ""));
    patch(&replica, &ana, &b, 300_001, "").await.expect(204);
    patch(&replica, &ana, &b, 300_001, "x").await.expect(413);
    assert_eq!(files(&replica, &ana).await, 0);

    let blobs = campus.blobs().await;
    let metadata = meta(&[("filename", "junto.bin"), ("title", "Junto")]);
    let absolute = format!("https://campus.example:8443{b}");
    let joined = try_join(&replica, &ana, &[&a, &absolute, &a], &[("upload-metadata", &metadata)]).await.expect(201);
    let path = joined.header("location").to_owned();
    let file = joined.header("content-location").to_owned();
    assert_eq!(file, path.replace("uploads", "files"));
    assert_eq!(joined.header("upload-offset"), "1700001");
    assert_eq!(campus.blobs().await, blobs, "nothing is copied");
    let done = head(&replica, &ana, &path).await.expect(200);
    assert_eq!((done.header("upload-offset"), done.header("upload-length")), ("1700001", "1700001"));
    assert_eq!(done.header("upload-concat"), format!("final;{a} {absolute} {a}"));

    // A pass in the background may be quicker than this test; both of its sides are consistent.
    let whole = [&one[..], &two[..], &one[..]].concat();
    let found = get(&replica, Some(&ana), &file, &[]).await.expect(200).json();
    assert_eq!((&found["name"], &found["size"]), (&"junto.bin".into(), &1_700_001.into()));
    if found["state"] == "hashing" {
        assert_eq!(found["sha256"], serde_json::Value::Null);
    }
    let early = content(&replica, &ana, &file).await.expect(200);
    assert_eq!(early.body, whole);
    replica.jobs.hash_joined(replica.lifecycle.soft()).await;
    until("its digest is known", async || {
        get(&replica, Some(&ana), &file, &[]).await.expect(200).json()["state"] == "ready"
    })
    .await;
    assert_eq!(get(&replica, Some(&ana), &file, &[]).await.expect(200).json()["sha256"], sha256(&whole));
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&whole));
    let late = content(&replica, &ana, &file).await.expect(200);
    assert_eq!(late.header("repr-digest"), format!("sha-256=:{digest}:"));
    assert_eq!(early.header("etag"), late.header("etag"), "the bytes are the same");
    let range = [("range", "bytes=699998-700003")];
    let across = get(&replica, Some(&ana), &format!("{file}/content"), &range).await.expect(206);
    assert_eq!(across.body, whole[699_998..700_004]);
    assert_eq!(files(&replica, &ana).await, 1);
}

pub(crate) async fn before_the_parts_are_complete(campus: Campus) {
    let replicas = [campus.replica("files-1").await, campus.replica("files-2").await];
    let ana = campus.student("ana");
    let headers = [TUS, ("upload-concat", "partial"), ("upload-defer-length", "1")];
    let deferred = call(&replicas[0], Some(&ana), Method::POST, UPLOADS, &headers, "").await.expect(201);
    let (a, b) = (deferred.header("location").to_owned(), part(&replicas[0], &ana, 5).await);
    let joined = try_join(&replicas[1], &ana, &[&a, &b], &[]).await.expect(201);
    assert_eq!((joined.header("upload-offset"), joined.header("content-location")), ("", ""));
    let path = joined.header("location").to_owned();
    let waits = head(&replicas[0], &ana, &path).await.expect(200);
    assert_eq!((waits.header("upload-offset"), waits.header("upload-length")), ("", ""));
    assert_eq!(waits.header("upload-concat"), format!("final;{a} {b}"));
    patch(&replicas[0], &ana, &path, 0, "x").await.expect(403);
    let late = [TUS, OFFSET_STREAM, ("upload-offset", "0"), ("upload-length", "5")];
    call(&replicas[0], Some(&ana), Method::PATCH, &a, &late, "hola").await.expect(204);
    let waits = head(&replicas[0], &ana, &path).await.expect(200);
    assert_eq!(waits.header("upload-length"), "10", "known as soon as the parts' are");
    patch(&replicas[1], &ana, &b, 0, "mu").await.expect(204);
    assert_eq!(files(&replicas[0], &ana).await, 0);

    // The last two bytes side by side: one of them completes it, whichever is later.
    tokio::join!(async { patch(&replicas[0], &ana, &a, 4, " ").await.expect(204) }, async {
        patch(&replicas[1], &ana, &b, 2, "ndo").await.expect(204)
    },);
    let done = head(&replicas[0], &ana, &path).await.expect(200);
    assert_eq!((done.header("upload-offset"), done.header("upload-length")), ("10", "10"));
    let file = done.header("content-location").to_owned();
    assert_eq!(content(&replicas[1], &ana, &file).await.expect(200).body, "hola mundo");
    patch(&replicas[0], &ana, &path, 10, "").await.expect(403);
    assert_eq!(files(&replicas[0], &ana).await, 1);
}

pub(crate) async fn joins_that_are_refused(mut campus: Campus) {
    campus.settings.max_size = 10;
    let replica = campus.replica("files-1").await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let a = whole_part(&replica, &ana, b"0123456").await;
    let plain = create(&replica, &ana, 4, "").await;
    let foreign = whole_part(&replica, &eva, b"eva").await;
    let gone = part(&replica, &ana, 3).await;
    call(&replica, Some(&ana), Method::DELETE, &gone, &[TUS], "").await.expect(204);
    let missing = format!("{UPLOADS}/01arz3ndektsv4rrffq69g5fav");
    let mut answers = Vec::new();
    for bad in [&plain, &foreign, &gone, &missing] {
        answers.push(try_join(&replica, &ana, &[&a, bad], &[]).await.expect(400).json()["detail"].clone());
    }
    assert!(answers.iter().all(|detail| *detail == answers[0]), "{answers:?}");
    try_join(&replica, &ana, &[&a], &[("upload-length", "7")]).await.expect(400);
    try_join(&replica, &ana, &[&a], &[("upload-defer-length", "1")]).await.expect(400);
    for bad in ["final;", "final", "whole", "final;/etc/passwd", "final;/api/v1/uploads/%00"] {
        let headers = [TUS, ("upload-concat", bad)];
        call(&replica, Some(&ana), Method::POST, UPLOADS, &headers, "").await.expect(400);
    }
    call(&replica, Some(&ana), Method::POST, UPLOADS, &[TUS, ("upload-concat", "partial")], "").await.expect(400);
    let value = format!("final;{a}");
    let with_body = [TUS, OFFSET_STREAM, ("upload-concat", value.as_str())];
    call(&replica, Some(&ana), Method::POST, UPLOADS, &with_body, "x").await.expect(400);
    try_join(&replica, &ana, &[&a, &a], &[]).await.expect(413);
    assert_eq!(files(&replica, &ana).await, 0);

    // Too long only once the parts are there: then there is no file, and who waits is told.
    let headers = [TUS, ("upload-concat", "partial"), ("upload-defer-length", "1")];
    let deferred = call(&replica, Some(&ana), Method::POST, UPLOADS, &headers, "").await.expect(201);
    let deferred = deferred.header("location");
    let path = try_join(&replica, &ana, &[&a, deferred], &[]).await.expect(201).header("location").to_owned();
    let late = [TUS, OFFSET_STREAM, ("upload-offset", "0"), ("upload-length", "4")];
    call(&replica, Some(&ana), Method::PATCH, deferred, &late, "0123").await.expect(204);
    head(&replica, &ana, &path).await.expect(410);
    assert_eq!(files(&replica, &ana).await, 0);
}

pub(crate) async fn bytes_live_while_a_chain_names_them(campus: Campus) {
    let clock = Arc::new(ManualClock::at_micros(SystemClock.now().as_micros()));
    let replica = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let ana = campus.student("ana");
    let a = whole_part(&replica, &ana, b"uno ").await;
    let b = whole_part(&replica, &ana, b"dos").await;
    let first = try_join(&replica, &ana, &[&a, &b], &[]).await.expect(201).header("content-location").to_owned();
    let second = try_join(&replica, &ana, &[&b, &a], &[]).await.expect(201).header("content-location").to_owned();
    let tidy = async || {
        replica.jobs.pass().await;
        replica.jobs.sweep_orphans().await;
        campus.blobs().await.len()
    };
    // One part is ended by hand, the other by its age.
    call(&replica, Some(&ana), Method::DELETE, &a, &[TUS], "").await.expect(204);
    assert_eq!(tidy().await, 2);
    clock.advance(Duration::from_secs(campus.settings.upload_expiry_s + 1));
    assert_eq!(tidy().await, 2);
    head(&replica, &ana, &b).await.expect(410);
    call(&replica, Some(&ana), Method::DELETE, &format!("{first}?purge=true"), &[], "").await.expect(204);
    assert_eq!(tidy().await, 2, "the other file is made of them too");
    assert_eq!(content(&replica, &ana, &second).await.expect(200).body, "dosuno ");
    // The rows of the parts' uploads are forgotten, their bytes are not.
    clock.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(tidy().await, 2);
    assert_eq!(content(&replica, &ana, &second).await.expect(200).body, "dosuno ");
    call(&replica, Some(&ana), Method::DELETE, &format!("{second}?purge=true"), &[], "").await.expect(204);
    replica.jobs.pass().await;
    assert!(campus.blobs().await.is_empty(), "{:?}", campus.blobs().await);
}

pub(crate) async fn parts_end(campus: Campus) {
    let clock = Arc::new(ManualClock::at_micros(SystemClock.now().as_micros()));
    let replica = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let ana = campus.student("ana");
    let expiry = Duration::from_secs(campus.settings.upload_expiry_s);
    // A part that is complete waits with the whole, as long as another part moves.
    let (a, b) = (whole_part(&replica, &ana, b"uno ").await, part(&replica, &ana, 4).await);
    let path = try_join(&replica, &ana, &[&a, &b], &[]).await.expect(201).header("location").to_owned();
    clock.advance(expiry - Duration::from_secs(1));
    patch(&replica, &ana, &b, 0, "d").await.expect(204);
    clock.advance(expiry - Duration::from_secs(1));
    replica.jobs.pass().await;
    head(&replica, &ana, &path).await.expect(200);
    patch(&replica, &ana, &b, 1, "os!").await.expect(204);
    let file = head(&replica, &ana, &path).await.expect(200).header("content-location").to_owned();
    assert_eq!(content(&replica, &ana, &file).await.expect(200).body, "uno dos!");

    // A part that ends takes with it what waits for it, whether it is ended by hand or by its age.
    let (c, d, e) =
        (whole_part(&replica, &ana, b"c").await, part(&replica, &ana, 1).await, part(&replica, &ana, 1).await);
    let by_hand = try_join(&replica, &ana, &[&c, &d], &[]).await.expect(201).header("location").to_owned();
    let by_age = try_join(&replica, &ana, &[&c, &e], &[]).await.expect(201).header("location").to_owned();
    call(&replica, Some(&ana), Method::DELETE, &d, &[TUS], "").await.expect(204);
    head(&replica, &ana, &by_hand).await.expect(410);
    head(&replica, &ana, &by_age).await.expect(200);
    clock.advance(expiry + Duration::from_secs(1));
    replica.jobs.pass().await;
    head(&replica, &ana, &e).await.expect(410);
    head(&replica, &ana, &by_age).await.expect(410);
    replica.jobs.pass().await;
    head(&replica, &ana, &c).await.expect(410);
    // A whole that waits can be ended like any upload; its parts stay.
    let f = part(&replica, &ana, 1).await;
    let ended = try_join(&replica, &ana, &[&f], &[]).await.expect(201).header("location").to_owned();
    call(&replica, Some(&ana), Method::DELETE, &ended, &[TUS], "").await.expect(204);
    head(&replica, &ana, &ended).await.expect(410);
    patch(&replica, &ana, &f, 0, "f").await.expect(204);
    assert_eq!(files(&replica, &ana).await, 1);
}
