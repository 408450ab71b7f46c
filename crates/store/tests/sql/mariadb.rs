//! What only MySQL and MariaDB can get wrong.

use std::sync::Arc;

use futures::FutureExt;
use kernel::error::Kind;
use store::StoreError;
use tokio::sync::Barrier;

use crate::campus::{Campus, note, number, run};

#[tokio::test]
async fn a_database_with_blind_keys_is_refused() {
    let campus = Campus::mariadb().await;
    let maria = campus.maria.as_ref().expect("this campus has one");
    maria.execute("ALTER DATABASE campus COLLATE utf8mb4_general_ci");
    let sql = campus.open().await;
    let refused = store::migrate(&sql, vec![]).await.expect_err("refuses");
    let cause = std::error::Error::source(&refused).expect("a cause").to_string();
    assert!(cause.contains("utf8mb4_general_ci") && cause.contains("ALTER DATABASE"), "{cause}");
    assert!(sql.write(note("a", 1)).await.is_err());
    maria.execute("ALTER DATABASE campus COLLATE utf8mb4_bin");
    store::migrate(&sql, crate::campus::migrations()).await.expect("does as it was told");
    sql.write(note("José", 1)).await.expect("writes");
    sql.write(note("JOSE", 1)).await.expect("another key");
}

#[tokio::test]
async fn it_may_be_down_at_the_start_and_come_back() {
    let campus = Campus::mariadb().await;
    let maria = campus.maria.as_ref().expect("this campus has one");
    campus.migrated().await;
    maria.kill();
    let sql = campus.open().await;
    assert_eq!(sql.write(note("a", 1)).await.expect_err("it is away").kind, Kind::Unavailable);
    assert_eq!(sql.ping().await.expect_err("it is away").kind, Kind::Unavailable);
    maria.restart().await;
    sql.write(note("b", 1)).await.expect("it is back");
    maria.restart().await;
    // The pool's connections are dead: it may notice once for each.
    let mut turns = 0;
    while sql.write(note("c", 1)).await.is_err() {
        turns += 1;
        assert!(turns <= 4, "a pool gets rid of dead connections");
    }
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM note").await, 2);
}

#[tokio::test]
async fn nobody_waits_for_ever_for_one_that_is_stopped() {
    let campus = Campus::mariadb().await;
    let maria = campus.maria.as_ref().expect("this campus has one");
    let sql = campus.migrated().await;
    sql.write(note("before", 1)).await.expect("writes");
    maria.pause();
    // Without a limit of ours this would not end: a stopped server closes nothing.
    let writing = tokio::time::timeout(std::time::Duration::from_secs(60), sql.write(note("meanwhile", 1)));
    assert_eq!(writing.await.expect("is told").expect_err("it answers nothing").kind, Kind::Unavailable);
    maria.resume();
    let mut turns = 0;
    while sql.write(note("after", 1)).await.is_err() {
        turns += 1;
        assert!(turns <= 4, "a pool gets rid of connections that hung");
    }
    assert_eq!(number(sql.reader(), "SELECT COUNT(*) FROM note WHERE name <> 'meanwhile'").await, 2);
}

#[tokio::test]
async fn every_connection_is_set_up() {
    let campus = Campus::mariadb().await;
    let sql = campus.migrated().await;
    let all = Arc::new(Barrier::new(4));
    let looks = (0..4).map(|_| {
        let (sql, all) = (sql.clone(), Arc::clone(&all));
        async move {
            sql.write::<_, StoreError, _>(move |transaction| {
                let all = Arc::clone(&all);
                async move {
                    // Four at once, so each has a connection of its own.
                    all.wait().await;
                    let wait = number(transaction, "SELECT CAST(@@innodb_lock_wait_timeout AS SIGNED)").await;
                    let isolation = number(transaction, "SELECT @@tx_isolation = 'READ-COMMITTED'").await;
                    Ok((wait, isolation))
                }
                .boxed()
            })
            .await
        }
    });
    for look in futures::future::join_all(looks).await {
        assert_eq!(look.expect("looks"), (5, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlocks_are_repeated_until_they_pass() {
    let campus = Campus::mariadb().await;
    let sql = campus.migrated().await;
    sql.write(note("a", 0)).await.expect("writes");
    sql.write(note("b", 0)).await.expect("writes");
    let deadlocks = || {
        let maria = campus.maria.as_ref().expect("this campus has one");
        let line = maria.execute("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'");
        line.split_whitespace().last().and_then(|count| count.parse::<u64>().ok()).expect("a count")
    };
    // Two rows, taken in both orders.
    let writes = (0..200).map(|turn| {
        let sql = sql.clone();
        tokio::spawn(async move {
            let order = if turn % 2 == 0 { ["a", "b"] } else { ["b", "a"] };
            sql.write::<(), StoreError, _>(move |transaction| {
                async move {
                    for name in order {
                        run(transaction, "UPDATE note SET value = value + 1 WHERE name = ?", vec![name.into()]).await?;
                        tokio::task::yield_now().await;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await
        })
    });
    for write in futures::future::join_all(writes).await {
        write.expect("no panic").expect("passes in the end");
    }
    assert_eq!(number(sql.reader(), "SELECT value FROM note WHERE name = 'a'").await, 200);
    assert_eq!(number(sql.reader(), "SELECT value FROM note WHERE name = 'b'").await, 200);
    assert!(deadlocks() > 0, "there were some");
}
