//! `GET /api/v1/grades/transcript`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::Caller;
use api::{FieldError, Json, Problem, ProblemBody, Query};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::Sql;
use utoipa::{IntoParams, ToSchema};

use super::views::{GradeView, visible};
use crate::failure::Failure;
use crate::model::Rules;
use crate::store::listing::{self, Filter};

/// Grades of one student, at most: more than anybody earns.
const MOST: u64 = 10_000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// The student's number. Students may leave it out: it is theirs.
    carnet: Option<i64>,
}

/// All grades of a student.
#[derive(Serialize, ToSchema)]
pub(super) struct Transcript {
    carnet: i64,
    nombre: String,
    /// Of all grades that are shown; `null` without any.
    average: Option<f64>,
    passed: usize,
    failed: usize,
    /// The oldest semester first, then by course.
    grades: Vec<GradeView>,
}

/// A student's grades, all of them. Students see their own, professors those of their courses.
#[utoipa::path(
    get, path = "/api/v1/grades/transcript", tag = "grades", params(Whose),
    responses(
        (status = 200, body = Transcript),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
         description = "No such student, not the caller, or the caller has no carnet."),
    ),
    security(("token" = [])),
)]
pub(super) async fn get_transcript(
    State(sql): State<Sql>,
    State(rules): State<Rules>,
    caller: Caller,
    Query(whose): Query<Whose>,
) -> Result<Json<Transcript>, Problem> {
    let filter = visible(&caller, Filter { carnet: whose.carnet, ..Filter::default() })?;
    let Some(carnet) = filter.carnet else {
        return Err(Problem::unprocessable(vec![FieldError::new("/carnet", "missing", "whose grades?")]));
    };
    let nombre = listing::name_of(sql.reader(), carnet).await.map_err(Failure::from)?.ok_or(Failure::NotFound)?;
    let mut found = listing::list(sql.reader(), &filter, None, MOST).await.map_err(Failure::from)?;
    if found.is_empty() {
        return Err(Failure::NotFound.into());
    }
    found.sort_by_cached_key(|entry| (entry.record.year, entry.record.semestre, entry.record.curso.clone()));
    let passed = found.iter().filter(|entry| rules.passes(entry.record.nota)).count();
    let points: i64 = found.iter().map(|entry| entry.record.nota).sum();
    let failed = found.len() - passed;
    let average = crate::model::average(points, i64::try_from(found.len()).unwrap_or(i64::MAX));
    let grades = found.into_iter().map(|entry| GradeView::of(entry, &rules)).collect();
    Ok(Json(Transcript { carnet, nombre, average, passed, failed, grades }))
}
