//! Idempotency, outbox and jobs.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use kernel::clock::{ManualClock, Timestamp};
use kernel::error::Kind;
use kernel::id::IdSource;
use store::idempotency::{self, Answer, Seen};
use store::{Sql, StoreError, jobs, outbox};

use crate::campus::{Campus, note, number, run};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// Counts its effects in the note `effects`, and answers with their number.
async fn request(sql: &Sql, key: &'static str, digest: [u8; 32], now: Timestamp) -> Result<(Seen, String), StoreError> {
    sql.write(move |transaction| {
        async move {
            let seen = idempotency::find(transaction, "admin POST /files", key, &digest).await?;
            if let Seen::New = seen {
                run(transaction, "UPDATE note SET value = value + 1 WHERE name = 'effects'", vec![]).await?;
                let body = format!("ñ {key}");
                let answer = Answer { status: 201, body: &body };
                idempotency::remember(transaction, "admin POST /files", key, &digest, answer, now).await?;
            }
            Ok((seen, key.to_owned()))
        }
        .boxed()
    })
    .await
}

pub(crate) async fn a_repeat_gets_the_first_answer(campus: &Campus) {
    let sql = campus.migrated().await;
    sql.write(note("effects", 0)).await.expect("writes");
    assert_eq!(request(&sql, "k", [1; 32], NOW).await.expect("asks").0, Seen::New);
    let replay = Seen::Replay { status: 201, body: "ñ k".to_owned() };
    assert_eq!(request(&sql, "k", [1; 32], NOW).await.expect("asks").0, replay);
    assert_eq!(request(&sql, "k", [2; 32], NOW).await.expect("asks").0, Seen::OtherBody);
    assert_eq!(request(&sql, "K", [1; 32], NOW).await.expect("asks").0, Seen::New, "keys differ by case");
    let padded = request(&sql, "k ", [1; 32], NOW).await.expect("asks").0;
    assert!(matches!(padded, Seen::Replay { .. }), "spaces at the end count nowhere, as MySQL has it");
    assert_eq!(number(sql.reader(), "SELECT value FROM note WHERE name = 'effects'").await, 2);
    let long: &'static str = Box::leak("x".repeat(256).into_boxed_str());
    assert_eq!(request(&sql, long, [1; 32], NOW).await.expect_err("too long").kind, Kind::Invalid);
}

pub(crate) async fn one_of_many_equal_requests_takes_effect(campus: &Campus) {
    let handles = [campus.migrated().await, campus.open().await];
    handles[0].write(note("effects", 0)).await.expect("writes");
    let requests = (0..20).map(|turn: usize| {
        let sql = handles[turn % 2].clone();
        tokio::spawn(async move { request(&sql, "same", [1; 32], NOW).await })
    });
    let mut new = 0;
    for outcome in join_all(requests).await {
        match outcome.expect("no panic").expect("an answer").0 {
            Seen::New => new += 1,
            Seen::Replay { status, .. } => assert_eq!(status, 201),
            Seen::OtherBody => panic!("the body is the same"),
        }
    }
    assert_eq!(new, 1);
    assert_eq!(number(handles[0].reader(), "SELECT value FROM note WHERE name = 'effects'").await, 1);
}

pub(crate) async fn old_answers_are_swept(campus: &Campus) {
    let sql = campus.migrated().await;
    sql.write(note("effects", 0)).await.expect("writes");
    request(&sql, "old", [1; 32], NOW).await.expect("asks");
    let later = NOW.plus(idempotency::KEPT);
    request(&sql, "young", [1; 32], later).await.expect("asks");
    assert_eq!(idempotency::sweep(&sql, later).await.expect("sweeps"), 0, "24 hours are not over");
    let over = later.plus(Duration::from_micros(1));
    assert_eq!(idempotency::sweep(&sql, over).await.expect("sweeps"), 1);
    assert_eq!(request(&sql, "old", [2; 32], over).await.expect("asks").0, Seen::New);
    assert!(matches!(request(&sql, "young", [1; 32], over).await.expect("asks").0, Seen::Replay { .. }));
}

pub(crate) async fn messages_leave_only_with_their_transaction(campus: &Campus) {
    let sql = campus.migrated().await;
    let ids = IdSource::seeded(Arc::new(ManualClock::at_micros(NOW.as_micros())), 7);
    let all: Vec<_> = (0..5).map(|_| ids.next()).collect();
    for (turn, &id) in all.iter().enumerate() {
        let pushed: Result<(), StoreError> = sql
            .write(move |transaction| {
                async move {
                    let now = NOW.plus(Duration::from_secs(turn as u64));
                    outbox::push(transaction, "files.done", &format!("{{\"n\":{turn}}}"), id, now).await?;
                    if turn == 2 { Err(StoreError::bare(Kind::Invalid, "planned")) } else { Ok(()) }
                }
                .boxed()
            })
            .await;
        assert_eq!(pushed.is_err(), turn == 2);
    }
    let first = outbox::take(&sql, 2).await.expect("takes");
    assert_eq!(first.iter().map(|message| message.id).collect::<Vec<_>>(), all[..2]);
    assert_eq!((first[1].topic.as_str(), first[1].payload.as_str()), ("files.done", "{\"n\":1}"));
    assert_eq!(outbox::take(&sql, 2).await.expect("takes"), first, "they stay until they are done");
    outbox::done(&sql, &[all[0], all[1]]).await.expect("done");
    outbox::done(&sql, &[]).await.expect("nothing to do");
    let rest = outbox::take(&sql, 50).await.expect("takes");
    assert_eq!(rest.iter().map(|message| message.id).collect::<Vec<_>>(), all[3..]);
}

async fn enqueue(sql: &Sql, key: &'static str, run_at: Timestamp) -> bool {
    sql.write(move |transaction| async move { jobs::enqueue(transaction, "mail", key, "{}", run_at).await }.boxed())
        .await
        .expect("enqueues")
}

async fn done(sql: &Sql, job: &jobs::Job) -> Result<(), StoreError> {
    let job = job.clone();
    sql.write(move |transaction| {
        let job = job.clone();
        async move { jobs::done(transaction, &job).await }.boxed()
    })
    .await
}

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) async fn a_job_is_done_once(campus: &Campus) {
    let handles = [campus.migrated().await, campus.open().await];
    let sql = &handles[0];
    assert!(enqueue(sql, "first", NOW).await);
    assert!(!enqueue(sql, "first", NOW).await, "there is one already");
    assert!(enqueue(sql, "second", NOW.plus(MINUTE)).await);
    assert_eq!(jobs::claim(sql, "other", "w", MINUTE, NOW).await.expect("asks"), None);

    // Ten workers, one due job.
    let claims = (0..10).map(|turn: usize| {
        let sql = handles[turn % 2].clone();
        tokio::spawn(async move { jobs::claim(&sql, "mail", &format!("w{turn}"), MINUTE, NOW).await })
    });
    let won: Vec<_> =
        join_all(claims).await.into_iter().filter_map(|claim| claim.expect("no panic").expect("asks")).collect();
    assert_eq!(won.len(), 1);
    assert_eq!((won[0].key.as_str(), won[0].attempts), ("first", 1));
    done(sql, &won[0]).await.expect("done");
    assert_eq!(done(sql, &won[0]).await.expect_err("it is gone").kind, Kind::Conflict);
    assert_eq!(jobs::claim(sql, "mail", "w", MINUTE, NOW).await.expect("asks"), None);
    let second = jobs::claim(sql, "mail", "w", MINUTE, NOW.plus(MINUTE)).await.expect("asks").expect("is due");
    assert_eq!(second.key, "second");
}

pub(crate) async fn an_overtaken_worker_cannot_end_its_job(campus: &Campus) {
    let sql = campus.migrated().await;
    assert!(enqueue(&sql, "one", NOW).await);
    let slow = jobs::claim(&sql, "mail", "slow", MINUTE, NOW).await.expect("asks").expect("is due");
    assert_eq!(jobs::claim(&sql, "mail", "quick", MINUTE, NOW).await.expect("asks"), None, "it is held");
    let quick =
        jobs::claim(&sql, "mail", "quick", MINUTE, NOW.plus(MINUTE)).await.expect("asks").expect("its time is over");
    assert_eq!(quick.attempts, 2);
    assert_eq!(done(&sql, &slow).await.expect_err("overtaken").kind, Kind::Conflict);
    let later = NOW.plus(10 * MINUTE);
    let failed = quick.clone();
    sql.write(move |transaction| {
        let job = failed.clone();
        async move { jobs::fail_until(transaction, &job, later, "no route").await }.boxed()
    })
    .await
    .expect("puts it back");
    assert_eq!(jobs::claim(&sql, "mail", "w", MINUTE, NOW.plus(2 * MINUTE)).await.expect("asks"), None);
    let third = jobs::claim(&sql, "mail", "w", MINUTE, later).await.expect("asks").expect("is due again");
    assert_eq!(third.attempts, 3);
    done(&sql, &third).await.expect("done");
    assert!(enqueue(&sql, "one", NOW).await, "its key is free again");
}
