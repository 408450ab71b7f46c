//! Reading everything again.

use std::path::PathBuf;

use http::Method;
use serde_json::Value;
use testkit::files::random_bytes;

use crate::support::*;

async fn state(replica: &Replica, user: &User, file: &Value) -> Value {
    let path = format!("/api/v1/files/{}", file["id"].as_str().expect("an id"));
    get(replica, Some(user), &path, &[]).await.expect(200).json()["state"].clone()
}

fn blob(campus: &Campus, file: &Value) -> PathBuf {
    campus.data.blobs().join(format!("uploads/{}/1.part", file["id"].as_str().expect("an id")))
}

async fn round(replica: &Replica) -> usize {
    let mut steps = 0;
    while replica.jobs.scrub_step().await {
        steps += 1;
    }
    steps
}

async fn metric(replica: &Replica, name: &str) -> u64 {
    let text = get(replica, None, "/metrics", &[]).await.expect(200).body;
    let text = String::from_utf8(text.to_vec()).expect("text");
    let line = text.lines().find(|line| line.starts_with(&format!("bedel_files_scrub_{name}_total")));
    line.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok()).expect("a count")
}

/// Lets the next round begin at once.
async fn awake(replica: &Replica) {
    use sea_orm::ConnectionTrait;
    replica
        .sql
        .write(|tx| {
            Box::pin(async move {
                let sql = "UPDATE files_scrub SET rest_until = 0";
                tx.execute_unprepared(sql)
                    .await
                    .map(drop)
                    .map_err(|error| store::StoreError::new(kernel::error::Kind::Internal, "wake the scrub", error))
            })
        })
        .await
        .expect("writes");
}

pub(crate) async fn damage_is_found_and_healed(mut campus: Campus) {
    // The loop in the background is off; steps are asked for.
    campus.settings.scrub_bytes_per_second = 0;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let mut kept = Vec::new();
    for number in 0..3_u64 {
        kept.push(put(&replica, &ana, &format!("name={number}"), random_bytes(20_000, 60 + number)).await);
    }
    let (changed, missing) = (blob(&campus, &kept[0]), blob(&campus, &kept[2]));
    let good = [std::fs::read(&changed).expect("reads"), std::fs::read(&missing).expect("reads")];
    let mut bad = good[0].clone();
    bad[10_000] ^= 1;
    std::fs::write(&changed, bad).expect("writes");
    std::fs::remove_file(&missing).expect("removes");
    assert!(round(&replica).await > 0);
    let states = [&kept[0], &kept[1], &kept[2]];
    let mut found = Vec::new();
    for file in states {
        found.push(state(&replica, &ana, file).await);
    }
    assert_eq!(found, ["damaged", "ready", "damaged"]);
    assert_eq!((metric(&replica, "damaged").await, metric(&replica, "healed").await), (2, 0));
    assert_eq!((metric(&replica, "files").await, metric(&replica, "rounds").await), (3, 1));
    assert_eq!(round(&replica).await, 0, "a round is followed by rest");

    std::fs::write(&changed, &good[0]).expect("writes");
    std::fs::write(&missing, &good[1]).expect("writes");
    awake(&replica).await;
    round(&replica).await;
    for file in states {
        assert_eq!(state(&replica, &ana, file).await, "ready");
    }
    assert_eq!((metric(&replica, "damaged").await, metric(&replica, "healed").await), (2, 2));
    let path = format!("/api/v1/files/{}", kept[0]["id"].as_str().expect("an id"));
    assert_eq!(get(&replica, Some(&ana), &path, &[]).await.expect(200).json()["sha256"], kept[0]["sha256"]);
}

pub(crate) async fn one_bad_reading_is_no_damage(mut campus: Campus) {
    campus.settings.scrub_bytes_per_second = 0;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(9_000_000, 64);
    let files = [put(&replica, &ana, "name=1", data.clone()).await, put(&replica, &ana, "name=2", data.clone()).await];
    // Bytes that are others once, and bytes that are not there once.
    let (differs, missing) = (blob(&campus, &files[0]), blob(&campus, &files[1]));
    let mut bad = data.clone();
    bad[0] ^= 1;
    std::fs::write(&differs, &bad).expect("writes");
    std::fs::rename(&missing, missing.with_extension("away")).expect("renames");
    for _ in 0..2 {
        assert!(replica.jobs.scrub_step().await);
    }
    std::fs::write(&differs, &data).expect("writes");
    for _ in 0..3 {
        assert!(replica.jobs.scrub_step().await);
    }
    std::fs::rename(missing.with_extension("away"), &missing).expect("renames");
    assert_eq!(round(&replica).await, 2, "the second file's slices, the first of them once more");
    for file in &files {
        assert_eq!(state(&replica, &ana, file).await, "ready");
    }
    assert_eq!((metric(&replica, "damaged").await, metric(&replica, "files").await), (0, 2));
}

pub(crate) async fn it_goes_on_after_a_restart(mut campus: Campus) {
    campus.settings.scrub_bytes_per_second = 0;
    let ana = campus.student("ana");
    let first = campus.replica("files-1").await;
    // Each of more than one slice, so that a process can end in the middle of any of them.
    let data = random_bytes(9_000_000, 63);
    let one = put(&first, &ana, "name=one", data.clone()).await;
    let gone = put(&first, &ana, "name=gone", data.clone()).await;
    let three = put(&first, &ana, "name=three", data.clone()).await;
    let mut bad = data.to_vec();
    bad[8_999_999] ^= 1;
    std::fs::write(blob(&campus, &three), bad).expect("writes");
    assert!(first.jobs.scrub_step().await);
    let slice = metric(&first, "bytes").await;
    assert!(slice < 9_000_000);
    drop(first);
    let second = campus.replica("files-2").await;
    assert!(second.jobs.scrub_step().await);
    assert_eq!(metric(&second, "bytes").await, 9_000_000 - slice, "it went on in the middle of the file");
    assert_eq!(state(&second, &ana, &one).await, "ready", "with the hash of what the other had read");
    // Here a file is removed in its middle.
    assert!(second.jobs.scrub_step().await);
    let path = format!("/api/v1/files/{}?purge=true", gone["id"].as_str().expect("an id"));
    call(&second, Some(&ana), Method::DELETE, &path, &[], "").await.expect(204);
    assert_eq!(round(&second).await, 4, "neither the first file again nor the one that is gone; the last one twice");
    assert_eq!(state(&second, &ana, &three).await, "damaged");
    assert_eq!(metric(&second, "damaged").await, 1);
}
