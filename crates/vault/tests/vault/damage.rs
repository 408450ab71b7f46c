//! Bits rot, and nodes lie.

use std::sync::Arc;
use std::time::Duration;

use vault::fragment::Encoder;
use vault::manifest::{Builder, Leaf, LeafRef, ManifestError, Root};
use vault::repository::{Commit, RepositoryError, Retention};
use vault::{Chunk, Repository};

use crate::blobs::Disk;
use crate::tree::{add, back_up, chunks, dice, restore, some_tree};

async fn open(disk: &Disk) -> Arc<Repository> {
    Arc::new(Repository::open(Arc::new(disk.clone()), "node", 0).await.unwrap())
}

#[tokio::test]
async fn rot_is_found_named_and_mended_by_the_next_backup() {
    let disk = Disk::default();
    let repository = open(&disk).await;
    let tree = some_tree(1, 60);
    let first = back_up(&repository, &tree, "/", 0).await.unwrap().record;
    let tag = *repository.archive(0).await.unwrap().tag();
    assert!(repository.scrub(0).await.unwrap().damaged.is_empty());

    disk.damage(&disk.keys("/packs/")[0], |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
    });
    let scrubbed = repository.scrub(0).await.unwrap();
    assert_eq!(scrubbed.damaged.len(), 1);
    assert!(
        matches!(restore(&repository, 0).await, Err(RepositoryError::Damaged { id, .. }) if id == scrubbed.damaged[0])
    );
    assert_eq!(repository.affected(&scrubbed.damaged).await.unwrap(), [0]);

    repository.forget(&scrubbed.damaged).await.unwrap();
    assert!(!repository.has_root(&first.root).await.unwrap());
    for repository in [&repository, &open(&disk).await] {
        assert_eq!(repository.missing(&scrubbed.damaged).await, [true]);
        assert!(matches!(repository.archive(0).await, Err(RepositoryError::Missing(_))));
    }
    let sent = back_up(&repository, &tree, "/", 1).await.unwrap();
    assert!(sent.bytes < 1 << 20, "{} bytes for one chunk", sent.bytes);
    assert_eq!(restore(&repository, 0).await.unwrap(), tree);
    assert_eq!(*repository.archive(0).await.unwrap().tag(), tag);
}

#[tokio::test]
async fn what_cannot_be_read_keeps_everything_where_it_is() {
    let disk = Disk::default();
    let repository = open(&disk).await;
    let tree = some_tree(2, 30);
    for now in 0..3 {
        let mut tree = tree.clone();
        add(&mut tree, format!("new-{now}"), vec![0; 1000]);
        back_up(&repository, &tree, "/", now).await.unwrap();
    }
    let middle = disk.keys("/backups/")[1].clone();
    disk.damage(&middle, |bytes| bytes[20] ^= 1);
    let repository = open(&disk).await;
    assert_eq!(repository.backups().len(), 2);
    let retention = Retention { keep: 1, pinned: Default::default(), grace: Duration::ZERO };
    let plan = repository.plan(&retention, 1_000_000).await.unwrap();
    assert_eq!((&plan.unreadable[..], &plan.drop[..]), (&[1][..], &[0][..]));
    assert!(plan.delete.is_empty() && plan.rewrite.is_empty());

    disk.damage(&disk.keys("/index/")[0], |bytes| bytes.truncate(40));
    disk.damage(&disk.keys("/index/")[1], Vec::clear);
    let repository = open(&disk).await;
    assert_eq!(restore(&repository, 0).await.unwrap().len(), 31, "indexes are made again");
}

#[tokio::test]
async fn any_flipped_bit_is_found_or_does_no_harm() {
    let disk = Disk::default();
    let tree = some_tree(3, 15);
    back_up(&*open(&disk).await, &tree, "/", 0).await.unwrap();
    let mut roll = dice(3);
    for _ in 0..60 {
        let keys = disk.keys("");
        let key = keys[usize::try_from(roll()).unwrap_or(0) % keys.len()].clone();
        let mut place = (0, 0);
        disk.damage(&key, |bytes| {
            place = (usize::try_from(roll()).unwrap_or(0) % bytes.len(), 1_u8 << (roll() % 8));
            bytes[place.0] ^= place.1;
        });
        let copy = Disk::default();
        for key in disk.keys("") {
            let mut content = Vec::new();
            disk.damage(&key, |bytes| content.clone_from(bytes));
            let mut writer = kernel::blobs::Blobs::create(&copy, &key).await.unwrap();
            writer.append(vec![content.into()]).await.unwrap();
        }
        let repository = open(&copy).await;
        if let Some(record) = repository.backups().first()
            && let Ok(restored) = restore(&repository, record.number).await
        {
            assert!(restored == tree, "{key} {place:?}");
        }
        disk.damage(&key, |bytes| bytes[place.0] ^= place.1);
    }
}

/// A node that lies about its manifests harms nobody, not even itself: nothing is committed.
#[tokio::test]
async fn manifests_that_contradict_themselves_are_refused() {
    let disk = Disk::default();
    let repository = open(&disk).await;
    let session = repository.session(0).await.unwrap();
    let mut encoder = Encoder::new(3);
    let mut builder = Builder::new();
    for (piece, raw) in chunks(&some_tree(4, 10)) {
        repository.put(&session, &encoder.encode(&raw).unwrap(), 0).await.unwrap();
        builder.push(piece).unwrap();
    }
    let (leaf, root) = builder.finish().unwrap();
    let leaf = leaf.unwrap();
    repository.put_leaf(&session, &encoder.encode(&leaf).unwrap(), 0).await.unwrap();
    let commit = || Commit { target: "/".to_owned(), at: 0, notes: Vec::new() };

    let mut refuse = async |root: Root| {
        let fragment = encoder.encode(&root.encode().unwrap()).unwrap();
        repository.commit(&session, &fragment, commit()).await.unwrap_err()
    };
    let change = |change: &dyn Fn(&mut LeafRef)| {
        let mut root = root.clone();
        change(&mut root.leaves[0]);
        root
    };
    for lie in [
        change(&|leaf| leaf.span += 1),
        change(&|leaf| leaf.entries += 1),
        change(&|leaf| leaf.first = b"other".to_vec()),
        Root { crc: root.crc ^ 1, ..root.clone() },
        Root { leaves: [&root.leaves[..], &root.leaves[..]].concat(), ..root.clone() },
    ] {
        let refused = refuse(lie).await;
        assert!(matches!(refused, RepositoryError::Manifest(ManifestError::Inconsistent)), "{refused}");
    }
    let foreign = change(&|leaf| leaf.chunk = Chunk::of(b"of another node").unwrap());
    assert!(matches!(refuse(foreign).await, RepositoryError::Missing(_)));
    let content = Leaf::decode(&leaf).unwrap().pieces[0].chunk;
    let no_leaf = change(&|leaf| leaf.chunk = content);
    assert!(matches!(refuse(no_leaf).await, RepositoryError::Manifest(ManifestError::Wire(_))));

    // A leaf that names a chunk the node never sent, or one with a false length.
    let mut absent = Leaf::decode(&leaf).unwrap();
    absent.pieces[0].chunk.id = Chunk::of(b"of another node").unwrap().id;
    let refused = repository.put_leaf(&session, &Encoder::new(3).encode(&absent.encode()).unwrap(), 0).await;
    assert!(matches!(refused, Err(RepositoryError::Missing(_))));
    let mut longer = Leaf::decode(&leaf).unwrap();
    longer.pieces[0].chunk.length += 1;
    let refused = repository.put_leaf(&session, &Encoder::new(3).encode(&longer.encode()).unwrap(), 0).await;
    assert!(matches!(refused, Err(RepositoryError::Missing(_))));
    let mut outside = Leaf::decode(&leaf).unwrap();
    outside.pieces[0].entries[0].name = b"../../etc/passwd".to_vec();
    let refused = repository.put_leaf(&session, &Encoder::new(3).encode(&outside.encode()).unwrap(), 0).await;
    assert!(matches!(refused, Err(RepositoryError::Manifest(ManifestError::Entry(_)))));

    assert!(repository.backups().is_empty());
    let fragment = Encoder::new(3).encode(&root.encode().unwrap()).unwrap();
    repository.commit(&session, &fragment, commit()).await.unwrap();
}

#[tokio::test]
async fn a_manifest_that_lies_about_an_entry_is_caught_when_it_is_opened() {
    let disk = Disk::default();
    let repository = open(&disk).await;
    let session = repository.session(0).await.unwrap();
    let (mut encoder, mut builder) = (Encoder::new(3), Builder::new());
    let mut tree = crate::tree::Tree::new();
    add(&mut tree, "one", b"1".to_vec());
    add(&mut tree, "two", b"22".to_vec());
    for (mut piece, raw) in chunks(&tree) {
        repository.put(&session, &encoder.encode(&raw).unwrap(), 0).await.unwrap();
        piece.entries[0].stored = 600;
        piece.entries[1].name = b"twO".to_vec();
        builder.push(piece).unwrap();
    }
    let (leaf, root) = builder.finish().unwrap();
    // "twO" sorts before "two" and after "one", so only the headers tell.
    repository.put_leaf(&session, &encoder.encode(&leaf.unwrap()).unwrap(), 0).await.unwrap();
    let root = encoder.encode(&root.encode().unwrap()).unwrap();
    repository.commit(&session, &root, Commit { target: "/".to_owned(), at: 0, notes: Vec::new() }).await.unwrap();
    for name in [&b"one"[..], b"twO"] {
        assert!(matches!(repository.open_file(0, name).await.err(), Some(RepositoryError::Entry(_))));
    }
    assert!(matches!(repository.open_file(0, b"../one").await.err(), Some(RepositoryError::NoEntry)));
}
