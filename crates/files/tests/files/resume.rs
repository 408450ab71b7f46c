//! Bytes in, when links break, disks fill and replicas change.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use kernel::clock::{Clock, ManualClock, SystemClock};
use store::fault::{Fault, Op};
use testkit::files::random_bytes;

use crate::support::*;

pub(crate) async fn what_arrived_before_the_break_is_kept(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(3_000_000, 3);
    let path = create(&replica, &ana, 3_000_000, "").await;
    let (sender, answer) = patch_slowly(&replica, &ana, &path, 0);
    for at in [0, 1_000_000] {
        sender.send(frame(data[at..at + 1_000_000].to_vec())).await.expect("sends");
    }
    // Connections have no order between them: a request that is not there yet when the next one comes would be the newer.
    until("it has begun", async || uploads(&replica, &ana).await[0]["state"] == "transferring").await;
    cut(answer, sender).await;
    let reached = offset(&replica, &ana, &path).await;
    assert!(reached <= 2_000_000);
    let reached = usize::try_from(reached).expect("small");
    let rest = patch(&replica, &ana, &path, reached as u64, data[reached..].to_vec()).await.expect(204);
    let content = format!("{}/content", rest.header("content-location"));
    assert_eq!(get(&replica, Some(&ana), &content, &[]).await.expect(200).body, data);
}

pub(crate) async fn the_hash_goes_on_in_another_replica(campus: Campus) {
    let replicas = [campus.replica("files-1").await, campus.replica("files-2").await, campus.replica("files-3").await];
    let ana = campus.student("ana");
    let data = random_bytes(1_000_003, 4);
    let path = create(&replicas[0], &ana, data.len() as u64, "").await;
    let mut at = 0;
    let mut last = None;
    for (turn, piece) in data.chunks(123_457).enumerate() {
        let answer = patch(&replicas[turn % 3], &ana, &path, at, piece.to_vec()).await.expect(204);
        at += piece.len() as u64;
        assert_eq!(answer.header("upload-offset"), at.to_string());
        last = Some(answer);
    }
    let file = last.expect("some").header("content-location").to_owned();
    assert_eq!(get(&replicas[1], Some(&ana), &file, &[]).await.expect(200).json()["sha256"], sha256(&data));
    let content = get(&replicas[2], Some(&ana), &format!("{file}/content"), &[]).await.expect(200);
    assert_eq!(content.body, data);
}

pub(crate) async fn full_disk_and_on(mut campus: Campus) {
    campus.settings.checkpoint = 1;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(5_000_000, 5);
    let path = create(&replica, &ana, data.len() as u64, "").await;
    // Two batches go well, each with its checkpoint, then the disk is full.
    let _plan = campus.blob_faults.clone().after(2, Op::Append, Fault::NoSpace);
    let full = patch(&replica, &ana, &path, 0, data.clone()).await.expect(507);
    assert!(!full.header("retry-after").is_empty());
    campus.blob_faults.clear();
    let reached = usize::try_from(offset(&replica, &ana, &path).await).expect("small");
    assert!(reached > 0 && reached < data.len(), "{reached}");
    let done = patch(&replica, &ana, &path, reached as u64, data[reached..].to_vec()).await.expect(204);
    let content = format!("{}/content", done.header("content-location"));
    assert_eq!(get(&replica, Some(&ana), &content, &[]).await.expect(200).body, data);

    // At the sync, too; and nothing of what was not synced is acknowledged.
    let path = create(&replica, &ana, 1000, "").await;
    campus.blob_faults.always(Op::Sync, Fault::NoSpace);
    patch(&replica, &ana, &path, 0, data[..1000].to_vec()).await.expect(507);
    call(&replica, Some(&ana), Method::PUT, "/api/v1/files?name=x", &[], data[..1000].to_vec()).await.expect(507);
    campus.blob_faults.clear();
    assert_eq!(offset(&replica, &ana, &path).await, 0);
    patch(&replica, &ana, &path, 0, data[..1000].to_vec()).await.expect(204);

    // A disk that cannot be written at all is a dependency that is away.
    let path = create(&replica, &ana, 1000, "").await;
    campus.blob_faults.always(Op::Create, Fault::Fail);
    let away = patch(&replica, &ana, &path, 0, data[..1000].to_vec()).await.expect(503);
    assert!(!away.header("retry-after").is_empty());
    campus.blob_faults.clear();
    patch(&replica, &ana, &path, 0, data[..1000].to_vec()).await.expect(204);
}

pub(crate) async fn a_reserve_is_kept_free(mut campus: Campus) {
    let ana = campus.student("ana");
    let before = campus.replica("files-1").await;
    let path = create(&before, &ana, 10, "").await;
    campus.settings.reserve = u64::MAX;
    let replica = campus.replica("files-2").await;
    let headers = [TUS, ("upload-length", "10")];
    call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(507);
    call(&replica, Some(&ana), Method::PUT, "/api/v1/files?name=x", &[], "x").await.expect(507);
    patch(&replica, &ana, &path, 0, "0123456789").await.expect(507);
    patch(&before, &ana, &path, 0, "0123456789").await.expect(204);
}

async fn uploads(replica: &Replica, user: &User) -> Vec<serde_json::Value> {
    let list = get(replica, Some(user), "/api/v1/transfers", &[]).await.expect(200).json();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items.into_iter().filter(|item| item["direction"] == "upload").collect()
}

pub(crate) async fn a_broken_one_shot(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    for declared in [true, false] {
        let (sender, body) = slowly();
        let length = [("content-length", "3000000")];
        let headers: &[(&str, &str)] = if declared { &length } else { &[] };
        let put = request(Some(&ana), Method::PUT, "/api/v1/files?name=x", headers, body);
        let answer = AbortOnDrop(tokio::spawn(try_send(replica.address, put)));
        sender.send(frame(vec![7_u8; 1_000_000])).await.expect("sends");
        sender.send(frame(vec![7_u8; 1_000_000])).await.expect("sends");
        until("it has begun", async || uploads(&replica, &ana).await.len() == 1).await;
        cut(answer, sender).await;
        // Declared: there is an upload to go on with. Not declared: nothing is left.
        until("the break is dealt with", async || match uploads(&replica, &ana).await.as_slice() {
            [one] if declared => one["state"] == "disconnected" && one["resume"]["method"] == "PATCH",
            [] => !declared,
            _ => false,
        })
        .await;
        if declared {
            let list = get(&replica, Some(&ana), "/api/v1/transfers", &[]).await.expect(200).json();
            let resume = &list["items"][0]["resume"];
            let (url, at) = (resume["url"].as_str().expect("a path"), resume["offset"].as_u64().expect("a number"));
            assert_eq!(offset(&replica, &ana, url).await, at);
            call(&replica, Some(&ana), Method::DELETE, url, &[TUS], "").await.expect(204);
        }
    }
    replica.jobs.pass().await;
    assert!(campus.blobs().await.is_empty(), "{:?}", campus.blobs().await);
    let list = get(&replica, Some(&ana), "/api/v1/files", &[]).await.expect(200).json();
    assert_eq!(list["items"], serde_json::json!([]));
}

pub(crate) async fn ends_and_leftovers(mut campus: Campus) {
    campus.settings.upload_expiry_s = 60;
    let clock = Arc::new(ManualClock::at_micros(SystemClock.now().as_micros()));
    let replica = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let ana = campus.student("ana");
    let path = create(&replica, &ana, 10, "").await;
    patch(&replica, &ana, &path, 0, "0123").await.expect(204);
    let kept = put(&replica, &ana, "name=kept", "kept").await;
    assert_eq!(campus.blobs().await.len(), 2);

    clock.advance(Duration::from_secs(59));
    replica.jobs.pass().await;
    assert_eq!(offset(&replica, &ana, &path).await, 4);
    patch(&replica, &ana, &path, 4, "45").await.expect(204);
    clock.advance(Duration::from_secs(59));
    replica.jobs.pass().await;
    assert_eq!(offset(&replica, &ana, &path).await, 6, "each byte gives it more time");
    clock.advance(Duration::from_secs(2));
    replica.jobs.pass().await;
    head(&replica, &ana, &path).await.expect(410);
    assert_eq!(campus.blobs().await.len(), 1, "its bytes are freed, the file's are not");
    clock.advance(Duration::from_secs(86_401));
    replica.jobs.pass().await;
    head(&replica, &ana, &path).await.expect(404);

    // What a dead writer left: a segment of an older epoch, one of an unknown upload, and the file's own.
    let id = kept["id"].as_str().expect("an id");
    let open = create(&replica, &ana, 10, "").await;
    let open_id = open.rsplit('/').next().expect("an id");
    patch(&replica, &ana, &open, 0, "01").await.expect(204);
    patch(&replica, &ana, &open, 2, "23").await.expect(204);
    let leftovers = [
        format!("uploads/{id}/9.part"),
        "uploads/01arz3ndektsv4rrffq69g5fav/1.part".to_owned(),
        format!("uploads/{open_id}/0.part"),
    ];
    let could_commit = format!("uploads/{open_id}/9.part");
    for name in leftovers.iter().chain([&could_commit]) {
        let path = campus.data.blobs().join(name);
        std::fs::create_dir_all(path.parent().expect("has one")).expect("creates");
        std::fs::write(path, b"left").expect("writes");
    }
    replica.jobs.sweep_orphans().await;
    let blobs = campus.blobs().await;
    assert!(leftovers.iter().all(|name| !blobs.contains(name)), "{blobs:?}");
    assert!(blobs.contains(&could_commit), "{blobs:?}");
    assert_eq!(blobs.len(), 4, "{blobs:?}");
    let content = get(&replica, Some(&ana), &format!("/api/v1/files/{id}/content"), &[]).await.expect(200);
    assert_eq!(content.body, "kept");
}
