//! `GET /api/v1/grades/stats/routes`: the two ways in, side by side.

use std::sync::Arc;
use std::time::Duration;

use api::auth::Caller;
use api::{Json, Problem};
use axum::extract::State;
use kernel::live::Live;
use serde::Serialize;
use store::Sql;
use utoipa::ToSchema;

use crate::model::Route;
use crate::{figures, live, rights};

/// One of the two ways in. What only the live store knows is `null` while that is away.
#[derive(Serialize, ToSchema)]
pub(super) struct RouteFigures {
    route: Route,
    /// Grades that came in this way, in all.
    count: i64,
    /// Records a second, over the last ten.
    rate: Option<f64>,
    /// Half of these were answered within so many milliseconds; `null` if there were none.
    p50_ms: Option<f64>,
    /// 99 of 100 were answered within so many milliseconds; `null` if there were none.
    p99_ms: Option<f64>,
    /// Records of the last ten seconds that were not kept through a fault of ours.
    errors: Option<u64>,
    /// Processes that serve the route.
    replicas: Option<u32>,
}

/// How much comes in by each route and how fast it is answered.
#[utoipa::path(
    get, path = "/api/v1/grades/stats/routes", tag = "grades",
    responses((status = 200, body = Vec<RouteFigures>)),
    security(("token" = [])),
)]
pub(super) async fn get_routes(
    State(sql): State<Sql>,
    State(store): State<Arc<dyn Live>>,
    caller: Caller,
) -> Result<Json<Vec<RouteFigures>>, Problem> {
    rights::may_see_figures(&caller)?;
    let counts = figures::by_route(&sql).await?;
    let now = live::by_route(store.as_ref()).await;
    let now = now.inspect_err(|error| tracing::debug!(error = %error, "nobody knows how fast the routes are")).ok();
    let of = |route: Route| {
        let known = now.as_ref().and_then(|now| now.get(&route));
        RouteFigures {
            route,
            count: counts.get(&route).copied().unwrap_or(0),
            rate: known.map(|live| live.rate),
            p50_ms: known.and_then(|live| live.p50).map(millis),
            p99_ms: known.and_then(|live| live.p99).map(millis),
            errors: known.map(|live| live.errors),
            replicas: known.map(|live| live.replicas),
        }
    };
    Ok(Json(Route::ALL.into_iter().map(of).collect()))
}

fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e5).round() / 1e2
}
