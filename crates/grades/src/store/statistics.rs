//! What all grades come to. It is kept beside them, in their transactions, so that no reader counts grades.

use sea_orm::ConnectionTrait;
use store::StoreError;
use store::query::{Row, all};

use super::{Conditions, class};
use crate::model::batch::{Student, Tally};
use crate::model::{Class, Route, Semester};

/// Which classes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub(crate) curso: Option<String>,
    pub(crate) semestre: Option<Semester>,
    pub(crate) year: Option<i64>,
}

impl Group {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        conditions.add("curso = ?", self.curso.clone());
        conditions.add("semestre = ?", self.semestre.map(Semester::name));
        conditions.add("year = ?", self.year);
        conditions
    }
}

/// How many grades there are of each value.
pub(crate) async fn values(connection: &impl ConnectionTrait, group: &Group) -> Result<Tally, StoreError> {
    let what = "statistics: values";
    let conditions = group.conditions();
    let sql = format!("SELECT tally FROM grades_tallies WHERE {}", conditions.sql());
    let mut sum = Tally::new();
    for row in all(connection, what, &sql, conditions.values).await? {
        let tally: Tally = Row::new(row, what).json(0)?;
        for (nota, grades) in tally {
            *sum.entry(nota).or_default() += grades;
        }
    }
    Ok(sum)
}

/// Courses with their number of grades, the largest first.
pub(crate) async fn courses(
    connection: &impl ConnectionTrait,
    group: &Group,
    limit: u32,
) -> Result<Vec<(String, i64)>, StoreError> {
    let conditions = group.conditions();
    let sql = format!(
        "SELECT curso, CAST(SUM(total) AS SIGNED) AS students FROM grades_tallies WHERE {} GROUP BY curso HAVING \
         SUM(total) > 0 ORDER BY students DESC, curso LIMIT ?",
        conditions.sql()
    );
    let mut bound = conditions.values;
    bound.push(i64::from(limit).into());
    let what = "statistics: courses";
    let rows = all(connection, what, &sql, bound).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            Ok((row.text(0)?, row.number(1)?))
        })
        .collect()
}

/// The students with the best average; of equal ones those that changed last come last.
pub(crate) async fn students(connection: &impl ConnectionTrait, limit: u32) -> Result<Vec<(i64, Student)>, StoreError> {
    let what = "statistics: students";
    let sql = "SELECT carnet, nombre, records, points FROM grades_students ORDER BY standing, ranked_at, \
               carnet LIMIT ?";
    let rows = all(connection, what, sql, vec![i64::from(limit).into()]).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            let student = Student { nombre: row.text(1)?, records: row.number(2)?, points: row.number(3)? };
            Ok((row.number(0)?, student))
        })
        .collect()
}

/// How many grades there are of each class.
pub(crate) async fn classes(connection: &impl ConnectionTrait) -> Result<Vec<(Class, i64)>, StoreError> {
    let what = "statistics: classes";
    let sql = "SELECT curso, semestre, year, CAST(SUM(total) AS SIGNED) FROM grades_tallies GROUP BY curso, semestre, year \
               ORDER BY curso, semestre, year";
    let rows = all(connection, what, sql, Vec::new()).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            Ok((class(&row, 0)?, row.number(3)?))
        })
        .collect()
}

/// How many grades came in by each route.
pub(crate) async fn routes(connection: &impl ConnectionTrait) -> Result<Vec<(Route, i64)>, StoreError> {
    let what = "statistics: routes";
    let sql = "SELECT route, CAST(SUM(total) AS SIGNED) FROM grades_tallies GROUP BY route";
    let rows = all(connection, what, sql, Vec::new()).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            Ok((row.named(0, &Route::ALL, Route::name)?, row.number(1)?))
        })
        .collect()
}
