//! What only SQLite can get wrong.

use std::os::unix::fs::PermissionsExt;

use futures::FutureExt;
use kernel::error::Kind;
use sea_orm::ConnectionTrait;
use store::{DbContext, StoreError};

use crate::campus::{Campus, note, number, run};

#[tokio::test]
async fn a_full_disk_is_told_and_passes() {
    let campus = Campus::sqlite();
    let sql = campus.migrated().await;
    let full = sql.write::<(), StoreError, _>(|transaction| {
        async move {
            let pages = number(transaction, "SELECT page_count FROM pragma_page_count").await;
            let limit = format!("PRAGMA max_page_count = {}", pages + 2);
            transaction.execute_unprepared(&limit).await.context("limit")?;
            for turn in 0..1000 {
                let row = vec![format!("{turn:0100}").into(), turn.into()];
                run(transaction, "INSERT INTO note (name, value) VALUES (?, ?)", row).await?;
            }
            Ok(())
        }
        .boxed()
    });
    assert_eq!(full.await.expect_err("no room").kind, Kind::NoSpace);
    sql.write(note("later", 1)).await.expect("there is room again");
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM note").await, 1);
}

#[tokio::test]
async fn an_op_that_hangs_is_ended_and_others_go_on() {
    let campus = Campus::sqlite();
    let sql = campus.migrated().await;
    let hanging = sql.write::<(), StoreError, _>(|transaction| {
        async move {
            note("half", 1)(transaction).await?;
            std::future::pending().await
        }
        .boxed()
    });
    let (hung, other) = tokio::join!(hanging, sql.write(note("other", 1)));
    assert_eq!(hung.expect_err("ended").kind, Kind::Unavailable);
    other.expect("it only waited");
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM note").await, 1);
}

#[tokio::test]
async fn a_caller_that_leaves_harms_nobody() {
    let campus = Campus::sqlite();
    let sql = campus.migrated().await;
    for turn in 0..50 {
        let name = format!("left-{turn}");
        let writing = sql.write(note(&name, 1));
        // Polled once, then dropped somewhere on its way.
        assert!(writing.now_or_never().is_none());
    }
    sql.write(note("stayed", 1)).await.expect("writes");
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM note WHERE name = 'stayed'").await, 1);
}

#[tokio::test]
async fn readers_cannot_write_and_the_file_is_private() {
    let campus = Campus::sqlite();
    let sql = campus.migrated().await;
    assert!(sql.reader().execute_unprepared("DELETE FROM note").await.is_err());
    sql.write(note("a", 1)).await.expect("writes");
    for file in ["tests.db", "tests.db-wal", "tests.db-shm", "tests.db.lock"] {
        let mode = std::fs::metadata(campus.data.sql().join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn commits_wait_for_the_disk() {
    let campus = Campus::sqlite();
    let sql = campus.migrated().await;
    let (synchronous, journal) = sql
        .write::<_, StoreError, _>(|transaction| {
            async move {
                let synchronous = number(transaction, "SELECT synchronous FROM pragma_synchronous").await;
                let wal = number(transaction, "SELECT journal_mode = 'wal' FROM pragma_journal_mode").await;
                Ok((synchronous, wal))
            }
            .boxed()
        })
        .await
        .expect("reads");
    assert_eq!((synchronous, journal), (2, 1), "FULL and WAL");
}
