//! Lists, grades, transcripts.

use std::collections::BTreeSet;

use api::auth::UserRole;
use grades::model::{Record, Semester};
use serde_json::{Value, json};

use crate::campus::{Answer, Campus, Replica, Who, as_json, record, who};

async fn filled(campus: &Campus) -> Replica {
    let replica = campus.replica("grades-redis-1").await;
    let admin = campus.admin();
    for carnet in 1..=12 {
        for (curso, nota) in [("SO1", 50 + carnet), ("BD1", 60)] {
            assert_eq!(replica.post(&admin, &as_json(&record(carnet, curso, nota))).await.status, 201);
        }
    }
    let first = Record { semestre: Semester::First, year: 2022, ..record(1, "LFP", 100) };
    assert_eq!(replica.post(&admin, &as_json(&first)).await.status, 201);
    replica
}

fn slots(answer: &Answer) -> Vec<(i64, String)> {
    let items = answer.body["items"].as_array().unwrap_or_else(|| panic!("a list: {answer:?}"));
    let slot =
        |item: &Value| (item["carnet"].as_i64().expect("a number"), item["curso"].as_str().expect("text").to_owned());
    items.iter().map(slot).collect()
}

pub(crate) async fn lists_are_filtered_and_paged(campus: &Campus) {
    let replica = filled(campus).await;
    let admin = campus.admin();
    let newest = replica.get("?limit=2", &admin).await;
    assert_eq!(slots(&newest), [(1, "LFP".to_owned()), (12, "BD1".to_owned())], "the newest first");
    let item = &newest.body["items"][0];
    let expected = json!({
        "id": item["id"], "carnet": 1, "nombre": "Alumno 1", "curso": "LFP", "nota": 100, "semestre": "1S", "year": 2022,
        "passed": true, "route": "redis", "entered_by": "ana", "entered_at": item["entered_at"],
        "changed_at": item["entered_at"],
    });
    assert_eq!(*item, expected);
    for (query, grades) in [
        ("", 25),
        ("?curso=SO1", 12),
        ("?semestre=1S", 1),
        ("?year=2023", 24),
        ("?carnet=1", 3),
        ("?curso=BD1&semestre=2S&year=2023&carnet=3", 1),
        ("?curso=XYZ", 0),
        ("?carnet=99", 0),
    ] {
        let found = replica.get(query, &admin).await;
        assert_eq!((found.status, slots(&found).len()), (200, grades), "{query}");
    }
    // While somebody turns the pages, a grade is new and another is corrected: no page repeats or leaves out a grade.
    let mut seen = Vec::new();
    let mut page = replica.get("?limit=7&year=2023", &admin).await;
    loop {
        seen.extend(slots(&page));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        let carnet = 100 + i64::try_from(seen.len()).expect("few");
        replica.post(&admin, &as_json(&record(carnet, "SA", 70))).await;
        replica.post(&admin, &as_json(&record(5, "SO1", carnet - 100))).await;
        page = replica.get(&format!("?limit=7&year=2023&cursor={cursor}"), &admin).await;
    }
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (24, 24), "{seen:?}");
    for (query, fault) in
        [("?limit=0", "/limit range"), ("?cursor=x", "/cursor value"), ("?semestre=3S", "/semestre choice")]
    {
        let refused = replica.get(query, &admin).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]), "{query}");
    }
    for query in ["?year=dos", "?carnet=1.5", "?carnet="] {
        assert_eq!(replica.get(query, &admin).await.status, 422, "{query}");
    }
}

pub(crate) async fn a_grade_shows_its_history(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let token = |name| campus.token(&Who { username: name, ..who(UserRole::Admin) });
    let made = replica.post(&token("ana"), &as_json(&record(1, "SO1", 50))).await;
    replica.post(&token("eva"), &as_json(&record(1, "SO1", 70))).await;
    replica.post(&token("ida"), &as_json(&record(1, "SO1", 90))).await;
    let id = made.body["id"].as_str().expect("an id");
    let shown = replica.get(&format!("/{id}"), &campus.admin()).await;
    assert_eq!((shown.status, &shown.body["nota"], &shown.body["entered_by"]), (200, &json!(90), &json!("ana")));
    let history: Vec<(i64, &str)> = shown.body["history"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|former| (former["nota"].as_i64().expect("a number"), former["changed_by"].as_str().expect("text")))
        .collect();
    assert_eq!(history, [(70, "ida"), (50, "eva")], "the newest first, each with who replaced it");
    assert_eq!(shown.body["changed_at"], shown.body["history"][0]["changed_at"]);
    for id in ["00000000000000000000000000", "x", "..", "%00"] {
        assert_eq!(replica.get(&format!("/{id}"), &campus.admin()).await.status, 404, "{id}");
    }
}

pub(crate) async fn everybody_reads_what_is_theirs(campus: &Campus) {
    let replica = filled(campus).await;
    let all = replica.get("?carnet=1", &campus.admin()).await;
    let id_of = |curso: &str| {
        let items = all.body["items"].as_array().expect("a list").iter();
        let found = items.clone().find(|item| item["curso"] == curso).expect("is there");
        found["id"].as_str().expect("text").to_owned()
    };
    let (systems, bases) = (id_of("SO1"), id_of("BD1"));
    let student = Who { carnet: Some(1), ..who(UserRole::Student) };
    let professor = Who { courses: vec!["SO1".to_owned()], ..who(UserRole::Professor) };
    let reader = |scope: &str| Who { scopes: Some(vec![scope.to_owned()]), ..who(UserRole::Staff) };
    let bases = format!("/{bases}");
    let systems = format!("/{systems}");
    // Path, then what: an administrator, staff, a program that reads, one that writes, the professor of SO1, the student 1, a student without a number.
    let cases: [(&str, [u16; 7]); 7] = [
        ("", [200, 200, 200, 403, 200, 200, 404]),
        ("?carnet=2", [200, 200, 200, 403, 200, 404, 404]),
        (&systems, [200, 200, 200, 403, 200, 200, 404]),
        (&bases, [200, 200, 200, 403, 404, 200, 404]),
        ("/export.csv", [200, 200, 200, 403, 200, 200, 404]),
        ("/transcript?carnet=1", [200, 200, 200, 403, 200, 200, 404]),
        ("/transcript?carnet=2", [200, 200, 200, 403, 200, 404, 404]),
    ];
    let callers = [
        who(UserRole::Admin),
        who(UserRole::Staff),
        reader("grades:read"),
        reader("grades:write"),
        professor.clone(),
        student.clone(),
        who(UserRole::Student),
    ];
    for (path, expected) in cases {
        let mut seen = Vec::new();
        for caller in &callers {
            seen.push(replica.get(path, &campus.token(caller)).await.status);
        }
        assert_eq!(seen, expected, "{path}");
        assert_eq!(replica.get(path, "").await.status, 401, "{path}");
    }
    let mine = replica.get("", &campus.token(&student)).await;
    assert!(slots(&mine).iter().all(|(carnet, _)| *carnet == 1) && slots(&mine).len() == 3, "{mine:?}");
    let taught = replica.get("", &campus.token(&professor)).await;
    assert!(slots(&taught).iter().all(|(_, curso)| curso == "SO1") && slots(&taught).len() == 12, "{taught:?}");
    let nobody = replica.get("", &campus.token(&who(UserRole::Professor))).await;
    assert_eq!(slots(&nobody), [], "a professor without courses sees none");
    let courses = replica.get("/courses", &campus.token(&student)).await;
    assert_eq!(courses.body, json!({"courses": ["SO1", "BD1", "LFP", "SA", "AYD1"], "passing": 61}));
}

pub(crate) async fn a_transcript_has_all_grades_of_a_student(campus: &Campus) {
    let replica = filled(campus).await;
    let student = campus.token(&Who { carnet: Some(1), ..who(UserRole::Student) });
    let mine = replica.get("/transcript", &student).await;
    assert_eq!(mine.status, 200, "{mine:?}");
    let order: Vec<&str> = mine.body["grades"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|grade| grade["curso"].as_str().expect("text"))
        .collect();
    assert_eq!(order, ["LFP", "BD1", "SO1"], "the oldest semester first, then by course");
    let summary = json!([mine.body["carnet"], mine.body["nombre"], mine.body["passed"], mine.body["failed"]]);
    assert_eq!(summary, json!([1, "Alumno 1", 1, 2]));
    let average = mine.body["average"].as_f64().expect("a number");
    assert!((average - (100.0 + 60.0 + 51.0) / 3.0).abs() < 1e-9, "{average}");
    let professor = campus.token(&Who { courses: vec!["BD1".to_owned()], ..who(UserRole::Professor) });
    let part = replica.get("/transcript?carnet=1", &professor).await;
    assert_eq!((part.body["grades"].as_array().map(Vec::len), &part.body["average"]), (Some(1), &json!(60.0)));
    let admin = campus.admin();
    assert_eq!(replica.get("/transcript", &admin).await.faults(), ["/carnet missing"]);
    assert_eq!(replica.get("/transcript?carnet=99", &admin).await.status, 404);
}
