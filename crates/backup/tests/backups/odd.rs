//! Trees that are the same, and names that are as long as names may be.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;

use api::auth::UserRole;
use rustix::fs::{CWD, Mode, OFlags};
use testkit::process::run;

use crate::campus::Campus;
use crate::tree::{plant, untar};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_tree_makes_the_same_bytes() {
    let campus = &Campus::sqlite().await;
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let (one, other) = (campus.path("one"), campus.path("other"));
    plant(&one);
    run(Command::new("cp").arg("--archive").arg(&one).arg(&other));
    let admin = campus.at(&server, UserRole::Admin);
    let mut archives = Vec::new();
    for (name, tree) in [("agent-1", &one), ("agent-2", &other)] {
        // A node each, so that neither has anything of the other's.
        let node = campus.node(&server, name, tree).await;
        let target = admin.register(node.address, tree).await;
        admin.succeed(&target).await;
        archives.push(admin.archive(&admin.newest().await).await);
    }
    assert!(archives[0] == archives[1], "{} and {} bytes", archives[0].len(), archives[1].len());
}

const FOLDER: Mode = Mode::from_raw_mode(0o755);

fn open(folder: &OwnedFd, name: &str) -> OwnedFd {
    rustix::fs::openat(folder, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).expect("opens")
}

fn root(path: &Path) -> OwnedFd {
    rustix::fs::openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).expect("opens")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_four_thousand_bytes_comes_back_and_a_longer_one_is_listed() {
    let campus = &Campus::sqlite().await;
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    // By descriptors: from the root of the file system no path may be as long.
    let (part, last) = ("ñ".repeat(124), "e".repeat(250));
    let mut folder = root(&tree);
    for _ in 0..15 {
        rustix::fs::mkdirat(&folder, &part, FOLDER).expect("makes");
        folder = open(&folder, &part);
    }
    let flags = OFlags::WRONLY | OFlags::CREATE;
    let file = rustix::fs::openat(&folder, &last, flags, Mode::from_raw_mode(0o644)).expect("makes");
    File::from(file).write_all(b"deep").expect("writes");
    rustix::fs::mkdirat(&folder, &part, FOLDER).expect("makes");
    folder = open(&folder, &part);
    rustix::fs::mkdirat(&folder, &part, FOLDER).expect("makes");

    let node = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    admin.register(node.address, &tree).await;
    let done = admin.attempt("done").await;
    let warnings = done["warnings"].as_array().expect("a list");
    assert_eq!(warnings.len(), 1, "{done}");
    assert!(["refused", "unreadable"].iter().any(|kind| warnings[0]["kind"] == *kind), "{done}");
    let out = campus.path("out");
    untar(&admin.archive(done["backup"].as_str().expect("a backup")).await, &out);
    let mut folder = root(&out);
    for _ in 0..15 {
        folder = open(&folder, &part);
    }
    let file = rustix::fs::openat(&folder, &last, OFlags::RDONLY, Mode::empty()).expect("opens");
    let mut content = String::new();
    File::from(file).read_to_string(&mut content).expect("reads");
    assert_eq!(content, "deep");
}
