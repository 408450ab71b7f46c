//! Grades as people read them.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use store::StoreError;
use store::query::{Row, all, one};

use super::{Conditions, semester};
use crate::model::{Record, Route, Semester};

/// What [`entry`] reads. The join is a left one so that no planner begins with the students.
const SELECT: &str = "SELECT r.id, r.carnet, s.nombre, r.curso, r.nota, r.semestre, r.year, r.route, r.entered_by, \
                      r.entered_at, r.changed_at FROM grades_records r LEFT JOIN grades_students s ON s.carnet = r.carnet";

/// Which grades.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) carnet: Option<i64>,
    pub(crate) curso: Option<String>,
    pub(crate) semestre: Option<Semester>,
    pub(crate) year: Option<i64>,
    /// Only of these courses.
    pub(crate) courses: Option<Vec<String>>,
}

impl Filter {
    /// Whether it is one of them.
    pub(crate) fn takes(&self, record: &Record) -> bool {
        self.carnet.is_none_or(|carnet| carnet == record.carnet)
            && self.curso.as_ref().is_none_or(|curso| *curso == record.curso)
            && self.semestre.is_none_or(|semestre| semestre == record.semestre)
            && self.year.is_none_or(|year| year == record.year)
            && self.courses.as_ref().is_none_or(|courses| courses.contains(&record.curso))
    }
}

/// A grade with how it came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    pub(crate) record: Record,
    pub(crate) route: Route,
    pub(crate) entered_by: String,
    pub(crate) entered_at: Timestamp,
    pub(crate) changed_at: Timestamp,
}

/// A grade as it was until it was corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Former {
    pub(crate) nota: i64,
    /// Who corrected it.
    pub(crate) changed_by: String,
    pub(crate) changed_at: Timestamp,
}

/// Grades after `before`, the newest first.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    before: Option<Id>,
    limit: u64,
) -> Result<Vec<Entry>, StoreError> {
    if filter.courses.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let (sql, values) = question(filter, before, limit);
    let what = "grades: list";
    all(connection, what, &sql, values).await?.into_iter().map(|row| entry(row, what)).collect()
}

/// A whole class is found by its index, in order. Of a part of one, such as a course, the index gives too much that would
/// have to be sorted, so that it is kept out of it: then the newest grades are read until enough of them fit.
fn question(filter: &Filter, before: Option<Id>, limit: u64) -> (String, Vec<Value>) {
    const BESIDE_THE_INDEX: &str = "CONCAT(r.curso, '')";
    let whole = filter.curso.is_some() && filter.semestre.is_some() && filter.year.is_some();
    let curso = if whole { "r.curso" } else { BESIDE_THE_INDEX };
    let mut conditions = Conditions::default();
    conditions.add("r.carnet = ?", filter.carnet);
    conditions.add(&format!("{curso} = ?"), filter.curso.clone());
    conditions.add("r.semestre = ?", filter.semestre.map(Semester::name));
    conditions.add("r.year = ?", filter.year);
    conditions.add("r.id < ?", before.map(|id| id.to_string()));
    if let Some(courses) = &filter.courses {
        conditions.text.push(format!("{BESIDE_THE_INDEX} IN ({})", vec!["?"; courses.len()].join(", ")));
        conditions.values.extend(courses.iter().map(|course| Value::from(course.as_str())));
    }
    let sql = format!("{SELECT} WHERE {} ORDER BY r.id DESC LIMIT ?", conditions.sql());
    let mut values = conditions.values;
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    (sql, values)
}

/// One grade.
pub(crate) async fn by_id(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Entry>, StoreError> {
    let what = "grades: find";
    let sql = format!("{SELECT} WHERE r.id = ?");
    one(connection, what, &sql, vec![id.to_string().into()]).await?.map(|row| entry(row, what)).transpose()
}

/// What a grade was before, the newest first.
pub(crate) async fn history(connection: &impl ConnectionTrait, grade: Id) -> Result<Vec<Former>, StoreError> {
    let what = "grades: history";
    let sql = "SELECT nota, changed_by, changed_at FROM grades_history WHERE grade = ? ORDER BY id DESC";
    let rows = all(connection, what, sql, vec![grade.to_string().into()]).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            Ok(Former { nota: row.number(0)?, changed_by: row.text(1)?, changed_at: row.time(2)? })
        })
        .collect()
}

/// The name of a student who has grades.
pub(crate) async fn name_of(connection: &impl ConnectionTrait, carnet: i64) -> Result<Option<String>, StoreError> {
    let what = "students: find";
    let sql = "SELECT nombre FROM grades_students WHERE carnet = ?";
    let row = one(connection, what, sql, vec![carnet.into()]).await?;
    row.map(|row| Row::new(row, what).text(0)).transpose()
}

fn entry(row: QueryResult, what: &'static str) -> Result<Entry, StoreError> {
    let row = Row::new(row, what);
    Ok(Entry {
        id: row.id(0)?,
        record: Record {
            carnet: row.number(1)?,
            nombre: row.text(2)?,
            curso: row.text(3)?,
            nota: row.number(4)?,
            semestre: semester(&row, 5)?,
            year: row.number(6)?,
        },
        route: row.named(7, &Route::ALL, Route::name)?,
        entered_by: row.text(8)?,
        entered_at: row.time(9)?,
        changed_at: row.time(10)?,
    })
}

#[cfg(test)]
mod tests;
