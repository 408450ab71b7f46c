//! `GET /api/v1/grades/stats/top-courses`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::Caller;
use api::{Json, Problem, Query};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::Sql;
use utoipa::{IntoParams, ToSchema};

use crate::failure::Failure;
use crate::model::Semester;
use crate::rights;
use crate::store::statistics::{self, Group};

const MOST: u32 = 3;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct When {
    /// In this semester.
    semestre: Option<Semester>,
    /// In this year.
    year: Option<i64>,
}

/// A course with its students.
#[derive(Serialize, ToSchema)]
pub(super) struct CourseSize {
    curso: String,
    /// Students with a grade in it; whoever took it in several semesters counts in each.
    students: i64,
}

/// The three courses with most students.
#[utoipa::path(
    get, path = "/api/v1/grades/stats/top-courses", tag = "grades", params(When),
    responses((status = 200, body = Vec<CourseSize>)),
    security(("token" = [])),
)]
pub(super) async fn get_top_courses(
    State(sql): State<Sql>,
    caller: Caller,
    Query(When { semestre, year }): Query<When>,
) -> Result<Json<Vec<CourseSize>>, Problem> {
    rights::may_see_figures(&caller)?;
    let group = Group { curso: None, semestre, year };
    let found = statistics::courses(sql.reader(), &group, MOST).await.map_err(Failure::from)?;
    Ok(Json(found.into_iter().map(|(curso, students)| CourseSize { curso, students }).collect()))
}
