use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};

use vault::tar::{END, Mtime, header, padding};

use super::*;

const MTIME: i64 = 1_600_000_000;

/// Entries of a tree and their data, as a tar stream has them.
struct Tree(Vec<(Meta, Vec<u8>)>);

fn meta(name: &str, mode: u32, kind: Kind) -> Meta {
    Meta {
        name: name.as_bytes().to_vec(),
        kind,
        mode,
        uid: 0,
        gid: 0,
        user: Vec::new(),
        group: Vec::new(),
        mtime: Mtime { seconds: MTIME, nanos: 0 },
        xattrs: Vec::new(),
    }
}

fn file(name: &str, mode: u32, content: &[u8]) -> (Meta, Vec<u8>) {
    (meta(name, mode, Kind::File { size: content.len() as u64, extents: None }), content.to_vec())
}

fn holes() -> (Meta, Vec<u8>) {
    let extents = Extents::new(&[(3 << 20, 4096)], 8 << 20).expect("extents").expect("has holes");
    let data = vec![7; usize::try_from(extents.data()).expect("little")];
    (meta("holes", 0o600, Kind::File { size: 8 << 20, extents: Some(extents) }), data)
}

impl Tree {
    fn new() -> Self {
        Self(vec![
            (meta("./", 0o755, Kind::Directory), Vec::new()),
            file("a", 0o640, &vec![5; 300_000]),
            file("closed", 0o000, b"nobody reads this"),
            (meta("dir/", 0o500, Kind::Directory), Vec::new()),
            file("dir/b", 0o644, b"b"),
            file("empty", 0o644, b""),
            holes(),
            (meta("link", 0o777, Kind::Symlink(b"dir/b".to_vec())), Vec::new()),
            (meta("second", 0o640, Kind::HardLink(b"a".to_vec())), Vec::new()),
        ])
    }

    fn stream(&self) -> Vec<u8> {
        let mut stream = Vec::new();
        for (meta, data) in &self.0 {
            stream.extend(header(meta).expect("a header"));
            let map = match &meta.kind {
                Kind::File { size, extents: Some(extents) } => extents.map(*size),
                _ => Vec::new(),
            };
            let stored = (map.len() + data.len()) as u64;
            stream.extend(map);
            stream.extend(data);
            stream.resize(stream.len() + usize::from(padding(stored)), 0);
        }
        stream.extend(END);
        stream
    }

    /// What restoring it leaves.
    fn plant(&self, root: &Path) {
        fs::create_dir(root).expect("makes");
        for (meta, data) in &self.0 {
            let path = root.join(std::str::from_utf8(&meta.name).expect("UTF-8"));
            match &meta.kind {
                Kind::Directory => fs::create_dir_all(&path).expect("makes"),
                Kind::Symlink(target) => {
                    symlink(std::str::from_utf8(target).expect("UTF-8"), &path).expect("links");
                }
                Kind::HardLink(target) => {
                    fs::hard_link(root.join(std::str::from_utf8(target).expect("UTF-8")), &path).expect("links");
                }
                Kind::File { size, extents } => {
                    let written = File::create(&path).expect("makes");
                    let at = extents.as_ref().map_or(0, |extents| extents.as_slice()[0].0);
                    written.write_all_at(data, at).expect("writes");
                    written.set_len(*size).expect("sets");
                    touch(&written, MTIME);
                }
                other => panic!("{other:?} is not in the tree"),
            }
        }
        for (meta, _) in
            self.0.iter().rev().filter(|(meta, _)| !matches!(meta.kind, Kind::Symlink(_) | Kind::HardLink(_)))
        {
            let path = root.join(std::str::from_utf8(&meta.name).expect("UTF-8"));
            fs::set_permissions(path, Permissions::from_mode(meta.mode)).expect("sets");
        }
    }
}

fn touch(file: &File, seconds: i64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds.unsigned_abs());
    file.set_modified(time).expect("sets");
}

fn compared(root: &Path, stream: &[u8], piece: usize) -> Compared {
    let mut comparison = Comparison::new(root, Arc::default()).expect("begins");
    for piece in stream.chunks(piece) {
        comparison.push(piece).expect("is read");
    }
    comparison.finish()
}

#[test]
fn what_was_restored_as_it_was_is_alike_however_the_stream_comes() {
    let place = tempfile::tempdir().expect("a folder");
    let (tree, root) = (Tree::new(), place.path().join("restored"));
    tree.plant(&root);
    for piece in [511, 100_000, usize::MAX] {
        let found = compared(&root, &tree.stream(), piece);
        // Whoever is not root opens what is closed while it compares: then it is no longer as it was.
        if piece == 511 || rustix::process::geteuid().is_root() {
            assert_eq!(found.differences, Vec::<String>::new(), "in pieces of {piece}");
        }
        assert_eq!((found.entries, found.whole), (9, true));
    }
}

#[test]
fn every_difference_is_seen() {
    type Spoil = fn(&Path);
    let writable = |root: &Path| fs::set_permissions(root.join("dir"), Permissions::from_mode(0o700)).expect("sets");
    let cases: [(&str, Spoil, &str); 12] = [
        ("a", |root| fs::remove_file(root.join("a")).expect("removes"), "missing"),
        ("a", |root| spoil(&root.join("a"), 0), "other content"),
        ("a", |root| spoil(&root.join("a"), 299_999), "other content"),
        ("a", |root| lengthen(&root.join("a"), 300_001), "300001 bytes instead of 300000"),
        ("a", |root| fs::set_permissions(root.join("a"), Permissions::from_mode(0o4640)).expect("sets"), "mode 4640"),
        ("a", |root| touch(&File::options().write(true).open(root.join("a")).expect("opens"), 1), "another time"),
        ("empty", |root| replaced_by_link(&root.join("empty")), "Symlink instead of"),
        ("link", |root| relinked(&root.join("link"), "dir/c"), "not a link to dir/b"),
        ("link", |root| replaced_by_file(&root.join("link")), "not a link to dir/b"),
        ("second", |root| replaced_by_file(&root.join("second")), "not another name of a"),
        ("holes", |root| spoil(&root.join("holes"), 7 << 20), "content where there is none"),
        ("holes", |root| spoil(&root.join("holes"), 3 << 20), "other content"),
    ];
    for (name, change, expected) in cases {
        let place = tempfile::tempdir().expect("a folder");
        let (tree, root) = (Tree::new(), place.path().join("restored"));
        tree.plant(&root);
        change(&root);
        let found = compared(&root, &tree.stream(), 65_536);
        let told = found.differences.join("; ");
        assert!(told.contains(name) && told.contains(expected), "{name} {expected}: {told}");
        writable(&root);
    }
}

#[test]
fn a_folder_that_became_a_link_is_not_looked_through() {
    let place = tempfile::tempdir().expect("a folder");
    let (tree, root) = (Tree::new(), place.path().join("restored"));
    tree.plant(&root);
    fs::set_permissions(root.join("dir"), Permissions::from_mode(0o700)).expect("sets");
    fs::rename(root.join("dir"), place.path().join("outside")).expect("renames");
    symlink("../outside", root.join("dir")).expect("links");
    let found = compared(&root, &tree.stream(), 65_536);
    assert!(found.differences.iter().any(|told| told.starts_with("dir/: is Symlink")), "{:?}", found.differences);
    assert!(found.unlike >= 2, "nor is what lies behind it taken for what was restored: {:?}", found.differences);
}

#[test]
fn a_stream_without_an_end_is_not_whole_and_one_that_is_none_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let (tree, root) = (Tree::new(), place.path().join("restored"));
    tree.plant(&root);
    let stream = tree.stream();
    assert!(!compared(&root, &stream[..stream.len() - 512], 65_536).whole);
    let mut comparison = Comparison::new(&root, Arc::default()).expect("begins");
    assert!(matches!(comparison.push(&[b'x'; 2048]), Err(CompareError::Stream(_))));
}

/// Changes a byte and nothing else that can be seen.
fn spoil(path: &Path, at: u64) {
    let file = File::options().read(true).write(true).open(path).expect("opens");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("reads");
    file.write_all_at(&[byte[0] ^ 1], at).expect("writes");
    touch(&file, MTIME);
}

fn lengthen(path: &Path, size: u64) {
    let file = File::options().write(true).open(path).expect("opens");
    file.set_len(size).expect("sets");
    touch(&file, MTIME);
}

fn replaced_by_link(path: &Path) {
    fs::remove_file(path).expect("removes");
    symlink("a", path).expect("links");
}

fn relinked(path: &Path, target: &str) {
    fs::remove_file(path).expect("removes");
    symlink(target, path).expect("links");
}

fn replaced_by_file(path: &Path) {
    fs::remove_file(path).expect("removes");
    fs::write(path, "something else").expect("writes");
}
