//! Tables in and out.

use api::auth::UserRole;
use axum::body::{Body, Bytes};
use futures::stream;
use http::Method;
use serde_json::json;

use crate::campus::{Campus, Who, record, who};

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
    let cases: [(Vec<u8>, &str); 5] = [
        (latin, "/lines/2 encoding"),
        (b"\xff\xfec\0a\0".to_vec(), "/lines/1 encoding"),
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
