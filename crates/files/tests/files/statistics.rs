//! What was counted when transfers ended is what the audit trail adds up to.

use std::sync::Arc;
use std::time::Duration;

use api::auth::UserRole;
use http::Method;
use kernel::clock::{Clock, ManualClock, SystemClock};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use crate::audit::entries;
use crate::support::*;

/// A number that SQL finds, straight from the trail.
async fn sum(replica: &Replica, what: &str, condition: &str) -> u64 {
    let cast = if replica.sql.backend() == sea_orm::DbBackend::Sqlite { "INTEGER" } else { "SIGNED" };
    let sql = format!(
        "SELECT CAST(COALESCE({what}, 0) AS {cast}) AS found FROM files_audit WHERE outcome IN ('done', 'abandoned') AND \
         {condition}"
    );
    let connection = replica.sql.reader();
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
    let found: i64 = row.expect("reads").expect("a row").try_get("", "found").expect("a number");
    u64::try_from(found).expect("no less than none")
}

async fn statistics(replica: &Replica, user: &User, query: &str) -> Value {
    get(replica, Some(user), &format!("/api/v1/statistics?{query}"), &[]).await.expect(200).json()
}

pub(crate) async fn equal_what_the_trail_adds_up_to(campus: Campus) {
    let clock = Arc::new(ManualClock::at_micros(SystemClock.now().as_micros()));
    let one = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let two = campus.replica_at("files-2", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let staff = campus.user("luz", UserRole::Staff);
    let mut downloads = 0;
    for day in 0..3_usize {
        for number in 0..4_usize {
            let replica = if number % 2 == 0 { &one } else { &two };
            let user = if number < 2 { &ana } else { &eva };
            let name = format!("name=f{day}{number}&visibility=campus");
            let file = put(replica, user, &name, vec![7_u8; 100 * (number + 1)]).await;
            let path = format!("/api/v1/files/{}/content", file["id"].as_str().expect("an id"));
            for _ in 0..=number {
                get(replica, Some(&eva), &path, &[]).await.expect(200);
                downloads += 1;
            }
        }
        let path = create(&one, &ana, 1_000, "").await;
        patch(&one, &ana, &path, 0, vec![1_u8; 300]).await.expect(204);
        execute(&one, "UPDATE files_upload SET writer = 'files-9:gone:0' WHERE state = 'open'").await;
        if day == 0 {
            patch(&two, &ana, &path, 300, vec![1_u8; 700]).await.expect(204);
        } else {
            assert_eq!(offset(&two, &ana, &path).await, 300);
            call(&two, Some(&ana), Method::DELETE, &path, &[TUS], "").await.expect(204);
        }
        until("downloads are written down", async || {
            entries(&one, &eva, "direction=download&outcome=done&limit=500").await.len() == downloads
        })
        .await;
        clock.advance(Duration::from_secs(25 * 3600));
    }
    // One that nobody goes on with.
    let file = put(&one, &ana, "name=half&visibility=campus", vec![7_u8; 1_000]).await;
    let path = format!("/api/v1/files/{}/content", file["id"].as_str().expect("an id"));
    get(&one, Some(&eva), &path, &[("range", "bytes=0-99")]).await.expect(206);
    until("it is written down", async || entries(&one, &eva, "outcome=open").await.len() == 1).await;
    one.jobs.pass().await;
    assert_eq!(entries(&one, &eva, "outcome=open").await.len(), 1, "a day has not passed");
    clock.advance(Duration::from_secs(25 * 3600));
    one.jobs.pass().await;
    assert_eq!(entries(&one, &eva, "outcome=abandoned").await.len(), 1);

    for (query, user, whose) in [
        ("days=30", &staff, "1 = 1".to_owned()),
        ("days=30&mine=true", &ana, format!("user_id = '{}'", ana.id)),
        ("days=30&mine=true", &eva, format!("user_id = '{}'", eva.id)),
    ] {
        let seen = statistics(&two, user, query).await;
        let of = async |what: &str, condition: &str| sum(&one, what, &format!("{whose} AND {condition}")).await;
        let transfers = of("COUNT(*)", "1 = 1").await;
        assert_eq!(seen["transfers"], transfers, "{seen}");
        assert_eq!(seen["volume"]["uploaded"], of("SUM(transferred)", "direction = 'upload'").await, "{seen}");
        assert_eq!(seen["volume"]["downloaded"], of("SUM(transferred)", "direction = 'download'").await, "{seen}");
        let recovery = &seen["recovered_after_interruption"];
        assert_eq!(recovery["interrupted"], of("COUNT(*)", "interruptions > 0").await, "{seen}");
        assert_eq!(recovery["recovered"], of("COUNT(*)", "interruptions > 0 AND outcome = 'done'").await, "{seen}");
        let rate = of("COUNT(*)", "outcome = 'done'").await as f64 / transfers as f64;
        assert!((seen["success_rate"].as_f64().expect("a rate") - rate).abs() < 1e-9, "{seen}");
        let days = seen["by_day"].as_array().expect("days");
        assert_eq!(days.len(), 30);
        let total = |field: &str| days.iter().map(|day| day[field].as_u64().expect("a number")).sum::<u64>();
        assert_eq!(
            (total("transfers"), total("uploaded")),
            (transfers, seen["volume"]["uploaded"].as_u64().expect("one"))
        );
        assert!(days.iter().filter(|day| day["transfers"] != 0).count() >= 3 || user.id == ana.id, "{seen}");
        let hours = seen["by_hour_of_day"].as_array().expect("hours");
        assert_eq!((hours.len(), hours.iter().filter_map(Value::as_u64).sum::<u64>()), (24, transfers));
    }
    let seen = statistics(&one, &staff, "days=30").await;
    assert_eq!(seen["recovered_after_interruption"], serde_json::json!({"interrupted": 3, "recovered": 1}));
    let top: Vec<u64> =
        seen["top"].as_array().expect("files").iter().filter_map(|file| file["downloads"].as_u64()).collect();
    assert_eq!(top, [4, 4, 4, 3, 3, 3, 2, 2, 2, 1]);
    assert_eq!(seen["top"][0]["bytes"], 1_600);
    let popular = get(&one, Some(&eva), "/api/v1/files?sort=-downloads&limit=3", &[]).await.expect(200).json();
    assert!(popular["items"].as_array().expect("files").iter().all(|file| file["downloads"] == 4), "{popular}");
    assert_eq!(statistics(&one, &staff, "days=1").await["transfers"], 1, "only what ended today");

    get(&one, Some(&ana), "/api/v1/statistics", &[]).await.expect(403);
    get(&one, None, "/api/v1/statistics", &[]).await.expect(401);
    for bad in ["days=0", "days=367", "days=-1", "days=x"] {
        let refused = get(&one, Some(&staff), &format!("/api/v1/statistics?{bad}"), &[]).await.expect(422).json();
        assert_eq!(refused["errors"][0]["field"], "/days", "{refused}");
    }
}

pub(crate) async fn replicas_count_the_same_rows(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let staff = campus.user("luz", UserRole::Staff);
    let all = (0..60_usize).map(|number| {
        let replica = if number % 2 == 0 { &one } else { &two };
        let ana = &ana;
        async move { put(replica, ana, &format!("name=f{number}"), vec![1_u8; number + 1]).await }
    });
    futures::future::join_all(all).await;
    let seen = statistics(&one, &staff, "").await;
    assert_eq!((&seen["transfers"], &seen["volume"]["uploaded"]), (&60.into(), &1_830.into()));
}
