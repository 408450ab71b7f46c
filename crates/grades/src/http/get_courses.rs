//! `GET /api/v1/grades/courses`

use api::auth::Caller;
use api::{Json, Problem};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Rules;

/// What grades of this campus must follow.
#[derive(Serialize, ToSchema)]
pub(super) struct Courses {
    /// The courses that have grades.
    courses: Vec<String>,
    /// The least grade that passes.
    passing: i64,
}

/// The courses that have grades, and what passes.
#[utoipa::path(
    get, path = "/api/v1/grades/courses", tag = "grades",
    responses((status = 200, body = Courses)),
    security(("token" = [])),
)]
pub(super) async fn get_courses(State(rules): State<Rules>, caller: Caller) -> Result<Json<Courses>, Problem> {
    caller.need_scope("grades:read")?;
    Ok(Json(Courses { courses: rules.courses().to_vec(), passing: rules.passing() }))
}
