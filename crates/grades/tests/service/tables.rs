//! Tables in and out.

use std::time::Duration;

use api::auth::UserRole;
use axum::body::{Body, Bytes};
use futures::stream;
use http::Method;
use serde_json::json;

use crate::campus::{Answer, Campus, Replica, Who, record, who};

const HEAD: &str = "carnet,nombre,curso,nota,semestre,year";

pub(crate) async fn a_table_is_entered_whole_and_exported_again(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let admin = campus.admin();
    let table = format!(
        "\u{feff}{}\r\n1;\"Peña; \"\"Ana\"\"\";SO1;90;2S;2023\r\n2;Iñaki;BD1;50;1S;2023\r\n",
        HEAD.replace(',', ";")
    );
    let tried = replica
        .send(Method::POST, "/import?dry_run=true", &admin, "text/csv; charset=UTF-8", Body::from(table.clone()))
        .await;
    assert_eq!((tried.status, &tried.body), (200, &json!({"grades": 2, "created": 0, "replayed": 0, "corrected": 0})));
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records").await, [[0]], "a try keeps nothing");
    let entered = replica.import(&admin, table.clone()).await;
    assert_eq!(
        (entered.status, &entered.body),
        (200, &json!({"grades": 2, "created": 2, "replayed": 0, "corrected": 0}))
    );
    let again = replica.import(&admin, table.replace(";50;", ";70;")).await;
    assert_eq!(again.body, json!({"grades": 2, "created": 0, "replayed": 1, "corrected": 1}));
    let exported = replica.get("/export.csv?year=2023", &admin).await;
    assert_eq!(exported.header("content-type"), "text/csv; charset=utf-8");
    let mut lines: Vec<&str> = exported.text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["1,\"Peña; \"\"Ana\"\"\",SO1,90,2S,2023", "2,Iñaki,BD1,70,1S,2023", HEAD]);
    let back = replica.import(&admin, exported.text).await;
    assert_eq!(back.body, json!({"grades": 2, "created": 0, "replayed": 2, "corrected": 0}), "what goes out comes in");
    campus.assert_consistent().await;
}

pub(crate) async fn a_table_with_a_bad_line_is_not_entered_at_all(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let admin = campus.admin();
    let table = format!("{HEAD}\n1,Ana,SO1,90,2S,2023\nx,Eva,SO1,90,2S,2023\n3,,XYZ,101,3S,2023\n");
    let refused = replica.import(&admin, table).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_eq!(refused.faults(), ["/lines/3/carnet type", "/lines/4/semestre choice"]);
    assert_eq!(refused.body["faults"], 2);
    let told = refused.body["errors"][0]["message"].as_str().expect("text");
    assert!(told.starts_with("line 3: "), "{told}");
    let professor = Who { courses: vec!["SO1".to_owned()], ..who(UserRole::Professor) };
    let table = format!("{HEAD}\n1,Ana,SO1,90,2S,2023\n2,Eva,BD1,90,2S,2023\n");
    let refused = replica.import(&campus.token(&professor), table).await;
    assert_eq!((refused.status, refused.faults()), (422, vec!["/lines/3/curso forbidden".to_owned()]));
    let many: String = (1..=2_000).map(|line| format!("{line},Ana,SO1,200,2S,2023\n")).collect();
    let refused = replica.import(&admin, format!("{HEAD}\n{many}")).await;
    assert_eq!((refused.faults().len(), &refused.body["faults"]), (1_000, &json!(2_000)));
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records").await, [[0]]);
    let student = campus.token(&Who { carnet: Some(1), ..who(UserRole::Student) });
    assert_eq!(replica.import(&student, format!("{HEAD}\n1,Ana,SO1,90,2S,2023\n")).await.status, 403);
}

pub(crate) async fn a_table_that_is_none_is_refused(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let admin = campus.admin();
    let latin = b"carnet,nombre,curso,nota,semestre,year\n1,Pe\xf1a,SO1,90,2S,2023\n".to_vec();
    let cases: [(Vec<u8>, &str); 7] = [
        (latin, "/lines/2 encoding"),
        (b"\xff\xfec\0a\0".to_vec(), "/lines/1 encoding"),
        (b"\xfe\xff\0c\0a".to_vec(), "/lines/1 encoding"),
        (b"carnet\tnombre\tcurso\tnota\tsemestre\tyear\n1\tAna\tSO1\t90\t2S\t2023\n".to_vec(), "/lines/1 unknown"),
        (b"carnet|nombre|curso|nota|semestre|year\n1|Ana|SO1|90|2S|2023\n".to_vec(), "/lines/1 unknown"),
        (Vec::new(), "/lines/1 missing"),
        (b"{\"carnet\": 1}".to_vec(), "/lines/1 unknown"),
    ];
    for (table, fault) in cases {
        let refused = replica.import(&admin, table).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]), "{refused:?}");
    }
    for content in ["application/json", "text/csv; charset=iso-8859-1", "application/x-www-form-urlencoded", ""] {
        let refused = replica.send(Method::POST, "/import", &admin, content, Body::from(HEAD)).await;
        assert_eq!(refused.status, 415, "{content}");
    }
    let piece = Bytes::from("1,Ana,SO1,90,2S,2023\n".repeat(1_000));
    let endless = stream::iter(std::iter::repeat_with(move || Ok::<_, std::io::Error>(piece.clone())).take(600));
    assert_eq!(replica.import(&admin, Body::from_stream(endless)).await.status, 413);
    let broken = stream::iter([Ok(Bytes::from(HEAD)), Err(std::io::Error::other("the link broke"))]);
    assert_eq!(replica.import(&admin, Body::from_stream(broken)).await.status, 400);
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records").await, [[0]]);
}

pub(crate) async fn an_export_is_streamed_in_pieces(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let admin = campus.admin();
    let lines: String = (1..=2_500).map(|carnet| format!("{carnet},=Ana,SO1,{},2S,2023\n", carnet % 101)).collect();
    let entered = replica.import(&admin, format!("{HEAD}\n{lines}")).await;
    assert_eq!((entered.status, &entered.body["created"]), (200, &json!(2_500)), "{entered:?}");
    replica.record(record(1, "BD1", 100)).await.expect("is kept");
    let exported = replica.get("/export.csv?curso=SO1", &admin).await;
    let mut carnets: Vec<i64> = exported
        .text
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().and_then(|cell| cell.parse().ok()).expect("a number"))
        .collect();
    carnets.sort_unstable();
    assert_eq!(carnets, (1..=2_500).collect::<Vec<i64>>(), "each once, over several pieces");
    assert!(exported.text.contains("\r\n7,'=Ana,SO1,"), "no cell calculates");
}

async fn import_under(replica: &Replica, token: &str, key: &str, table: impl Into<Body>) -> Answer {
    let headers = [("content-type", "text/csv"), ("idempotency-key", key)];
    replica.ask(Method::POST, "/import", token, &headers, table.into()).await
}

pub(crate) async fn a_table_under_a_key_gets_its_first_answer(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let other = campus.replica("grades-grpc-client-1").await;
    let admin = campus.admin();
    let table = format!("{HEAD}\n1,Ana,SO1,90,2S,2023\n2,Eva,BD1,50,2S,2023\n");
    // What was refused may be sent again, corrected, under the same key.
    let bad = import_under(&replica, &admin, "acta-1", table.replace(",90,", ",900,")).await;
    assert_eq!((bad.status, bad.faults()), (422, vec!["/lines/2/nota range".to_owned()]));
    let first = import_under(&replica, &admin, "acta-1", table.clone()).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, ""), "{first:?}");
    assert_eq!(first.body, json!({"grades": 2, "created": 2, "replayed": 0, "corrected": 0}));
    replica.record(record(2, "BD1", 70)).await.expect("is corrected since");
    for replica in [&replica, &other] {
        let again = import_under(replica, &admin, "acta-1", table.clone()).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"), "{again:?}");
        assert_eq!((&again.text, again.header("content-type")), (&first.text, "application/json"));
    }
    assert_eq!(campus.numbers("SELECT nota FROM grades_records WHERE carnet = 2").await, [[70]], "not entered again");
    let reused = import_under(&other, &admin, "acta-1", format!("{table}3,Ida,SA,80,2S,2023\n")).await;
    assert_eq!((reused.status, reused.text.contains("another body")), (422, true), "{reused:?}");
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records WHERE carnet = 3").await, [[0]]);
    // Somebody else's key of the same name, and no key, are another import.
    let theirs = import_under(&replica, &campus.admin(), "acta-1", table.clone()).await;
    assert_eq!((theirs.header("idempotency-replayed"), &theirs.body["corrected"]), ("", &json!(1)), "{theirs:?}");
    assert_eq!(replica.import(&admin, table.clone()).await.body["replayed"], 2);
    assert_eq!(import_under(&replica, &admin, "no es una clave", table).await.status, 400);
}

pub(crate) async fn a_table_that_comes_twice_at_once_is_entered_once(campus: &Campus) {
    let replicas = [campus.replica("grades-redis-1").await, campus.replica("grades-grpc-client-1").await];
    let admin = campus.admin();
    let lines: String = (1..=300).map(|carnet| format!("{carnet},Ana,SO1,{},2S,2023\n", carnet % 101)).collect();
    let table = format!("{HEAD}\n{lines}");
    let sent = replicas.iter().map(|replica| import_under(replica, &admin, "acta-2", table.clone()));
    let answers = futures::future::join_all(sent).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(answers[0].body, answers[1].body, "whichever ended first answers for both");
    let other = format!("{HEAD}\n1,Ana,SO1,0,2S,2023\n");
    assert_eq!(import_under(&replicas[0], &admin, "acta-2", other).await.status, 422);
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records").await, [[300]]);
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_history").await, [[0]]);
    campus.assert_consistent().await;
}

pub(crate) async fn first_answers_are_kept_for_a_day(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let table = format!("{HEAD}\n1,Ana,SO1,90,2S,2023\n");
    assert_eq!(import_under(&replica, &campus.admin(), "acta-3", table.clone()).await.status, 200);
    let kept = "SELECT COUNT(*) FROM grades_idempotency";
    assert_eq!(campus.numbers(kept).await, [[2]], "which table, and the answer");
    assert_eq!(campus.sweep_after(Duration::from_secs(23 * 60 * 60)).await, 0);
    assert_eq!(import_under(&replica, &campus.admin(), "acta-3", table).await.status, 200);
    assert_eq!(campus.sweep_after(Duration::from_secs(60 * 60 + 1)).await, 2);
    assert_eq!(campus.numbers(kept).await, [[2]], "those of the second");
}

pub(crate) async fn whatever_is_wrong_with_a_table_is_named_and_nothing_is_kept(campus: &Campus) {
    let replica = campus.replica("grades-redis-1").await;
    let admin = campus.admin();
    let columns: Vec<&str> = HEAD.split(',').collect();
    let good = ["1", "Ana", "SO1", "90", "2S", "2023"];
    let table = |cells: &[&str]| format!("{HEAD}\n2,Eva,SO1,90,2S,2023\n{}\n", cells.join(","));
    let refusal = async |table: String| {
        let refused = replica.import(&admin, table).await;
        assert_eq!((refused.status, refused.header("content-type")), (422, "application/problem+json"), "{refused:?}");
        refused.faults()
    };
    for (place, column) in columns.iter().enumerate() {
        let mut head = columns.clone();
        head.remove(place);
        let mut cells = good;
        assert_eq!(refusal(format!("{}\n", head.join(","))).await, [format!("/lines/1/{column} missing")]);
        cells[place] = "";
        let code = match *column {
            "nombre" => "length",
            "curso" | "semestre" => "choice",
            _ => "type",
        };
        assert_eq!(refusal(table(&cells)).await, [format!("/lines/3/{column} {code}")]);
    }
    for (column, wrong) in [
        ("carnet", ["x type", "0 range", "-1 range", "1.5 type", "99999999999999999999 type"].as_slice()),
        ("nombre", &["\u{1}Ana value"]),
        ("curso", &["XYZ choice", "so1 choice", "SO1' OR 1=1 -- choice"]),
        ("nota", &["noventa type", "90.0 type", "101 range", "-1 range"]),
        ("semestre", &["3S choice", "1s choice"]),
        ("year", &["dos type", "1899 range", "2201 range"]),
    ] {
        for case in wrong {
            let (value, code) = case.rsplit_once(' ').expect("two");
            let mut cells = good;
            cells[columns.iter().position(|known| *known == column).expect("a column")] = value;
            assert_eq!(refusal(table(&cells)).await, [format!("/lines/3/{column} {code}")], "{value}");
        }
    }
    let long = "x".repeat(201);
    assert_eq!(refusal(table(&["1", &long, "SO1", "90", "2S", "2023"])).await, ["/lines/3/nombre length"]);
    assert_eq!(campus.numbers("SELECT COUNT(*) FROM grades_records").await, [[0]]);
}
