//! A leader that is stopped while it holds the database's lock.

use std::fs::File;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};
use store::Sql;
use store::query::one;

use crate::campus::{Campus, PATIENCE, Server, proposed, solicitation};
use crate::children::{self, Leader, Life};
use crate::leading::ask_any;

fn signal(leader: &Leader, signal: Signal) {
    kill_process(Pid::from_raw(leader.pid()).expect("a pid"), signal).expect("signals");
}

/// Whether the stopped leader is inside a transaction: on SQLite it then has the file's lock, on MariaDB a transaction of
/// its connection is open.
async fn is_inside(campus: &Campus, sql: &Sql) -> bool {
    if campus.maria.is_none() {
        let lock = File::open(campus.data.sql().join("rooms.db.lock")).expect("the lock's file");
        return flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err();
    }
    let open = "SELECT t.trx_rows_locked FROM information_schema.innodb_trx t JOIN rooms_leader l ON \
                t.trx_mysql_thread_id = l.connection_id WHERE t.trx_rows_locked > 0";
    one(sql.reader(), "what is open", open, Vec::new()).await.expect("asks").is_some()
}

/// Stops the leader again and again until it stands inside a transaction.
async fn stop_inside(campus: &Campus, leader: &Leader) -> Instant {
    // One connection for all looks: a look must end before the leader's silence is noticed.
    let sql = campus.sql().await;
    let limit = Instant::now() + PATIENCE;
    loop {
        let begun = Instant::now();
        signal(leader, Signal::STOP);
        if is_inside(campus, &sql).await {
            return begun;
        }
        signal(leader, Signal::CONT);
        assert!(Instant::now() < limit, "it is never inside a transaction");
        // Not in step with what it does; MariaDB looks again at what is open if nobody has asked for 100 ms.
        tokio::time::sleep(Duration::from_millis(107)).await;
    }
}

async fn follower(campus: &Campus) -> Server {
    let here = campus.server("rooms-server-2").await;
    here.follows().await;
    here
}

pub(crate) async fn a_leader_stopped_inside_a_transaction_is_ended_and_followed(campus: &Campus) {
    let mut leader = children::spawn(campus, Life::Busy).await;
    let here = follower(campus).await;
    let begun = stop_inside(campus, &leader).await;
    proposed(ask_any(&[&here], &solicitation("r1", 1, 0)).await);
    println!("SIGSTOP inside a transaction: first answer after {} ms", begun.elapsed().as_millis());
    let status = tokio::time::timeout(PATIENCE, leader.child.wait()).await.expect("it was ended").expect("waits");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "it held a lock");
}

/// Its process cannot be ended from here, so its connection is: the lock goes with it, and what was half done.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_of_another_machine_loses_its_connection_and_steps_down() {
    let campus = Campus::mariadb().await;
    let mut leader = children::spawn(&campus, Life::Apart).await;
    let here = follower(&campus).await;
    let begun = stop_inside(&campus, &leader).await;
    proposed(ask_any(&[&here], &solicitation("r1", 1, 0)).await);
    println!("KILL CONNECTION inside a transaction: first answer after {} ms", begun.elapsed().as_millis());
    assert!(leader.child.try_wait().expect("asks").is_none(), "nobody could end it");
    let epoch = here.leads().await;
    signal(&leader, Signal::CONT);
    leader.says("FOLLOWS").await;
    assert_eq!(here.leads().await, epoch, "it did not take the lead back");
    proposed(ask_any(&[&here], &solicitation("r2", 1, 0)).await);
}
