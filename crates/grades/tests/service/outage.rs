//! The README's table of what happens when things fail, executed.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use futures::future::join_all;
use grades::model::Outcome;
use kernel::error::Kind;
use serde_json::json;
use store::fault::{Fault, Op};
use testkit::mariadb::MariaDb;
use testkit::process::eventually;
use testkit::proxy::{Cut, FaultProxy};

use crate::campus::{Campus, PATIENCE, as_json, record};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_database_dead_everything_says_503_and_goes_on_when_it_is_back() {
    let server = MariaDb::start().await;
    let campus = Campus::start(&server.url("campus")).await;
    let replica = campus.replica("grades-redis-1").await;
    let admin = campus.admin();
    let made = replica.post(&admin, &as_json(&record(1, "SO1", 80))).await;
    assert_eq!(made.status, 201);
    assert!(replica.is_ready().await);
    server.kill();
    let entry = replica.post(&admin, &as_json(&record(2, "SO1", 80))).await;
    let table = replica.import(&admin, "carnet,nombre,curso,nota,semestre,year\n3,Ana,SO1,90,2S,2023\n").await;
    let list = replica.get("", &admin).await;
    let export = replica.get("/export.csv", &admin).await;
    let figures = replica.get("/stats/passing", &admin).await;
    for (what, answer) in
        [("entry", entry), ("import", table), ("list", list), ("export", export), ("figures", figures)]
    {
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{what}: {answer:?}");
        assert_eq!(answer.body["type"], "/problems/unavailable", "{what}");
        assert!(!answer.text.contains("127.0.0.1") && !answer.text.contains("mysql"), "{what}: {answer:?}");
    }
    assert!(!replica.is_ready().await);
    assert_eq!(replica.get("/courses", &admin).await.status, 200, "what needs no database is answered");
    let wrong = replica.post(&admin, &json!({})).await;
    assert_eq!(wrong.status, 422, "and what is wrong is still told");
    server.restart().await;
    eventually("grades are entered again", PATIENCE, async || {
        matches!(replica.post(&admin, &as_json(&record(2, "SO1", 80))).await.status, 200 | 201)
    })
    .await;
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records").await, [[2]]);
    campus.assert_consistent().await;
}

/// Connections end in the middle of statements and commits, whose answers are then unknown. Everything that was
/// acknowledged is there once, and nothing was counted or corrected twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_lose_nothing_and_double_nothing() {
    let server = MariaDb::start().await;
    let campus = Campus::start(&server.url("campus")).await;
    let proxy = FaultProxy::start(SocketAddr::from(([127, 0, 0, 1], server.port())), 7).await;
    let url = server.url("campus").replace(&format!(":{}/", server.port()), &format!(":{}/", proxy.address().port()));
    let replicas = [
        campus.replica_on(&url, "grades-redis-1", 10_000).await,
        campus.replica_on(&url, "grades-grpc-server-1", 10_000).await,
    ];
    proxy.change(|faults| {
        faults.cut_after = Some(3_000..60_000);
        faults.cut = Cut::Reset;
    });
    let mut created = 0;
    for round in 0..10_i64 {
        // Each grade is entered and then corrected by the same client, who repeats what was not acknowledged.
        let clients = (0..40_i64).map(|place| {
            let replica = &replicas[usize::try_from(place % 2).expect("small")];
            async move {
                let carnet = 1 + round * 40 + place;
                let mut outcomes = Vec::new();
                for nota in [50, 90] {
                    loop {
                        match replica.record(record(carnet, "SO1", nota)).await {
                            Ok(stored) => break outcomes.push(stored.outcome),
                            Err(grades::Failure::Store(error)) => {
                                assert_eq!(error.kind, Kind::Unavailable, "{error:?}")
                            }
                            Err(grades::Failure::Away(_)) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                }
                outcomes
            }
        });
        let outcomes = join_all(clients).await;
        created += outcomes.iter().filter(|outcomes| outcomes[0] == Outcome::Created).count();
    }
    assert!(proxy.accepted() > 4, "connections were cut: {} in all", proxy.accepted());
    campus.assert_consistent().await;
    assert_eq!(campus.numbers("SELECT COUNT(*), MIN(nota), MAX(nota) FROM grades_records").await, [[400, 90, 90]]);
    let once = campus.numbers("SELECT COUNT(*), COUNT(DISTINCT grade) FROM grades_history").await;
    assert_eq!(once, [[400, 400]], "each was corrected once");
    assert!(created > 0, "{created} of 400 were known to be new");
}

/// A replica is ended hard in the middle of its work, as the end of its process would.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_ends_hard_leaves_nothing_half() {
    let server = MariaDb::start().await;
    for url in ["sqlite".to_owned(), server.url("campus")] {
        let campus = Campus::start(&url).await;
        let mut acknowledged = BTreeSet::new();
        for round in 0..5_i64 {
            let replica = campus.replica("grades-redis-1").await;
            let asking: Vec<_> = (0..100_i64)
                .map(|place| {
                    let (door, carnet) = (replica.door.clone(), 1 + round * 100 + place);
                    tokio::spawn(async move {
                        let submission = crate::campus::submission(record(carnet, "SO1", 80));
                        (carnet, grades::Ingest::record(&door, submission).await)
                    })
                })
                .collect();
            let mut asking = asking.into_iter();
            // The first is kept, so that the end comes in the middle.
            let (carnet, first) = asking.next().expect("there are 100").await.expect("runs");
            first.expect("is kept");
            acknowledged.insert(carnet);
            replica.lifecycle.hard().cancel();
            for asked in asking {
                let (carnet, answer) = asked.await.expect("runs");
                if answer.is_ok() {
                    acknowledged.insert(carnet);
                }
            }
        }
        campus.assert_consistent().await;
        let there = campus.numbers("SELECT carnet FROM grades_records").await;
        let there: BTreeSet<i64> = there.into_iter().map(|row| row[0]).collect();
        assert!(acknowledged.is_subset(&there), "acknowledged and lost: {:?}", acknowledged.difference(&there));
    }
}

#[tokio::test]
async fn with_the_live_store_away_grades_are_kept_and_figures_answered() {
    let campus = Campus::start("sqlite").await;
    let replica = campus.replica("grades-redis-1").await;
    let admin = campus.admin();
    for op in [Op::Put, Op::Get, Op::List, Op::Delete, Op::Add, Op::Publish, Op::Subscribe] {
        campus.live_faults.always(op, Fault::Fail);
    }
    assert!(replica.is_ready().await);
    assert_eq!(replica.post(&admin, &as_json(&record(1, "SO1", 80))).await.status, 201);
    let list = replica.get("", &admin).await;
    assert_eq!((list.status, list.body["items"].as_array().map(Vec::len)), (200, Some(1)));
    let passing = replica.get("/stats/passing", &admin).await;
    assert_eq!((passing.status, passing.body), (200, json!({"passed": 1, "failed": 0})));
    let routes = replica.get("/stats/routes", &admin).await;
    let count_and_rate: Vec<_> =
        [0, 1].iter().map(|place: &usize| (&routes.body[*place]["count"], &routes.body[*place]["rate"])).collect();
    assert_eq!(count_and_rate, [(&json!(0), &json!(null)), (&json!(1), &json!(null))], "{routes:?}");
}
