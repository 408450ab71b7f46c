//! `GET /api/v1/grades/stats/…`

use api::auth::UserRole;
use grades::model::{Record, Semester};
use serde_json::json;

use crate::campus::{Campus, Who, as_json, record, who};

pub(crate) async fn statistics_are_those_of_the_grades(campus: &Campus) {
    let replicas = [campus.replica("grades-redis-1").await, campus.replica("grades-grpc-server-1").await];
    let admin = campus.admin();
    let empty = replicas[0].get("/stats/passing", &admin).await;
    assert_eq!((empty.status, &empty.body), (200, &json!({"passed": 0, "failed": 0})));
    assert_eq!(replicas[0].get("/stats/top-students", &admin).await.body, json!([]));
    assert_eq!(replicas[0].get("/stats/top-courses", &admin).await.body, json!([]));
    for carnet in 1..=8_i64 {
        let replica = &replicas[usize::try_from(carnet % 2).expect("small")];
        replica.record(record(carnet, "SO1", 53 + carnet)).await.expect("is kept");
        if carnet <= 6 {
            replica.record(record(carnet, "BD1", 100)).await.expect("is kept");
        }
        if carnet <= 4 {
            replica.record(record(carnet, "LFP", 70)).await.expect("is kept");
            replica.record(Record { semestre: Semester::First, ..record(carnet, "SA", 70) }).await.expect("is kept");
        }
    }
    let reader = &replicas[1];
    let stats = async |path: &str| reader.get(&format!("/stats/{path}"), &admin).await.body;
    assert_eq!(stats("passing?curso=SO1&semestre=2S&year=2023").await, json!({"passed": 1, "failed": 7}), "61 passes");
    assert_eq!(stats("passing").await, json!({"passed": 15, "failed": 7}));
    assert_eq!(stats("passing?year=1999").await, json!({"passed": 0, "failed": 0}));
    let courses = json!([
        {"curso": "SO1", "students": 8}, {"curso": "BD1", "students": 6}, {"curso": "LFP", "students": 4}]);
    assert_eq!(stats("top-courses?semestre=2S&year=2023").await, courses);
    assert_eq!(stats("top-courses?semestre=1S&year=2023").await, json!([{"curso": "SA", "students": 4}]));
    let best = stats("top-students").await;
    let order: Vec<i64> =
        best.as_array().expect("a list").iter().map(|one| one["carnet"].as_i64().expect("a number")).collect();
    // (58 + 100) / 2 and (59 + 100) / 2, then (57 + 100 + 70 + 70) / 4 and below.
    assert_eq!(order, [6, 5, 4, 3, 2], "{best}");
    assert_eq!(best[0], json!({"carnet": 6, "nombre": "Alumno 6", "average": 79.5}));
    // A correction moves every figure.
    replicas[0].record(record(8, "SO1", 10)).await.expect("is kept");
    replicas[0].record(record(7, "SO1", 100)).await.expect("is kept");
    assert_eq!(stats("passing?curso=SO1").await, json!({"passed": 1, "failed": 7}));
    assert_eq!(stats("top-students").await[0], json!({"carnet": 7, "nombre": "Alumno 7", "average": 100.0}));
    // Equal ones: whoever was there first, whatever the numbers.
    for carnet in [20, 10] {
        assert_eq!(replicas[0].post(&admin, &as_json(&record(carnet, "SO1", 100))).await.status, 201);
    }
    let best = stats("top-students").await;
    assert_eq!([&best[0]["carnet"], &best[1]["carnet"], &best[2]["carnet"]], [7, 20, 10], "{best}");
    campus.assert_consistent().await;
    for path in ["passing?semestre=x", "top-courses?year=x"] {
        assert_eq!(reader.get(&format!("/stats/{path}"), &admin).await.status, 422, "{path}");
    }
}

pub(crate) async fn figures_of_the_campus_are_not_for_students(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let program = |scope: &str| Who { scopes: Some(vec![scope.to_owned()]), ..who(UserRole::Professor) };
    for path in ["/stats/passing", "/stats/top-courses", "/stats/top-students"] {
        for (caller, expected) in [
            (who(UserRole::Admin), 200),
            (who(UserRole::Staff), 200),
            (who(UserRole::Professor), 200),
            (who(UserRole::Student), 403),
            (program("grades:read"), 200),
            (program("files:read"), 403),
        ] {
            assert_eq!(replica.get(path, &campus.token(&caller)).await.status, expected, "{path}");
        }
        assert_eq!(replica.get(path, "").await.status, 401, "{path}");
    }
}
