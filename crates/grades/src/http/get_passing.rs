//! `GET /api/v1/grades/stats/passing`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::Caller;
use api::{Json, Problem, Query};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::Sql;
use utoipa::{IntoParams, ToSchema};

use crate::failure::Failure;
use crate::model::{Rules, Semester};
use crate::rights;
use crate::store::statistics::{self, Group};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of this course; of all if it is left out.
    curso: Option<String>,
    /// Of this semester.
    semestre: Option<Semester>,
    /// Of this year.
    year: Option<i64>,
}

/// Grades that pass and grades that do not.
#[derive(Serialize, ToSchema)]
pub(super) struct Passing {
    passed: i64,
    failed: i64,
}

/// How many grades pass.
#[utoipa::path(
    get, path = "/api/v1/grades/stats/passing", tag = "grades", params(Which),
    responses((status = 200, body = Passing)),
    security(("token" = [])),
)]
pub(super) async fn get_passing(
    State(sql): State<Sql>,
    State(rules): State<Rules>,
    caller: Caller,
    Query(Which { curso, semestre, year }): Query<Which>,
) -> Result<Json<Passing>, Problem> {
    rights::may_see_figures(&caller)?;
    let group = Group { curso, semestre, year };
    let values = statistics::values(sql.reader(), &group).await.map_err(Failure::from)?;
    let of = |passing: bool| -> i64 {
        values.iter().filter(|(nota, _)| rules.passes(**nota) == passing).map(|(_, grades)| grades).sum()
    };
    Ok(Json(Passing { passed: of(true), failed: of(false) }))
}
