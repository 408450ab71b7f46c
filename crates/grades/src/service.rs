//! The HTTP side of a role, put together.

use std::sync::Arc;

use api::Check;
use kernel::clock::Clock;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use store::Sql;
use utoipa_axum::router::OpenApiRouter;

use crate::http::{self, Capabilities};
use crate::model::{Route, Rules};
use crate::recorder::Ingest;

/// What the HTTP side is made of.
pub struct Deps {
    /// The records, for reading; of its own the HTTP side writes only the first answers to imports.
    pub sql: Sql,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where replicas tell how fast they are; may be away.
    pub live: Arc<dyn Live>,
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
    let Deps { sql, clock, live, door, rules, lifecycle } = deps;
    let checks = vec![sql_check(sql.clone())];
    let routes = http::routes(door.route()).with_state(Capabilities { sql, clock, live, door, rules, lifecycle });
    (routes, checks)
}

/// Without its database no process of this service is ready.
#[must_use]
pub fn sql_check(sql: Sql) -> Check {
    Check::required("sql", move || {
        let sql = sql.clone();
        async move { sql.ping().await.map_err(|error| error.to_string()) }
    })
}

/// The OpenAPI document of both routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut whole = http::routes(Route::Grpc).into_openapi();
    whole.merge(http::routes(Route::Redis).into_openapi());
    whole
}
