//! The endpoints, one a file. Every role that speaks HTTP has them all but the other route's own way in.

use std::sync::Arc;

use kernel::clock::Clock;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use store::Sql;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::{Route, Rules};
use crate::recorder::Ingest;

mod create_grade;
mod export_grades;
mod get_courses;
mod get_grade;
mod get_passing;
mod get_routes;
mod get_top_courses;
mod get_top_students;
mod get_transcript;
mod import_grades;
mod list_grades;
mod views;

/// Where records go.
pub(crate) type Door = Arc<dyn Ingest>;

/// Everything handlers may ask for; each asks for its part.
#[derive(Clone)]
pub(crate) struct Capabilities {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) live: Arc<dyn Live>,
    pub(crate) door: Door,
    pub(crate) rules: Rules,
    pub(crate) lifecycle: Lifecycle,
}

/// The routes of a process that serves `route`, still without their state.
pub(crate) fn routes(route: Route) -> OpenApiRouter<Capabilities> {
    let shared = OpenApiRouter::new()
        .routes(routes!(list_grades::list_grades, create_grade::create_grade))
        .routes(routes!(import_grades::import_grades))
        .routes(routes!(export_grades::export_grades))
        .routes(routes!(get_courses::get_courses))
        .routes(routes!(get_transcript::get_transcript))
        .routes(routes!(get_passing::get_passing))
        .routes(routes!(get_top_courses::get_top_courses))
        .routes(routes!(get_routes::get_routes))
        .routes(routes!(get_top_students::get_top_students))
        .routes(routes!(get_grade::get_grade));
    match route {
        Route::Grpc => shared.routes(routes!(create_grade::create_by_route1)),
        Route::Redis => shared.routes(routes!(create_grade::create_by_route2)),
    }
}

api::capabilities! {
    Capabilities =>
    sql: Sql,
    live: Arc<dyn Live>,
    door: Door,
    rules: Rules,
}
