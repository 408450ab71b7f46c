//! Trees with everything that is hard to back up, and whether two are equal.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

/// Bytes that do not deflate, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Small files, large files, and one of everything odd.
pub(crate) fn plant(root: &Path) {
    fs::create_dir_all(root.join("small")).expect("makes");
    for number in 0..200_usize {
        let text = format!("file {number}\n").repeat(number * 7);
        fs::write(root.join(format!("small/{number:03}.txt")), text).expect("writes");
    }
    fs::write(root.join("large"), noise(1, 3_000_000)).expect("writes");
    fs::write(root.join("empty"), "").expect("writes");
    fs::create_dir_all(root.join("no files/deep/er")).expect("makes");
    fs::hard_link(root.join("large"), root.join("large again")).expect("links");
    symlink("nowhere/at/all", root.join("dangling")).expect("links");
    symlink("loop", root.join("loop")).expect("links");
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"latin \xf1 \xff\n")), "bytes").expect("writes");
    fs::write(root.join(format!("small/{}", "n".repeat(255))), "long").expect("writes");
    let sparse = File::create(root.join("sparse")).expect("makes");
    sparse.write_all_at(b"begin", 0).expect("writes");
    sparse.write_all_at(&noise(2, 70_000), 5 << 20).expect("writes");
    sparse.set_len(20 << 20).expect("sets");
    let setuid = root.join("setuid");
    fs::write(&setuid, "#!").expect("writes");
    fs::set_permissions(&setuid, fs::Permissions::from_mode(0o4751)).expect("sets");
    rustix::fs::mkfifoat(rustix::fs::CWD, root.join("pipe"), rustix::fs::Mode::from_raw_mode(0o600)).expect("makes");
    let attribute = rustix::fs::setxattr(root.join("empty"), "user.color", b"gr\0n", rustix::fs::XattrFlags::empty());
    attribute.expect("a file system with attributes");
    fs::write(root.join("acl"), "for some").expect("writes");
    fs::create_dir(root.join("acl folder")).expect("makes");
    for (name, attribute) in [("acl", "system.posix_acl_access"), ("acl folder", "system.posix_acl_default")] {
        rustix::fs::setxattr(root.join(name), attribute, &acl(), rustix::fs::XattrFlags::empty()).expect("sets");
    }
}

/// An access list as Linux has it: owner and user 1234 may more than the rest.
fn acl() -> Vec<u8> {
    const NOBODY: u32 = u32::MAX;
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, NOBODY), (2, 4, 1234), (4, 0, NOBODY), (16, 4, NOBODY), (32, 0, NOBODY)];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, may, who) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(may.to_le_bytes());
        bytes.extend(who.to_le_bytes());
    }
    bytes
}

/// Extracts with GNU tar.
pub(crate) fn untar(archive: &[u8], folder: &Path) {
    fs::create_dir_all(folder).expect("makes");
    let mut tar = Command::new("tar")
        .args(["--extract", "--gzip", "--preserve-permissions", "--xattrs", "--xattrs-include=*", "--file=-"])
        .arg("--directory")
        .arg(folder)
        .stdin(Stdio::piped())
        .spawn()
        .expect("GNU tar");
    tar.stdin.take().expect("a pipe").write_all(archive).expect("is read");
    assert!(tar.wait().expect("ends").success());
}

/// A line for each entry: kind, mode, owner, size, blocks of holes, times, links, name, target, content, attributes.
fn listing(folder: &Path) -> String {
    let script = r#"
import os, sys, hashlib, stat
root = os.fsencode(sys.argv[1])
for folder, folders, files in os.walk(root):
    folders.sort()
    for name in sorted(folders + files):
        path = os.path.join(folder, name)
        seen = os.lstat(path)
        kind = stat.S_IFMT(seen.st_mode)
        content = target = b""
        if kind == stat.S_IFREG:
            content = hashlib.sha256(open(path, "rb").read()).hexdigest()
        if kind == stat.S_IFLNK:
            target = os.readlink(path)
        xattrs = [(key, os.getxattr(path, key, follow_symlinks=False)) for key in sorted(os.listxattr(path, follow_symlinks=False))]
        links = seen.st_nlink if kind == stat.S_IFREG else 0
        size = seen.st_size if kind == stat.S_IFREG else 0
        holes = kind == stat.S_IFREG and size > seen.st_blocks * 512 + (1 << 20)
        print(path[len(root):], oct(seen.st_mode), seen.st_uid, seen.st_gid, size, holes, seen.st_mtime_ns, links, target, content, xattrs)
"#;
    let output = Command::new("python3").args(["-c", script]).arg(folder).output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Fails with the first entry that differs.
#[track_caller]
pub(crate) fn assert_equal(one: &Path, other: &Path) {
    let (one, other) = (listing(one), listing(other));
    for (left, right) in one.lines().zip(other.lines()) {
        assert_eq!(left, right);
    }
    assert_eq!(one.lines().count(), other.lines().count());
    assert!(one.lines().count() > 0, "nothing was compared");
}
