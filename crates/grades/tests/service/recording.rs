//! Group commit: what it keeps, and what it never loses.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use grades::model::{Outcome, Record, RepeatKey, Route, Stored, Submission};
use grades::{Failure, Ingest};
use kernel::error::Kind;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use store::{DbContext, StoreError, outbox};
use tokio::sync::mpsc;

use crate::campus::{Campus, keyed, record, submission};

fn outcomes(stored: &[Stored]) -> BTreeMap<&'static str, usize> {
    let mut counted = BTreeMap::new();
    for stored in stored {
        let word = match stored.outcome {
            Outcome::Created => "created",
            Outcome::Replayed => "replayed",
            Outcome::Corrected => "corrected",
        };
        *counted.entry(word).or_insert(0) += 1;
    }
    counted
}

pub(crate) async fn what_comes_at_once_is_kept_once(campus: &Campus) {
    let replicas = [campus.replica("grades-grpc-server-1").await, campus.replica("grades-redis-1").await];
    // Each of 200 grades comes to both routes, and twice to one of them.
    let sent = (1..=200).flat_map(|carnet| [0, 1, usize::try_from(carnet % 2).expect("small")].map(|to| (carnet, to)));
    let answers = join_all(sent.map(|(carnet, to)| replicas[to].record(record(carnet, "SO1", carnet % 101)))).await;
    let stored: Vec<Stored> = answers.into_iter().map(|answer| answer.expect("is kept")).collect();
    assert_eq!(outcomes(&stored), BTreeMap::from([("created", 200), ("replayed", 400)]));
    assert_eq!(stored.iter().map(|stored| stored.id).collect::<BTreeSet<_>>().len(), 200, "a grade has one id");
    campus.assert_consistent().await;
    let routes = grades::figures::by_route(&campus.sql).await.expect("reads");
    assert_eq!(routes.values().sum::<i64>(), 200);
    let totals = grades::figures::totals(&campus.sql).await.expect("reads");
    assert_eq!((totals.count, totals.classes.into_values().collect::<Vec<_>>()), (200, vec![200]));
}

pub(crate) async fn another_grade_is_a_correction_and_another_name_is_none(campus: &Campus) {
    let first = campus.replica("grades-redis-1").await;
    let second = campus.replica("grades-grpc-server-1").await;
    let made = first.record(record(7, "SO1", 50)).await.expect("is kept");
    assert_eq!((made.outcome, made.route, made.repeated), (Outcome::Created, Route::Redis, false));
    let renamed = Record { nombre: "  Ana María ".to_owned(), ..record(7, "SO1", 50) };
    let replayed = second.record(renamed).await.expect("is kept");
    assert_eq!((replayed.id, replayed.outcome), (made.id, Outcome::Replayed), "a name is no correction");
    let corrected = second.record(record(7, "SO1", 90)).await.expect("is kept");
    assert_eq!((corrected.id, corrected.outcome), (made.id, Outcome::Corrected));
    first.record(record(7, "BD1", 70)).await.expect("is kept");
    let newest = grades::figures::newest(&campus.sql).await.expect("reads");
    let seen: BTreeSet<(&str, i64, &str)> =
        newest.iter().map(|record| (&*record.curso, record.nota, &*record.nombre)).collect();
    assert_eq!(seen, BTreeSet::from([("SO1", 90, "Alumno 7"), ("BD1", 70, "Alumno 7")]), "the last name counts");
    assert_eq!(campus.numbers("SELECT nota FROM grades_history").await, [[50]]);
    campus.assert_consistent().await;
    let routes = grades::figures::by_route(&campus.sql).await.expect("reads");
    assert_eq!(routes[&Route::Redis], 2, "a correction is of the route that made the grade");
}

pub(crate) async fn writers_of_the_same_students_lose_nothing(campus: &Campus) {
    let mut replicas = Vec::new();
    for name in ["grades-redis-1", "grades-redis-2", "grades-grpc-server-1", "grades-grpc-server-2"] {
        replicas.push(campus.replica(name).await);
    }
    // Five students, two courses: every batch meets the others' students, old and new ones.
    let sent = (0..400_i64).map(|turn| {
        let replica = &replicas[usize::try_from(turn % 4).expect("small")];
        let curso = if turn % 3 == 0 { "SO1" } else { "BD1" };
        replica.record(record(1 + turn % 5, curso, turn * 7 % 101))
    });
    let stored: Vec<Stored> = join_all(sent).await.into_iter().map(|answer| answer.expect("is kept")).collect();
    campus.assert_consistent().await;
    let counted = outcomes(&stored);
    assert_eq!(counted["created"], 10, "one for each student and course");
    let corrections = i64::try_from(counted["corrected"]).expect("few");
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_history").await, [[corrections]]);
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records").await, [[10]]);
}

pub(crate) async fn a_key_gets_its_first_answer_on_any_replica(campus: &Campus) {
    let first = campus.replica("grades-redis-1").await;
    let second = campus.replica("grades-grpc-server-1").await;
    let made = first.door.record(keyed(record(1, "SO1", 50), "k1", 1)).await.expect("is kept");
    first.record(record(1, "SO1", 90)).await.expect("is kept");
    let again = second.door.record(keyed(record(1, "SO1", 50), "k1", 1)).await.expect("is answered");
    assert_eq!(again, Stored { repeated: true, ..made }, "the first answer, with the first route");
    assert_eq!(campus.numbers("SELECT nota FROM grades_records").await, [[90]], "and nothing is done again");
    let other = second.door.record(keyed(record(1, "SO1", 70), "k1", 2)).await;
    assert!(matches!(other, Err(Failure::KeyReused)), "{other:?}");
    // At once: one of them is first, the others repeat it; a different body under the key fails alone.
    let same = (0..20).map(|_| first.door.record(keyed(record(2, "SO1", 50), "k2", 1)));
    let (same, neighbour) = tokio::join!(join_all(same), first.record(record(3, "SO1", 50)));
    let stored: Vec<Stored> = same.into_iter().map(|answer| answer.expect("is answered")).collect();
    assert_eq!(stored.iter().filter(|stored| !stored.repeated).count(), 1, "{stored:?}");
    let same = |other: &Stored| other.outcome == Outcome::Created && other.id == stored[0].id;
    assert!(stored.iter().all(same), "{stored:?}");
    assert_eq!(neighbour.expect("is kept").outcome, Outcome::Created);
    campus.assert_consistent().await;
}

pub(crate) async fn many_keys_at_once_get_their_own_answers(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let ask = |carnet: i64, digest| {
        let scope = if carnet % 2 == 0 { "ana POST /grades" } else { "eva POST /grades" };
        // The same key in both scopes.
        let key = RepeatKey { scope: scope.to_owned(), key: format!("k{}", carnet / 2), digest: [digest; 32] };
        let submission = Submission { key: Some(key), ..submission(record(carnet, "SO1", 80)) };
        replica.door.record(submission)
    };
    let first: Vec<Stored> =
        join_all((1..=100).map(|carnet| ask(carnet, 1))).await.into_iter().map(|one| one.expect("is kept")).collect();
    assert_eq!(outcomes(&first), BTreeMap::from([("created", 100)]));
    let digest = |carnet: i64| if carnet % 3 == 0 { 2 } else { 1 };
    let second = join_all((1..=150).map(|carnet| ask(carnet, digest(carnet)))).await;
    for (carnet, answer) in (1_i64..).zip(second) {
        let before = usize::try_from(carnet - 1).ok().and_then(|place| first.get(place));
        match (before, answer) {
            (Some(_), Err(Failure::KeyReused)) => assert_eq!(digest(carnet), 2, "{carnet}"),
            (Some(before), Ok(answer)) => {
                assert_eq!((digest(carnet), answer), (1, Stored { repeated: true, ..*before }))
            }
            (None, Ok(Stored { repeated: false, outcome: Outcome::Created, .. })) => {}
            (_, answer) => panic!("{carnet}: {answer:?}"),
        }
    }
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_idempotency").await, [[150]]);
    campus.assert_consistent().await;
}

pub(crate) async fn one_record_that_cannot_be_kept_harms_nobody_else(campus: &Campus) {
    let trigger = match campus.sql.backend() {
        sea_orm::DbBackend::Sqlite => {
            "CREATE TRIGGER poison BEFORE INSERT ON grades_records WHEN NEW.carnet = 13 BEGIN SELECT RAISE(ABORT, 'poison'); \
             END"
        }
        _ => {
            "CREATE TRIGGER poison BEFORE INSERT ON grades_records FOR EACH ROW IF NEW.carnet = 13 THEN SIGNAL SQLSTATE \
             '45000'; END IF"
        }
    };
    campus.run(trigger).await;
    let replica = campus.replica("grades-redis-1").await;
    let answers = join_all((1..=40).map(|carnet| replica.record(record(carnet, "SO1", 80)))).await;
    for (carnet, answer) in (1..).zip(answers) {
        match answer {
            Err(Failure::Store(error)) => assert_eq!((carnet, error.kind), (13, Kind::Internal)),
            other => assert!(carnet != 13 && other.is_ok(), "{carnet}: {other:?}"),
        }
    }
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records").await, [[39]]);
    campus.assert_consistent().await;
}

pub(crate) async fn a_full_queue_is_refused_at_once(campus: &Campus) {
    let replica = campus.replica_with("grades-redis-1", 4).await;
    let (begun, mut is_held) = mpsc::unbounded_channel::<()>();
    let (release, released) = tokio::sync::watch::channel(false);
    let sql = campus.sql.clone();
    // Another writer is at the same student and takes its time.
    let held = tokio::spawn(async move {
        let kept: Result<(), StoreError> = sql
            .write(move |transaction| {
                let (begun, mut released) = (begun.clone(), released.clone());
                async move {
                    let insert = "INSERT INTO grades_students (carnet, nombre, records, points, standing, ranked_at) VALUES \
                                  (1, 'x', 0, 0, 0, 0)";
                    transaction.execute_unprepared(insert).await.context("test")?;
                    begun.send(()).expect("the test waits");
                    drop(released.wait_for(|released| *released).await);
                    Err(StoreError::bare(Kind::Invalid, "undone"))
                }
                .boxed()
            })
            .await;
        kept.expect_err("is undone");
    });
    is_held.recv().await.expect("the other writes");
    let mut asking: FuturesUnordered<_> = (0..64).map(|_| replica.record(record(1, "SO1", 80))).collect();
    // Whoever is taken waits for the other writer, so the first to be answered is one who was not.
    let first = asking.next().await.expect("answers");
    assert!(matches!(first, Err(Failure::Busy)), "{first:?}");
    release.send_replace(true);
    held.await.expect("ends");
    let mut kept = 0;
    while let Some(answer) = asking.next().await {
        match answer {
            Ok(_) => kept += 1,
            Err(Failure::Busy) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(kept >= 4, "those who waited were served: {kept}");
    campus.assert_consistent().await;
}

pub(crate) async fn what_was_taken_is_written_before_the_end(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let asking: Vec<_> = (1..=50)
        .map(|carnet| {
            let door = replica.door.clone();
            tokio::spawn(async move { door.record(submission(record(carnet, "SO1", 80))).await })
        })
        .collect();
    replica.lifecycle.stop();
    drop(replica);
    for asked in asking {
        asked.await.expect("runs").expect("the end waits for those who were there");
    }
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records").await, [[50]]);
}

pub(crate) async fn each_commit_leaves_one_message(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    join_all((1..=100).map(|carnet| replica.record(record(carnet, "SO1", 80)))).await;
    let messages = outbox::take(&campus.sql, 1_000).await.expect("reads");
    assert!(!messages.is_empty() && messages.len() < 100, "{} messages for 100 records at once", messages.len());
    let told: Vec<Value> =
        messages.iter().map(|message| serde_json::from_str(&message.payload).expect("JSON")).collect();
    assert_eq!(told.iter().map(|told| told["created"].as_u64().expect("a number")).sum::<u64>(), 100);
    replica.record(record(1, "SO1", 80)).await.expect("is kept");
    let after = outbox::take(&campus.sql, 1_000).await.expect("reads");
    assert_eq!(after.len(), messages.len(), "a replay is no news");
}
