//! Trees go in, archives and files come out.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use kernel::blobs::Blobs;
use proptest::prelude::*;
use vault::Repository;
use vault::repository::{RepositoryError, Retention};
use vault::tar::{Extents, Kind};

use crate::blobs::Disk;
use crate::tree::{Tree, add, archive, back_up, back_up_at, dice, entry, noise, range, restore, some_tree, stored};

async fn open(disk: &Disk) -> Arc<Repository> {
    Arc::new(Repository::open(Arc::new(disk.clone()), "node", 0).await.unwrap())
}

async fn file(repository: &Arc<Repository>, number: u64, name: &[u8]) -> Vec<u8> {
    let file = repository.open_file(number, name).await.unwrap();
    let pieces: Vec<_> = file.content.try_collect().await.unwrap();
    pieces.concat()
}

#[tokio::test]
async fn the_same_tree_gives_the_same_archive_and_sends_nothing() {
    let tree = some_tree(1, 200);
    let (one, other) = (open(&Disk::default()).await, open(&Disk::default()).await);
    let first = back_up(&one, &tree, "/", 0).await.unwrap();
    back_up(&other, &tree, "/", 5).await.unwrap();
    let bytes = archive(&one, 0).await;
    assert!(bytes == archive(&other, 0).await);
    assert_eq!(bytes.len() as u64, first.record.length);
    let again = back_up(&one, &tree, "/", 9).await.unwrap();
    assert_eq!((again.bytes, again.record.number, again.record.tag), (0, 1, first.record.tag));
    assert!(one.has_root(&first.record.root).await.unwrap());

    let mut inflated = Vec::new();
    let mut member = flate2::bufread::GzDecoder::new(&bytes[..]);
    member.read_to_end(&mut inflated).unwrap();
    assert!(member.into_inner().is_empty(), "one member, and nothing after it");
    assert_eq!(inflated.len() as u64, first.record.span);

    use sha2::Digest;
    let digest: [u8; 32] = sha2::Sha256::digest(&bytes).into();
    assert_eq!(one.digest(0).await.unwrap(), digest);
    assert_eq!(one.digest(0).await.unwrap(), digest);
}

#[tokio::test]
async fn any_range_is_read_without_the_rest() {
    let disk = Disk::default();
    let repository = open(&disk).await;
    back_up(&repository, &some_tree(2, 400), "/", 0).await.unwrap();
    let whole = archive(&repository, 0).await;
    let mut roll = dice(2);
    let mut pick = |most: usize| usize::try_from(roll() % (most as u64 + 1)).unwrap();
    for _ in 0..200 {
        let start = pick(whole.len());
        let end = start + pick((whole.len() - start).min(300_000));
        let got = range(&repository, 0, start as u64..end as u64).await;
        assert!(got == whole[start..end], "{start}..{end}");
    }
    for (start, end) in [(0, 1), (5, 30), (whole.len() - 11, whole.len()), (whole.len() - 3, whole.len() - 1)] {
        assert_eq!(range(&repository, 0, start as u64..end as u64).await, whole[start..end]);
    }
    let archive = repository.archive(0).await.unwrap();
    let end = archive.length();
    assert!(matches!(archive.read(0..end + 1).err(), Some(RepositoryError::BadRange(length)) if length == end));
    let before = disk.bytes_read();
    let middle = range(&repository, 0, end / 2..end / 2 + 100).await;
    assert_eq!(middle.len(), 100);
    assert!(disk.bytes_read() - before < 50_000, "{} bytes for a hundred", disk.bytes_read() - before);
}

#[tokio::test]
async fn one_file_comes_back_without_the_rest() {
    let disk = Disk::default();
    let repository = open(&disk).await;
    let mut tree = some_tree(3, 300);
    let (mib, size) = (1 << 20, 9 << 20);
    let extents = Extents::new(&[(mib * 2, 400_384), (mib * 5, 700_416)], size).unwrap();
    let holes = entry("holes", Kind::File { size, extents });
    let data = noise(9, 1_100_800);
    assert!(stored(&holes) > 1_100_000);
    tree.insert(holes.name.clone(), (holes, data.clone()));
    let hole = entry("nothing but a hole", Kind::File { size, extents: Extents::new(&[], size).unwrap() });
    tree.insert(hole.name.clone(), (hole, Vec::new()));
    tree.insert(b"link".to_vec(), (entry("link", Kind::HardLink(b"holes".to_vec())), Vec::new()));
    add(&mut tree, "zz/empty", Vec::new());
    let record = back_up(&repository, &tree, "/", 0).await.unwrap().record;
    assert!(restore(&repository, 0).await.unwrap() == tree);
    for (name, (meta, data)) in &tree {
        let size = match &meta.kind {
            Kind::File { size, extents: None } => *size,
            _ => continue,
        };
        let before = disk.bytes_read();
        assert!(file(&repository, 0, name).await == *data, "{}", name.escape_ascii());
        let read = disk.bytes_read() - before;
        assert!(read < 1_400_384 + size && read < record.length / 2, "{read} bytes for {size}");
    }
    let mut spread = vec![0; usize::try_from(size).unwrap()];
    spread[2 << 20..][..400_384].copy_from_slice(&data[..400_384]);
    spread[5 << 20..][..700_416].copy_from_slice(&data[400_384..]);
    assert!(file(&repository, 0, b"holes").await == spread);
    assert!(file(&repository, 0, b"nothing but a hole").await == vec![0; 9 << 20]);
    for absent in [&b"nowhere"[..], b"", b"zzz", b"link", b"!"] {
        assert!(matches!(repository.open_file(0, absent).await.err(), Some(RepositoryError::NoEntry)));
    }
    assert!(matches!(repository.open_file(7, b"holes").await.err(), Some(RepositoryError::NoBackup(7))));
}

#[tokio::test]
async fn browsing_skips_what_is_not_asked_for() {
    let repository = open(&Disk::default()).await;
    let mut tree = Tree::new();
    tree.insert(b"./".to_vec(), (entry("./", Kind::Directory), Vec::new()));
    // Names that a root cannot tell apart, enough for many leaves.
    let long = "x".repeat(80);
    for number in 0..4000 {
        add(&mut tree, format!("{long}/{number:05}"), vec![1; 100]);
    }
    tree.insert(b"a/".to_vec(), (entry("a/", Kind::Directory), Vec::new()));
    back_up(&repository, &tree, "/", 0).await.unwrap();
    let names = async |from: &[u8], limit| -> Vec<Vec<u8>> {
        repository.entries(0, from, limit).await.unwrap().into_iter().map(|listed| listed.entry.name).collect()
    };
    assert_eq!(names(b"", 2).await, [b"./".to_vec(), b"a/".to_vec()]);
    let name = |number: usize| format!("{long}/{number:05}").into_bytes();
    for number in [0, 1, 1999, 3999] {
        assert_eq!(names(&name(number), 1).await, [name(number)]);
        assert_eq!(file(&repository, 0, &name(number)).await, vec![1; 100]);
    }
    assert_eq!(names(format!("{long}0").as_bytes(), 5).await, [[0_u8; 0]; 0]);
    assert_eq!(names(b"", 10_000).await.len(), 4002);
    assert_eq!(names(b"b", 3).await, [name(0), name(1), name(2)]);
}

#[tokio::test]
async fn links_tell_where_they_point_to() {
    let repository = open(&Disk::default()).await;
    let mut tree = Tree::new();
    tree.insert(b"./".to_vec(), (entry("./", Kind::Directory), Vec::new()));
    add(&mut tree, "a file", noise(1, 3 << 20));
    let long = [b'\xff'; 300].to_vec();
    for (name, kind) in [
        ("b", Kind::Symlink(b"../elsewhere".to_vec())),
        ("c", Kind::Symlink(long.clone())),
        ("e", Kind::HardLink(b"a file".to_vec())),
    ] {
        tree.insert(name.into(), (entry(name, kind), Vec::new()));
    }
    add(&mut tree, "d", noise(2, 3 << 20));
    back_up(&repository, &tree, "/", 0).await.unwrap();
    let listed = repository.entries(0, b"", 100).await.unwrap();
    let targets = repository.link_targets(&listed).await.unwrap();
    assert_eq!(targets, [None, None, Some(b"../elsewhere".to_vec()), Some(long), None, Some(b"a file".to_vec())]);
}

#[tokio::test]
async fn ten_days_at_one_in_a_hundred_cost_little_more_than_one() {
    let disk = Disk::default();
    let repository = open(&disk).await;
    let mut tree = some_tree(4, 600);
    let mut roll = dice(4);
    let first = back_up(&repository, &tree, "/", 0).await.unwrap();
    let names: Vec<Vec<u8>> = tree.keys().cloned().collect();
    let mut all = first.bytes;
    for day in 1..10 {
        for _ in 0..6 {
            let name = &names[usize::try_from(roll()).unwrap_or(0) % names.len()];
            let (meta, data) = tree.get_mut(name).unwrap();
            data.extend_from_slice(b"a line more\n");
            meta.kind = Kind::File { size: data.len() as u64, extents: None };
            meta.mtime.seconds += 60;
        }
        all += back_up(&repository, &tree, "/", day).await.unwrap().bytes;
    }
    let ratio = all * 100 / first.bytes;
    assert!(ratio < 300, "ten days: {ratio} % of one, where each of six files in a bundle re-sends it");
    assert!(restore(&repository, 9).await.unwrap() == tree);
    let retention = Retention { keep: 4, pinned: BTreeSet::from([2]), grace: Duration::ZERO };
    let plan = repository.plan(&retention, 100).await.unwrap();
    assert_eq!(plan.drop, [0, 1, 3, 4, 5, 6]);
    let before = repository.stored();
    let archive = repository.archive(9).await.unwrap();
    let mut reading = archive.read(0..archive.length()).unwrap();
    let mut bytes = reading.try_next().await.unwrap().unwrap().to_vec();
    repository.apply(&plan, &|| true).await.unwrap();
    assert!(before - repository.stored() + 100 > plan.freed, "what the plan said was freed, but for new packs' heads");
    while let Some(piece) = reading.try_next().await.unwrap() {
        bytes.extend_from_slice(&piece);
    }
    assert_eq!(bytes, self::archive(&repository, 9).await, "a download goes on while packs are rewritten");
    assert!(restore(&repository, 9).await.unwrap() == tree);
    let young = Retention { keep: 1, pinned: BTreeSet::new(), grace: Duration::from_secs(3600) };
    let plan = repository.plan(&young, 100).await.unwrap();
    assert!(plan.delete.is_empty() && plan.rewrite.is_empty() && plan.drop.len() == 3, "{plan:?}");
}

#[tokio::test]
async fn each_target_keeps_its_own_and_nodes_do_not_see_each_other() {
    let disk = Disk::default();
    let repository = open(&disk).await;
    for now in 0..6 {
        back_up(&repository, &some_tree(now, 5), if now.is_multiple_of(2) { "/etc" } else { "/srv" }, now)
            .await
            .unwrap();
    }
    let retention = Retention { keep: 2, pinned: BTreeSet::new(), grace: Duration::ZERO };
    assert_eq!(repository.plan(&retention, 9).await.unwrap().drop, [0, 1]);
    let other = Repository::open(Arc::new(disk.clone()), "other", 0).await.unwrap();
    assert!(other.backups().is_empty());
    let root = repository.backup(0).unwrap().root;
    assert_eq!(other.missing(&[root.id]).await, [true]);
    assert!(disk.list("node/").await.unwrap().len() > 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_tree_and_any_edits_come_back(seed: u64, files in 0_u64..60, edits in prop::collection::vec((any::<u64>(), 0_u8..3), 0..10), level in 1_u32..=9) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let repository = open(&Disk::default()).await;
            let mut tree = some_tree(seed, files);
            back_up_at(&repository, &tree, "/", 0, level).await.unwrap();
            let before = tree.clone();
            for (place, edit) in edits {
                let name = tree.keys().nth(usize::try_from(place % (files + 1)).unwrap()).cloned();
                match (name, edit) {
                    (Some(name), 0) => drop(tree.remove(&name)),
                    (Some(name), 1) => add(&mut tree, name, noise(place, usize::try_from(place % 700_000).unwrap())),
                    _ => add(&mut tree, format!("new/{place}"), noise(place, 100)),
                }
            }
            back_up_at(&repository, &tree, "/", 1, level).await.unwrap();
            assert!(restore(&repository, 0).await.unwrap() == before);
            assert!(restore(&repository, 1).await.unwrap() == tree);
            let digest = repository.digest(1).await.unwrap();
            assert_eq!(digest, <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(archive(&repository, 1).await)));
        });
    }
}
