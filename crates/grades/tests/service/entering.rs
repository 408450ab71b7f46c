//! `POST /api/v1/grades`

use api::auth::UserRole;
use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::campus::{Campus, Who, record, who};

fn grade() -> Value {
    json!({"carnet": 233_233, "nombre": "Alumno 1", "curso": "SO1", "nota": 90, "semestre": "2S", "year": 2023})
}

fn with(field: &str, value: Value) -> Value {
    let mut grade = grade();
    grade[field] = value;
    grade
}

pub(crate) async fn a_grade_is_entered_repeated_and_corrected(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let admin = campus.admin();
    let made = replica.post(&admin, &grade()).await;
    assert_eq!((made.status, made.header("x-bedel-route")), (201, "redis"), "{made:?}");
    assert_eq!(made.body, json!({"id": made.body["id"], "route": "redis"}));
    let again = replica.post(&admin, &grade()).await;
    assert_eq!((again.status, &again.body), (200, &made.body));
    let corrected = replica.post(&admin, &with("nota", json!(61))).await;
    let expected = json!({"id": made.body["id"], "route": "redis", "corrected": true});
    assert_eq!((corrected.status, &corrected.body), (200, &expected));
    // By the other route it is the same grade.
    let other = campus.replica("grades-grpc-client-1").await;
    let content = "application/json";
    let there = other.send(Method::POST, "/route1", &admin, content, Body::from(grade().to_string())).await;
    assert_eq!((there.status, there.header("x-bedel-route")), (200, "grpc"), "{there:?}");
    assert_eq!(there.body["id"], made.body["id"]);
    let here = replica.send(Method::POST, "/route2", &admin, content, Body::from(grade().to_string())).await;
    assert_eq!((here.status, here.header("x-bedel-route")), (200, "redis"), "{here:?}");
    for (replica, path) in [(&replica, "/route1"), (&other, "/route2")] {
        let wrong = replica.send(Method::POST, path, &admin, content, Body::from(grade().to_string())).await;
        assert!(wrong.status == 404 || wrong.status == 405, "{path} is not this replica's: {wrong:?}");
    }
    campus.assert_consistent().await;
}

pub(crate) async fn whatever_is_wrong_is_named_and_nothing_is_kept(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let admin = campus.admin();
    for field in ["carnet", "nombre", "curso", "nota", "semestre", "year"] {
        let mut without = grade();
        without.as_object_mut().expect("an object").remove(field);
        let refused = replica.post(&admin, &without).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![format!("/{field} missing")]), "{refused:?}");
        let wrong = if matches!(field, "nombre" | "curso" | "semestre") { json!(1) } else { json!("1") };
        let refused = replica.post(&admin, &with(field, wrong)).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![format!("/{field} type")]), "{refused:?}");
        let refused = replica.post(&admin, &with(field, Value::Null)).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![format!("/{field} type")]), "{refused:?}");
    }
    for (wrong, fault) in [
        (with("carnet", json!(0)), "/carnet range"),
        (with("carnet", json!(-5)), "/carnet range"),
        (with("carnet", json!(1.5)), "/carnet type"),
        (with("carnet", json!(1e30)), "/carnet type"),
        (with("carnet", json!(u64::MAX)), "/carnet value"),
        (with("nombre", json!("")), "/nombre length"),
        (with("nombre", json!("x".repeat(201))), "/nombre length"),
        (with("nombre", json!("a\u{0}b")), "/nombre value"),
        (with("curso", json!("XYZ")), "/curso choice"),
        (with("curso", json!("so1")), "/curso choice"),
        (with("curso", json!("SO1' OR 1=1 --")), "/curso choice"),
        (with("nota", json!(101)), "/nota range"),
        (with("nota", json!(-1)), "/nota range"),
        (with("nota", json!(90.0)), "/nota type"),
        (with("semestre", json!("3S")), "/semestre choice"),
        (with("year", json!(1899)), "/year range"),
        (with("year", json!(2201)), "/year range"),
        (with("extra", json!(1)), "/extra unknown"),
    ] {
        let refused = replica.post(&admin, &wrong).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]), "{wrong}: {refused:?}");
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
    let send = async |content: &'static str, body: &str| {
        replica.send(Method::POST, "", &admin, content, Body::from(body.to_owned())).await.status
    };
    for body in ["", "{", "nota=90", "{\"carnet\":1,}", "\u{feff}{}"] {
        assert_eq!(send("application/json", body).await, 400, "{body}");
    }
    assert_eq!(send("application/json", "[]").await, 422);
    assert_eq!(send("text/plain", &grade().to_string()).await, 415);
    let ten_megabytes = with("nombre", json!("x".repeat(10 << 20))).to_string();
    assert_eq!(send("application/json", &ten_megabytes).await, 413);
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records").await, [[0]]);
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_students").await, [[0]]);
}

pub(crate) async fn only_those_who_may_enter_grades(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let scoped = |who: Who, scope: &str| Who { scopes: Some(vec![scope.to_owned()]), ..who };
    let professor = || Who { courses: vec!["BD1".to_owned(), "SO1".to_owned()], ..who(UserRole::Professor) };
    let student = || Who { carnet: Some(233_233), ..who(UserRole::Student) };
    let cases = [
        ("an administrator", who(UserRole::Admin), 201),
        ("a professor of the course", professor(), 200),
        ("a professor of another", Who { courses: vec!["BD1".to_owned()], ..professor() }, 403),
        ("a professor of none", who(UserRole::Professor), 403),
        ("staff", who(UserRole::Staff), 403),
        ("the student", student(), 403),
        ("a program of an administrator", scoped(who(UserRole::Admin), "grades:write"), 200),
        ("a program of staff", scoped(who(UserRole::Staff), "grades:write"), 200),
        ("a program of a professor", scoped(professor(), "grades:write"), 200),
        ("a program of another professor", scoped(who(UserRole::Professor), "grades:write"), 403),
        ("a program of a student", scoped(student(), "grades:write"), 403),
        ("a program for something else", scoped(who(UserRole::Admin), "grades:read"), 403),
    ];
    for (name, who, expected) in cases {
        let answer = replica.post(&campus.token(&who), &grade()).await;
        assert_eq!(answer.status, expected, "{name}: {answer:?}");
    }
    assert_eq!(replica.post("", &grade()).await.status, 401);
    assert_eq!(replica.post("x", &grade()).await.status, 401);
    let other = Who { courses: vec!["BD1".to_owned()], ..professor() };
    let refused = replica.post(&campus.token(&other), &with("nota", json!(0))).await;
    assert_eq!((refused.status, refused.faults()), (403, vec!["/curso forbidden".to_owned()]));
    assert_eq!(campus.numbers("SELECT nota FROM grades_records").await, [[90]], "nothing of it was kept");
}

pub(crate) async fn a_repeat_under_a_key_is_the_first_answer(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let other = campus.replica("grades-grpc-client-1").await;
    let admin = who(UserRole::Admin);
    let token = campus.token(&admin);
    let headers = [("content-type", "application/json"), ("idempotency-key", "clave-1")];
    let body = || Body::from(grade().to_string());
    let made = replica.ask(Method::POST, "", &token, &headers, body()).await;
    assert_eq!((made.status, made.header("idempotency-replayed")), (201, ""), "{made:?}");
    replica.record(record(233_233, "SO1", 10)).await.expect("is kept");
    // A repeat after a time-out may come by the other route.
    let again = other.ask(Method::POST, "", &token, &headers, body()).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"), "{again:?}");
    assert_eq!((&again.body, again.header("x-bedel-route")), (&made.body, "redis"));
    assert_eq!(campus.numbers("SELECT nota FROM grades_records").await, [[10]]);
    let wrong = Body::from(with("nota", json!(1)).to_string());
    let reused = other.ask(Method::POST, "", &token, &headers, wrong).await;
    assert_eq!(reused.status, 422, "{reused:?}");
    let bad = [("content-type", "application/json"), ("idempotency-key", "")];
    assert_eq!(replica.ask(Method::POST, "", &token, &bad, body()).await.status, 400);
    // Somebody else's key of the same name is another one.
    let stranger = campus.token(&admin);
    let theirs = replica.ask(Method::POST, "", &stranger, &headers, body()).await;
    assert_eq!((theirs.status, theirs.header("idempotency-replayed")), (200, ""), "{theirs:?}");
}
