//! Blobs.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use kernel::blobs::{BlobError, BlobKey, Blobs, contract};
use store::LocalBlobs;
use store::fault::{Fault, FaultyBlobs, Op, Plan};

fn local() -> (tempfile::TempDir, LocalBlobs) {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = LocalBlobs::open(folder.path().join("blobs")).expect("opens");
    (folder, blobs)
}

fn key(text: &str) -> BlobKey {
    BlobKey::new(text).expect("a key")
}

#[tokio::test]
async fn local_disk_keeps_the_contract() {
    let (_folder, blobs) = local();
    contract::run(&blobs).await;
}

#[tokio::test]
async fn faults_without_a_plan_keep_the_contract() {
    let (_folder, blobs) = local();
    contract::run(&FaultyBlobs::new(Arc::new(blobs), Plan::new())).await;
}

#[tokio::test]
async fn what_was_written_is_read_whatever_the_pieces() {
    let (folder, blobs) = local();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut writer = blobs.create(&key("a/b/c.part")).await.expect("creates");
    // More pieces than one writev takes, an empty one among them.
    let mut pieces: Vec<Bytes> = bytes[..1_500_000].chunks(1000).map(Bytes::copy_from_slice).collect();
    pieces.insert(700, Bytes::new());
    writer.append(pieces).await.expect("appends");
    writer.append(vec![]).await.expect("appends nothing");
    writer.append(vec![Bytes::copy_from_slice(&bytes[1_500_000..])]).await.expect("appends");
    assert_eq!(writer.sync().await.expect("syncs"), 3_000_000);

    for cached in [true, false] {
        if !cached {
            let file = std::fs::File::open(folder.path().join("blobs/a/b/c.part")).expect("there");
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).expect("leaves the page cache");
        }
        let pieces = blobs.read(&key("a/b/c.part"), 17..2_999_999).await.expect("reads");
        let read: Vec<Bytes> = pieces.try_collect().await.expect("whole");
        assert!(read.concat() == bytes[17..2_999_999], "cached: {cached}");
    }
}

#[tokio::test]
async fn a_blob_cut_short_below_us_is_an_error_never_less() {
    let (folder, blobs) = local();
    let mut writer = blobs.create(&key("cut")).await.expect("creates");
    writer.append(vec![Bytes::from(vec![1; 2 << 20])]).await.expect("appends");
    let mut pieces = blobs.read(&key("cut"), 0..2 << 20).await.expect("reads");
    pieces.next().await.expect("a piece").expect("good");
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join("blobs/cut")).expect("there");
    file.set_len(300 << 10).expect("cuts");
    let rest: Result<Vec<Bytes>, _> = pieces.try_collect().await;
    assert!(matches!(rest, Err(BlobError::Missing(_))), "{rest:?}");
}

#[tokio::test]
async fn a_delete_leaves_no_folder_and_no_way_out() {
    let (folder, blobs) = local();
    drop(blobs.create(&key("up/1.part")).await.expect("creates"));
    drop(blobs.create(&key("up/2.part")).await.expect("creates"));
    blobs.delete(&key("up/1.part")).await.expect("deletes");
    assert_eq!(blobs.list("up/").await.expect("lists"), [key("up/2.part")]);
    blobs.delete(&key("up/2.part")).await.expect("deletes");
    assert!(!folder.path().join("blobs/up").exists(), "an empty folder goes");
    assert!(folder.path().join("blobs").exists(), "the root stays");
    drop(blobs.create(&key("up/1.part")).await.expect("creates it again"));

    std::fs::File::create(folder.path().join("secret")).and_then(|mut file| file.write_all(b"x")).expect("writes");
    assert_eq!(blobs.list("../").await.expect("lists nothing"), []);
    assert_eq!(blobs.list("up/../../").await.expect("lists nothing"), []);
    assert_eq!(blobs.size(&key("up")).await.expect("a folder is no blob"), None);
    assert_eq!(blobs.size(&key("up/1.part/deeper")).await.expect("a file is no folder"), None);
}

#[tokio::test]
async fn prefixes_find_exactly_their_keys() {
    let (_folder, blobs) = local();
    for name in ["a/x", "a/xy/z", "ab/x", "b"] {
        drop(blobs.create(&key(name)).await.expect("creates"));
    }
    for (prefix, found) in [
        ("", &["a/x", "a/xy/z", "ab/x", "b"][..]),
        ("a", &["a/x", "a/xy/z", "ab/x"]),
        ("a/", &["a/x", "a/xy/z"]),
        ("a/xy", &["a/xy/z"]),
        ("c", &[]),
    ] {
        let mut keys = blobs.list(prefix).await.expect("lists");
        keys.sort();
        assert_eq!(keys, found.iter().map(|name| key(name)).collect::<Vec<_>>(), "{prefix:?}");
    }
}

#[tokio::test]
async fn deletes_and_creates_in_one_folder_do_not_meet() {
    let (_folder, blobs) = local();
    let turns = (0..8).map(|worker| {
        let blobs = blobs.clone();
        tokio::spawn(async move {
            for turn in 0..200 {
                let key = key(&format!("shared/{worker}-{turn}"));
                drop(blobs.create(&key).await.expect("creates"));
                blobs.delete(&key).await.expect("deletes");
            }
        })
    });
    for turn in futures::future::join_all(turns).await {
        turn.expect("no failure");
    }
}

#[tokio::test]
async fn faults_happen_when_planned() {
    let (_folder, blobs) = local();
    let plan = Plan::new().after(1, Op::Append, Fault::NoSpace).after(0, Op::Sync, Fault::LoseAnswer);
    let blobs = FaultyBlobs::new(Arc::new(blobs), plan.clone());
    let mut writer = blobs.create(&key("one")).await.expect("creates");
    writer.append(vec![Bytes::from_static(b"abc")]).await.expect("the first append passes");
    assert!(matches!(writer.append(vec![Bytes::from_static(b"def")]).await, Err(BlobError::NoSpace)));
    assert!(matches!(writer.sync().await, Err(BlobError::Io(_))), "the answer is lost");
    assert_eq!(blobs.size(&key("one")).await.expect("asks"), Some(3));

    plan.always(Op::Piece, Fault::Fail);
    let pieces = blobs.read(&key("one"), 0..3).await.expect("opens");
    assert!(pieces.try_collect::<Vec<_>>().await.is_err());
    plan.clear();
    let pieces = blobs.read(&key("one"), 0..3).await.expect("opens");
    assert_eq!(pieces.try_collect::<Vec<_>>().await.expect("reads").concat(), b"abc");
}
