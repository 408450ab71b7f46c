//! What holds on both engines.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use kernel::error::Kind;
use sea_orm::{ConnectionTrait, Statement};
use store::lease::{self, Lease, Leases};
use store::{Sql, StoreError};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::campus::{self, Campus, note, number, run};
pub(crate) use crate::records::*;

pub(crate) async fn what_is_ok_is_kept_and_what_fails_is_not(campus: &Campus) {
    let sql = campus.migrated().await;
    sql.write(note("kept", 1)).await.expect("writes");
    let failed: Result<(), StoreError> = sql
        .write(|transaction| {
            async move {
                note("half", 1)(transaction).await?;
                Err(StoreError::bare(Kind::Invalid, "changed my mind"))
            }
            .boxed()
        })
        .await;
    assert_eq!(failed.expect_err("hands on the error").kind, Kind::Invalid);
    let twice = sql.write(note("kept", 2)).await.expect_err("a key is unique");
    assert_eq!(twice.kind, Kind::Conflict);
    // Another process sees what was committed.
    let other = campus.open().await;
    assert_eq!(number(other.reader(), "SELECT COUNT(*) FROM note").await, 1);
    assert_eq!(number(other.reader(), "SELECT value FROM note WHERE name = 'kept'").await, 1);
    other.ping().await.expect("answers");
}

pub(crate) async fn one_failure_among_many_harms_nobody_else(campus: &Campus) {
    let sql = campus.migrated().await;
    let writes = (0..300).map(|turn| {
        let sql = sql.clone();
        tokio::spawn(async move {
            sql.write(move |transaction| {
                async move {
                    note(&format!("n{turn}"), turn)(transaction).await?;
                    // Every tenth fails after it wrote.
                    if turn % 10 == 0 { Err(StoreError::bare(Kind::Invalid, "planned")) } else { Ok(turn) }
                }
                .boxed()
            })
            .await
        })
    });
    for (turn, outcome) in join_all(writes).await.into_iter().enumerate() {
        assert_eq!(outcome.expect("no panic").is_err(), turn % 10 == 0, "write {turn}");
    }
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM note").await, 270);
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM note WHERE value % 10 = 0").await, 0);
}

pub(crate) async fn a_panic_is_an_error_like_another(campus: &Campus) {
    let sql = campus.migrated().await;
    let panicking = sql.write::<(), StoreError, _>(|transaction| {
        async move {
            note("half", 1)(transaction).await?;
            panic!("planned")
        }
        .boxed()
    });
    let (panicked, other) = tokio::join!(panicking, sql.write(note("other", 1)));
    assert_eq!(panicked.expect_err("told").kind, Kind::Internal);
    other.expect("unharmed");
    sql.write(note("later", 1)).await.expect("the connection is as good as before");
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM note").await, 2);
}

const LONG: Duration = Duration::from_secs(600);

async fn fenced(sql: &Sql, lease: &Lease) -> Result<(), StoreError> {
    let lease = lease.clone();
    sql.write(move |transaction| {
        let lease = lease.clone();
        async move { lease::fence(transaction, &lease).await }.boxed()
    })
    .await
}

pub(crate) async fn leases_are_won_renewed_lost_and_given_back(campus: &Campus) {
    let (here, there) = (campus.migrated().await, campus.open().await);
    let (ours, theirs) = (Leases::new(here.clone()), Leases::new(there.clone()));
    let first = ours.acquire("leader", "a", LONG).await.expect("asks").expect("wins");
    assert_eq!(first.epoch, 1);
    assert_eq!(theirs.acquire("leader", "b", LONG).await.expect("asks"), None, "it is held");
    assert!(theirs.acquire("other", "b", LONG).await.expect("asks").is_some(), "another lease is free");
    fenced(&here, &first).await.expect("it leads");
    assert!(ours.renew(&first, Duration::ZERO).await.expect("renews"));

    // Its time is over at once.
    let second = loop {
        if let Some(lease) = theirs.acquire("leader", "b", LONG).await.expect("asks") {
            break lease;
        }
    };
    assert_eq!(second.epoch, 2);
    assert_eq!(fenced(&here, &first).await.expect_err("it was overtaken").kind, Kind::Conflict);
    assert!(!ours.renew(&first, LONG).await.expect("asks"), "it cannot come back under its epoch");
    ours.release(&first).await.expect("a stale release is harmless");
    fenced(&there, &second).await.expect("the new one leads");

    let again = theirs.acquire("leader", "b", LONG).await.expect("asks").expect("a holder may begin anew");
    assert_eq!(again.epoch, 3);
    assert_eq!(fenced(&there, &second).await.expect_err("its former self is stale").kind, Kind::Conflict);
    theirs.release(&again).await.expect("gives it back");
    assert_eq!(ours.acquire("leader", "a", LONG).await.expect("asks").expect("wins at once").epoch, 4);
}

pub(crate) async fn a_lease_is_overtaken_by_its_epoch_before_it_ends(campus: &Campus) {
    let (here, there) = (campus.migrated().await, campus.open().await);
    assert_eq!(lease::observe(&here, "leader").await.expect("looks"), None);
    let first = Leases::new(here.clone()).acquire("leader", "a", LONG).await.expect("asks").expect("wins");
    let seen = lease::observe(&there, "leader").await.expect("looks").expect("is there");
    assert_eq!((&seen.lease, seen.expired), (&first, false));
    let overtake = |epoch: i64| {
        there.write(move |transaction| {
            async move { lease::overtake(transaction, "leader", "b", LONG, epoch).await }.boxed()
        })
    };
    let second = overtake(first.epoch).await.expect("asks").expect("overtakes");
    assert_eq!((second.epoch, &*second.holder), (2, "b"));
    assert_eq!(overtake(first.epoch).await.expect("asks"), None, "nobody has it under that epoch any more");
    assert_eq!(fenced(&here, &first).await.expect_err("it was overtaken").kind, Kind::Conflict);
    Leases::new(there.clone()).release(&second).await.expect("gives it back");
    let seen = lease::observe(&here, "leader").await.expect("looks").expect("is there");
    assert_eq!((seen.lease.epoch, seen.expired), (2, true));
}

/// Two leaders that overtake each other all the time, each writing under its epoch until a fence stops it. Every write
/// draws a number under a row lock, so the numbers are the order of the commits.
pub(crate) async fn nothing_is_committed_under_a_stale_epoch(campus: &Campus) {
    let sql = campus.migrated().await;
    sql.write(note("order", 0)).await.expect("writes");
    let stop = Arc::new(AtomicBool::new(false));
    let mut leaders = Vec::new();
    for holder in ["a", "b"] {
        let (sql, stop) = (campus.open().await, Arc::clone(&stop));
        leaders.push(tokio::spawn(async move {
            let leases = Leases::new(sql.clone());
            let (mut overtaken, mut commits) = (0_u32, 0_u32);
            while !stop.load(Ordering::Relaxed) {
                let Some(lease) = leases.acquire("leader", holder, Duration::from_millis(1)).await.expect("asks")
                else {
                    continue;
                };
                // Several writers under one lease, as a real leader has them.
                let writers = (0..4).map(|_| async {
                    let mut count = 0;
                    loop {
                        match write_under(&sql, &lease).await {
                            Ok(()) => count += 1,
                            Err(error) if error.kind == Kind::Conflict => return count,
                            Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
                        }
                    }
                });
                commits += join_all(writers).await.into_iter().sum::<u32>();
                overtaken += 1;
            }
            (overtaken, commits)
        }));
    }
    while number(sql.reader(), "SELECT value FROM note WHERE name = 'order'").await < 1000 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::Relaxed);
    // The last holder has nobody to stop it but us.
    let leases = Leases::new(sql.clone());
    let end = async {
        for holder in ["end-1", "end-2", "end-3", "end-4"] {
            while leases.acquire("leader", holder, Duration::from_millis(1)).await.expect("asks").is_none() {}
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (ended, ()) = tokio::join!(join_all(leaders), end);
    let (mut overtaken, mut commits) = (0, 0);
    for leader in ended {
        let (some, more) = leader.expect("no panic");
        overtaken += some;
        commits += more;
    }
    let statement = Statement::from_string(sql.backend(), "SELECT value FROM note WHERE name LIKE 'w%' ORDER BY name");
    let rows = sql.reader().query_all_raw(statement).await.expect("reads");
    let (mut newest, mut stale) = (0, 0);
    for row in rows {
        let epoch: i64 = row.try_get_by_index(0).expect("an epoch");
        stale += u32::from(epoch < newest);
        newest = newest.max(epoch);
    }
    println!("{commits} commits, {overtaken} leaderships, {stale} stale");
    assert_eq!(stale, 0);
    assert!(overtaken >= 4, "the leaders really overtook each other");
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM note WHERE name LIKE 'w%'").await, i64::from(commits));
}

async fn write_under(sql: &Sql, lease: &Lease) -> Result<(), StoreError> {
    let lease = lease.clone();
    sql.write(move |transaction| {
        let lease = lease.clone();
        async move {
            lease::fence(transaction, &lease).await?;
            run(transaction, "UPDATE note SET value = value + 1 WHERE name = 'order'", vec![]).await?;
            let order = number(transaction, "SELECT value FROM note WHERE name = 'order'").await;
            note(&format!("w{order:010}"), lease.epoch)(transaction).await
        }
        .boxed()
    })
    .await
}

pub(crate) async fn three_processes_migrate_at_once(campus: &Campus) {
    let mut children: Vec<_> = (0..3).map(|_| child(campus, "children::migrates")).collect();
    for child in &mut children {
        wait_for(child, "READY").await;
    }
    // All at once: each waits for this.
    std::fs::create_dir_all(campus.data.root()).expect("makes the folder");
    std::fs::write(campus.data.root().join("go"), "").expect("writes");
    for mut child in children {
        wait_for(&mut child, "MIGRATED").await;
        assert!(child.process.wait().await.expect("ends").success());
    }
    let sql = campus.open().await;
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM tests_migration").await, 9);
    store::migrate(&sql, campus::migrations()).await.expect("once more changes nothing");
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM tests_migration").await, 9);
    sql.write(note("a", 1)).await.expect("the tables are there");
}

pub(crate) async fn a_killed_writer_leaves_no_lock_and_nothing_half(campus: &Campus) {
    let sql = campus.migrated().await;
    for turn in 0..3 {
        let mut child = child(campus, "children::writes_half");
        wait_for(&mut child, "HALF").await;
        child.process.kill().await.expect("killed");
        sql.write(note(&format!("after-{turn}"), 1)).await.expect("the lock is free");
        assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM note WHERE name = 'half'").await, 0);
    }
}

pub(crate) async fn two_services_have_tables_of_their_own(campus: &Campus) {
    let one = campus.migrated().await;
    let two = campus::open(&campus.url, &campus.data, "others").await;
    store::migrate(&two, vec![]).await.expect("migrates");
    let (ours, theirs) = (Leases::new(one), Leases::new(two.clone()));
    assert!(ours.acquire("leader", "a", LONG).await.expect("asks").is_some());
    assert!(theirs.acquire("leader", "b", LONG).await.expect("asks").is_some(), "a name of another service");
    let statement = Statement::from_string(two.backend(), "SELECT COUNT(*) FROM others_lease");
    assert!(two.reader().query_one_raw(statement).await.expect("reads").is_some());
}

struct Child {
    process: tokio::process::Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

/// This binary again, as another process that runs one of `children`.
fn child(campus: &Campus, what: &str) -> Child {
    let mut process = tokio::process::Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", what, "--ignored", "--nocapture"])
        .env("BEDEL_TEST_DATA", campus.data.root())
        .env("BEDEL_TEST_URL", &campus.url)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("starts");
    let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
    Child { process, lines }
}

async fn wait_for(child: &mut Child, word: &str) {
    let reading = async {
        while let Some(line) = child.lines.next_line().await.expect("reads") {
            if line == word {
                return;
            }
        }
        panic!("the child ended without {word}");
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("in time");
}
