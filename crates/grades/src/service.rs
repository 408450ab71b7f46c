//! The HTTP side of a role, put together.

use std::sync::Arc;

use api::Check;
use kernel::lifecycle::Lifecycle;
use store::Sql;
use utoipa_axum::router::OpenApiRouter;

use crate::http::{self, Capabilities};
use crate::model::{Route, Rules};
use crate::recorder::Ingest;

/// What the HTTP side is made of.
pub struct Deps {
    /// The records, for reading.
    pub sql: Sql,
    /// Where records that come in go; its route says which of the two ways in this process has.
    pub door: Arc<dyn Ingest>,
    /// What records must follow.
    pub rules: Rules,
    /// Imports run within it.
    pub lifecycle: Lifecycle,
}

/// The routes under `/api/v1`, and what readiness depends on.
#[must_use]
pub fn build(deps: Deps) -> (OpenApiRouter, Vec<Check>) {
    let Deps { sql, door, rules, lifecycle } = deps;
    let asked = sql.clone();
    let checks = vec![Check::required("sql", move || {
        let sql = asked.clone();
        async move { sql.ping().await.map_err(|error| error.to_string()) }
    })];
    let routes = http::routes(door.route()).with_state(Capabilities { sql, door, rules, lifecycle });
    (routes, checks)
}

/// The OpenAPI document of both routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut whole = http::routes(Route::Grpc).into_openapi();
    whole.merge(http::routes(Route::Redis).into_openapi());
    whole
}
