//! `GET /api/v1/grades/stats/top-students`

use api::auth::Caller;
use api::{Json, Problem};
use axum::extract::State;
use serde::Serialize;
use store::Sql;
use utoipa::ToSchema;

use crate::failure::Failure;
use crate::model::average;
use crate::rights;
use crate::store::statistics;

const MOST: u32 = 5;

/// A student with the average of all grades.
#[derive(Serialize, ToSchema)]
pub(super) struct BestStudent {
    carnet: i64,
    nombre: String,
    average: f64,
}

/// The five students with the best average; of equal ones those with more grades, then those that changed longest ago.
#[utoipa::path(
    get, path = "/api/v1/grades/stats/top-students", tag = "grades",
    responses((status = 200, body = Vec<BestStudent>)),
    security(("token" = [])),
)]
pub(super) async fn get_top_students(
    State(sql): State<Sql>,
    caller: Caller,
) -> Result<Json<Vec<BestStudent>>, Problem> {
    rights::may_see_figures(&caller)?;
    let found = statistics::students(sql.reader(), MOST).await.map_err(Failure::from)?;
    let best = found.into_iter().filter_map(|(carnet, student)| {
        let average = average(student.points, student.records)?;
        Some(BestStudent { carnet, nombre: student.nombre, average })
    });
    Ok(Json(best.collect()))
}
