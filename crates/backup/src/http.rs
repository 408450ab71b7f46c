//! The endpoints, one a file.

use std::sync::Arc;

use api::auth::{Caller, UserRole};
use api::{Json, Problem};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authority::Authority;
use crate::model::Attempt;
use crate::server::Means;

mod create_enroll_token;
mod create_target;
mod create_url;
mod delete_agent;
mod delete_target;
mod dismiss_alert;
mod enroll;
mod get_archive;
mod get_attempt;
mod get_backup;
mod get_content;
mod hello;
mod leader;
mod list_agents;
mod list_alerts;
mod list_backups;
mod list_entries;
mod list_log;
mod list_nodes;
mod list_parts;
mod list_targets;
mod range;
mod rehearse_backup;
mod renew_agent;
mod run_target;
mod signed;
mod update_node;
mod update_target;
mod verify_backup;
pub(crate) mod views;

pub(crate) use leader::Leader;
pub(crate) use signed::Signs;
use views::AttemptView;

/// Everything handlers may ask for; each asks for its part.
#[derive(Clone)]
pub(crate) struct Capabilities {
    pub(crate) means: Means,
    pub(crate) leader: Leader,
    pub(crate) authority: Arc<Authority>,
    pub(crate) signs: Signs,
}

/// The routes, still without their state.
pub(crate) fn routes() -> OpenApiRouter<Capabilities> {
    OpenApiRouter::new()
        .routes(routes!(list_targets::list_targets, create_target::create_target))
        .routes(routes!(delete_target::delete_target, update_target::update_target))
        .routes(routes!(run_target::run_target))
        .routes(routes!(list_nodes::list_nodes))
        .routes(routes!(update_node::update_node))
        .routes(routes!(list_alerts::list_alerts))
        .routes(routes!(dismiss_alert::dismiss_alert))
        .routes(routes!(list_agents::list_agents))
        .routes(routes!(delete_agent::delete_agent))
        .routes(routes!(list_backups::list_backups))
        .routes(routes!(list_log::list_log))
        .routes(routes!(get_attempt::get_attempt))
        .routes(routes!(create_enroll_token::create_enroll_token))
        .routes(routes!(enroll::enroll))
        .routes(routes!(hello::hello))
        .routes(routes!(renew_agent::renew_agent))
        .routes(routes!(get_backup::get_backup))
        .routes(routes!(get_archive::get_archive))
        .routes(routes!(list_parts::list_parts))
        .routes(routes!(list_entries::list_entries))
        .routes(routes!(get_content::get_content))
        .routes(routes!(verify_backup::verify_backup))
        .routes(routes!(rehearse_backup::rehearse_backup))
        .routes(routes!(create_url::create_url))
}

/// An attempt that is under way: its line of the log, and where to ask for it until it has ended.
fn accepted(attempt: &Attempt) -> Response {
    let place = format!("/api/v1/backups/log/{}", attempt.id);
    (StatusCode::ACCEPTED, [(LOCATION, place)], Json(AttemptView::of(attempt))).into_response()
}

/// Backups are the administrators' alone: archives hold what nobody else on a node may read.
fn may(caller: &Caller, scope: &str) -> Result<(), Problem> {
    caller.need_role(&[UserRole::Admin])?;
    caller.need_scope(scope)
}

api::capabilities! {
    Capabilities =>
    means: Means,
    leader: Leader,
    authority: Arc<Authority>,
    signs: Signs,
}
