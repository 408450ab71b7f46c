//! Bytes that outlive a release: archives and repositories of version 1, as they were written on the day it was fixed.
//! `BEDEL_GOLDEN_WRITE=1` writes them anew, which only a new version of the format may ask for.

use std::path::PathBuf;
use std::sync::Arc;

use kernel::blobs::{BlobKey, Blobs};
use vault::Repository;
use vault::fragment::{Decoder, Encoder, FragmentError};
use vault::tar::{Extents, Kind, Mtime};

use crate::blobs::Disk;
use crate::tree::{Tree, add, archive, back_up, chunks, entry, noise, restore};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn writes() -> bool {
    std::env::var_os("BEDEL_GOLDEN_WRITE").is_some()
}

/// One of everything, small.
fn tree() -> Tree {
    let mut tree = Tree::new();
    let mut put = |meta: vault::tar::Meta, data: Vec<u8>| tree.insert(meta.name.clone(), (meta, data));
    put(entry("./", Kind::Directory), Vec::new());
    put(entry("bin/", Kind::Directory), Vec::new());
    let mut setuid = entry("bin/su", Kind::File { size: 4, extents: None });
    (setuid.mode, setuid.mtime) = (0o4755, Mtime { seconds: -1, nanos: 500_000_000 });
    put(setuid, b"\x7fELF".to_vec());
    put(entry("bin/sudo", Kind::HardLink(b"bin/su".to_vec())), Vec::new());
    put(entry("dev/null", Kind::CharDevice { major: 1, minor: 3 }), Vec::new());
    put(entry(b"latin-\xf1", Kind::Symlink(b"\xff".repeat(150))), Vec::new());
    put(entry("n".repeat(300), Kind::Fifo), Vec::new());
    let extents = Extents::new(&[(2 << 20, 1024)], 5 << 20).unwrap();
    put(entry("sparse", Kind::File { size: 5 << 20, extents }), noise(1, 1024));
    let mut owned = entry("x", Kind::File { size: 0, extents: None });
    (owned.uid, owned.gid) = (4_000_000_000, 3);
    owned.xattrs = vec![(b"user.a".to_vec(), b"\0\n".to_vec())];
    put(owned, Vec::new());
    add(&mut tree, "large", b"0123456789abcdef".repeat(20_000));
    tree
}

fn compare(name: &str, bytes: &[u8]) {
    let path = folder().join(name);
    if writes() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    let golden = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(golden == bytes, "{name}: not what version 1 wrote ({} and {} bytes)", golden.len(), bytes.len());
}

/// The raw stream is fixed for ever; the deflated bytes may change with the encoder, and are read all the same.
#[tokio::test]
async fn the_stream_is_what_version_1_wrote() {
    let raw: Vec<u8> = chunks(&tree()).into_iter().flat_map(|(_, raw)| raw).collect();
    let tail = raw.len().min(12_000);
    compare("stream.tar", &raw[..tail]);
    let ids: String =
        chunks(&tree()).iter().map(|(piece, raw)| format!("{} {}\n", piece.chunk.id, raw.len())).collect();
    compare("chunks.txt", ids.as_bytes());
}

/// Written when bundles ended from 32 KiB on, and as they are written now.
const OLDER: &str = "repository";
const NOW: &str = "repository-8-kib";

async fn copy(disk: &Disk, repository: &str) {
    for kind in ["packs", "index", "backups"] {
        let bytes = std::fs::read(folder().join(repository).join(kind)).unwrap();
        let mut writer = disk.create(&BlobKey::new(format!("node/{kind}/{:016x}", 0)).unwrap()).await.unwrap();
        writer.append(vec![bytes.into()]).await.unwrap();
        writer.sync().await.unwrap();
    }
}

#[tokio::test]
async fn a_repository_of_version_1_is_read_and_gone_on_with() {
    if writes() {
        let disk = Disk::default();
        let repository = Repository::open(Arc::new(disk.clone()), "node", 7).await.unwrap();
        back_up(&repository, &tree(), "/srv", 7).await.unwrap();
        for kind in ["packs", "index", "backups"] {
            let mut bytes = Vec::new();
            disk.damage(&disk.keys(&format!("/{kind}/"))[0], |stored| bytes.clone_from(stored));
            compare(&format!("{NOW}/{kind}"), &bytes);
        }
    }
    for name in [OLDER, NOW] {
        let disk = Disk::default();
        copy(&disk, name).await;
        let repository = Arc::new(Repository::open(Arc::new(disk.clone()), "node", 9).await.unwrap());
        assert_eq!(repository.backups()[0].target, "/srv");
        assert!(restore(&repository, 0).await.unwrap() == tree());
        let sent = back_up(&repository, &tree(), "/srv", 9).await.unwrap();
        assert_eq!(
            sent.bytes == 0,
            name == NOW,
            "{name}: manifests are made again, byte for byte, if bundles end alike"
        );
        assert!(restore(&repository, 1).await.unwrap() == tree());
        assert_eq!(archive(&repository, 1).await.len() as u64, sent.record.length);
    }

    // Each part damaged, as a disk would: still opened, and nothing wrong is given out.
    for (kind, place, readable) in [("packs", 100, false), ("index", 60, true), ("backups", 60, false)] {
        let disk = Disk::default();
        copy(&disk, NOW).await;
        disk.damage(&disk.keys(&format!("/{kind}/"))[0], |bytes| {
            bytes[place] ^= 1;
        });
        let repository = Arc::new(Repository::open(Arc::new(disk), "node", 9).await.unwrap());
        let read = restore(&repository, 0).await;
        assert_eq!(read.is_ok(), readable, "{kind}");
        assert!(read.is_err() || read.unwrap() == tree());
    }
}

/// Damaged fragments, kept as files so that other readers of the format can be tried on them.
#[test]
fn damaged_fragments_are_refused_by_name() {
    let raw = b"a line that comes again\n".repeat(20);
    let fragment = Encoder::new(6).encode(&raw).unwrap();
    let (chunk, good) = (*fragment.chunk(), fragment.bytes().to_vec());
    let mut last = good.clone();
    last[0] |= 1;
    let mut other = good.clone();
    other[3] ^= 0x04;
    let fixtures = [
        ("good", good.clone(), false),
        ("final-block", last, true),
        ("cut", good[..good.len() - 1].to_vec(), true),
        ("trailing", [&good[..], b"\0"].concat(), true),
        ("flipped", other, true),
        ("empty", Vec::new(), true),
    ];
    if writes() {
        for (name, bytes, _) in &fixtures {
            compare(&format!("fragments/{name}"), bytes);
        }
    }
    let mut decoder = Decoder::default();
    for (name, _, refused) in fixtures {
        let bytes = std::fs::read(folder().join("fragments").join(name)).unwrap();
        assert_eq!(decoder.decode(&chunk, &bytes).is_err(), refused, "{name}");
    }
    let shorter = vault::Chunk { length: chunk.length - 1, ..chunk };
    assert_eq!(decoder.decode(&shorter, &good), Err(FragmentError::Bomb));
}
