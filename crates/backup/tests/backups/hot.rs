//! Trees that are written while they are read: what is not as it was at one moment is listed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use api::auth::UserRole;
use backup::agent::{Identity, Options};
use serde_json::Value;
use testkit::process::{Guard, tool};

use crate::campus::{Campus, serve_with};
use crate::count;
use crate::tree::{noise, untar};

const FILES: u64 = 60;
const LINE: usize = 16;

/// A version's content: its number, line after line.
fn version(number: u64) -> Vec<u8> {
    format!("{number:015}\n").repeat(200 + usize::try_from(number * 37 % 5000).expect("small")).into_bytes()
}

/// Rewrites, grows, shrinks, removes and renames files until it is over.
fn churn(folder: &Path, over: &AtomicBool) -> io::Result<()> {
    let mut number = 0;
    while !over.load(Ordering::SeqCst) {
        number += 1;
        let path = |file: u64| folder.join(format!("file-{:02}", file % FILES));
        match number % 10 {
            0 => drop(fs::remove_file(path(number / 10 * 7))),
            1 => drop(fs::rename(path(number / 10 * 3), path(number / 10 * 11))),
            _ => {
                // From the beginning on, so that at each moment newer lines stand before older ones.
                let file = File::options().write(true).create(true).truncate(false).open(path(number * 13))?;
                let content = version(number);
                for (place, piece) in content.chunks(4096).enumerate() {
                    file.write_all_at(piece, (place * 4096) as u64)?;
                }
                file.set_len(content.len() as u64)?;
            }
        }
    }
    Ok(())
}

/// Whether a file may have been so at one moment.
fn was_so(content: &[u8]) -> bool {
    let lines: Vec<&[u8]> = content.chunks(LINE).collect();
    let whole = lines.iter().all(|line| line.len() == LINE && line.ends_with(b"\n"));
    whole && lines.windows(2).all(|pair| pair[0] >= pair[1])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_it_is_read_is_listed_or_as_it_was() {
    let campus = &Campus::sqlite().await;
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fs::create_dir_all(tree.join("hot")).expect("makes");
    fs::write(tree.join("still"), noise(1, 4_000_000)).expect("writes");
    for file in 0..FILES {
        fs::write(tree.join(format!("hot/file-{file:02}")), version(0)).expect("writes");
    }
    let node = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    let target = admin.register(node.address, &tree).await;
    admin.attempt("done").await;
    let over = AtomicBool::new(false);
    let (hot, over) = (&tree.join("hot"), &over);
    let mut listed = 0;
    std::thread::scope(|scope| {
        let churning = scope.spawn(move || churn(hot, over));
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let mut rounds = 0..count(40, 2000);
                // On, until one was met in its change.
                while let Some(round) = rounds.next().filter(|round| *round < count(4, 200) || listed == 0) {
                    let done = admin.run(&target).await;
                    let warnings = done["warnings"].as_array().cloned().unwrap_or_default();
                    let told: BTreeSet<&str> = warnings.iter().filter_map(|one| one["name"].as_str()).collect();
                    let out = campus.path("out");
                    let backup = done["backup"].as_str().unwrap_or_else(|| panic!("no backup: {done}"));
                    untar(&admin.archive(backup).await, &out);
                    assert!(fs::read(out.join("still")).expect("reads") == noise(1, 4_000_000));
                    for entry in fs::read_dir(out.join("hot")).expect("lists") {
                        let entry = entry.expect("an entry");
                        let name = format!("hot/{}", entry.file_name().to_str().expect("UTF-8"));
                        let good = was_so(&fs::read(entry.path()).expect("reads"));
                        assert!(good || told.contains(&*name), "round {round}: {name} never was so, and is not listed");
                    }
                    listed += told.len();
                    fs::remove_dir_all(out).expect("removes");
                }
            });
        });
        over.store(true, Ordering::SeqCst);
        churning.join().expect("ends").expect("writes");
    });
    assert!(listed > 0, "nothing was met in its change");
}

const WRITER: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute('PRAGMA journal_mode = WAL')
db.execute('CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)')
n = 0
while True:
    with db:
        db.executemany('INSERT INTO t VALUES (?, ?)', [(n + i, 'x' * 500) for i in range(200)])
    n += 200
    if n == 20000:
        print('well under way', flush=True)
    if n > 100000:
        with db:
            db.execute('DELETE FROM t WHERE n < ?', (n - 100000,))
";

const COPY: &str = "
import os, sqlite3, sys
source, target = sqlite3.connect(sys.argv[1]), sqlite3.connect(sys.argv[2] + '.new')
source.backup(target)
target.close()
os.rename(sys.argv[2] + '.new', sys.argv[2])
";

/// How many rows a database has, if it is whole.
fn rows(database: &Path) -> Result<u64, String> {
    let check = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); \
                 assert db.execute('PRAGMA integrity_check').fetchone()[0] == 'ok'; \
                 print(db.execute('SELECT count(*) FROM t').fetchone()[0])";
    let output = Command::new("python3").args(["-c", check]).arg(database).output().expect("python3");
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    said.parse().map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_use_is_listed_and_its_copy_is_whole() {
    let campus = &Campus::sqlite().await;
    use std::io::Read;
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let (live, copied, hooks) = (campus.path("given/live"), campus.path("given/copied"), campus.path("hooks"));
    for folder in [&live, &copied, &hooks] {
        fs::create_dir_all(folder).expect("makes");
    }
    let database = live.join("grades.db");
    let mut writer = Command::new(tool("python3", "python3"));
    let mut writer = Guard::spawn(writer.args(["-c", WRITER]).arg(&database).stdout(Stdio::piped()));
    writer.child().stdout.as_mut().expect("a pipe").read_exact(&mut [0; 14]).expect("it writes");
    let (copy, script) = (copied.join("grades.db"), hooks.join("copy.py"));
    fs::write(&script, COPY).expect("writes");
    let pre = format!("#!/bin/sh\nexec python3 {} {} {}\n", script.display(), database.display(), copy.display());
    fs::write(hooks.join("pre"), pre).expect("writes");
    fs::set_permissions(hooks.join("pre"), fs::Permissions::from_mode(0o755)).expect("sets");

    let state = campus.path("agent");
    Identity::enrol(&campus.enroll_token(&server).await, &state).await.expect("enrols");
    let options = Options { allow: vec![campus.path("given")], state, hooks: Some(hooks), limit: None };
    let node = serve_with(options, "127.0.0.1:0").await;
    let admin = campus.at(&server, UserRole::Admin);
    for (folder, is_copy) in [(&live, false), (&copied, true)] {
        let target = admin.register(node.address, folder).await;
        admin.succeed(&target).await;
        let log = admin.get(&format!("/log?path={}", folder.display())).await.1;
        let done = log["items"].as_array().expect("items").iter().find(|attempt| attempt["backup"].is_string());
        let done = done.unwrap_or_else(|| panic!("no backup: {log}")).clone();
        let out = campus.path(if is_copy { "out-copied" } else { "out-live" });
        untar(&admin.archive(done["backup"].as_str().expect("a backup")).await, &out);
        let found = rows(&out.join("grades.db"));
        let listed = done["warnings"] != Value::Array(Vec::new());
        if is_copy {
            assert!(!listed && found.as_ref().is_ok_and(|rows| rows % 200 == 0), "{found:?} {done}");
        } else {
            assert!(listed || found.is_ok(), "{found:?}: a false green: {done}");
        }
    }
}
