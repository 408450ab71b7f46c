//! How the engines go about a list.

use futures::FutureExt;
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::secret::Secret;
use store::Sql;
use store::query::insert_all;
use testkit::mariadb::MariaDb;

use super::*;

/// Grades of five courses and two semesters of 2023, and before them all three of a class of 1999.
async fn filled(url: &str, data: &DataDir) -> Sql {
    let settings = config::Sql { url: Secret::new(url.to_owned()), connections: 4 };
    let sql = Sql::open("grades", &settings, data).await.expect("opens");
    store::migrate(&sql, crate::migrations()).await.expect("migrates");
    let courses = ["SO1", "BD1", "LFP", "SA", "AYD1"];
    let rows = (1..=4_000_usize).map(|number| {
        let (semestre, year) = if number <= 3 { ("1S", 1999_i64) } else { (["1S", "2S"][number % 2], 2023) };
        let carnet = i64::try_from(number).expect("small");
        let id = format!("01{number:024}").into();
        let curso = if number <= 3 { "SO1" } else { courses[number % 5] };
        vec![id, carnet.into(), curso.into(), semestre.into(), year.into()]
    });
    let rows: Vec<Vec<Value>> = rows
        .map(|mut row: Vec<Value>| {
            row.extend([Value::from(90_i64), "redis".into(), "ana".into(), 0_i64.into(), 0_i64.into()]);
            row
        })
        .collect();
    let start = "INSERT INTO grades_records (id, carnet, curso, semestre, year, nota, route, entered_by, entered_at, \
                 changed_at)";
    let students = "INSERT INTO grades_students (carnet, nombre, records, points, standing, ranked_at)";
    let student =
        |carnet: i64| vec![carnet.into(), "Ana".into(), 1_i64.into(), 90_i64.into(), 0_i64.into(), carnet.into()];
    let of_the_old_class: Vec<Vec<Value>> = (1..=3).map(student).collect();
    sql.write(move |transaction| {
        let (rows, named) = (rows.clone(), of_the_old_class.clone());
        async move {
            insert_all(transaction, "test", students, named).await?;
            insert_all(transaction, "test", start, rows).await
        }
        .boxed()
    })
    .await
    .expect("fills");
    sql
}

fn class(curso: &str, semestre: Semester, year: i64) -> Filter {
    Filter { curso: Some(curso.to_owned()), semestre: Some(semestre), year: Some(year), ..Filter::default() }
}

/// Text of a column of the engine's plan, a line a row.
async fn plan(sql: &Sql, explain: &str, column: &str, filter: &Filter) -> String {
    let (question, values) = question(filter, Some("7zzzzzzzzzzzzzzzzzzzzzzzzz".parse().expect("an id")), 50);
    let rows = all(sql.reader(), "test", &format!("{explain} {question}"), values).await.expect("explains");
    let lines =
        rows.into_iter().map(|row| row.try_get::<Option<String>>("", column).expect("text").unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn sqlite_finds_a_class_by_its_index_and_sorts_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = DataDir::new(folder.path());
    data.create().expect("the data folder");
    let sql = filled("sqlite", &data).await;
    let whole = class("SO1", Semester::First, 1999);
    let of_a_professor = Filter { courses: Some(vec!["SO1".to_owned(), "SA".to_owned()]), ..whole.clone() };
    for filter in [whole, of_a_professor] {
        let plan = plan(&sql, "EXPLAIN QUERY PLAN", "detail", &filter).await;
        assert!(
            plan.contains("grades_records_class (curso=? AND semestre=? AND year=? AND id<?)"),
            "{filter:?}: {plan}"
        );
        assert!(!plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
        assert_eq!(list(sql.reader(), &filter, None, 50).await.expect("reads").len(), 3);
    }
    let course = Filter { curso: Some("SA".to_owned()), ..Filter::default() };
    let professor = Filter { courses: Some(vec!["SA".to_owned()]), ..Filter::default() };
    for filter in [Filter::default(), course, professor, Filter { year: Some(1999), ..Filter::default() }] {
        let plan = plan(&sql, "EXPLAIN QUERY PLAN", "detail", &filter).await;
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("grades_records_class"), "{filter:?}: {plan}");
    }
}

#[tokio::test]
async fn mariadb_finds_a_class_by_its_index_and_sorts_nothing() {
    let (server, folder) = (MariaDb::start().await, tempfile::tempdir().expect("a folder"));
    let sql = filled(&server.url("listing"), &DataDir::new(folder.path())).await;
    server.execute("ANALYZE TABLE listing.grades_records");
    let rare = class("SO1", Semester::First, 1999);
    assert_eq!(plan(&sql, "EXPLAIN", "key", &rare).await.lines().next(), Some("grades_records_class"));
    assert_eq!(list(sql.reader(), &rare, None, 50).await.expect("reads").len(), 3);
    let course = Filter { curso: Some("SA".to_owned()), ..Filter::default() };
    let professor = Filter { courses: Some(vec!["SA".to_owned()]), ..Filter::default() };
    for filter in [rare, class("SA", Semester::First, 2023), Filter::default(), course, professor] {
        let extra = plan(&sql, "EXPLAIN", "Extra", &filter).await;
        assert!(!extra.contains("filesort") && !extra.contains("temporary"), "{filter:?}: {extra}");
    }
}
