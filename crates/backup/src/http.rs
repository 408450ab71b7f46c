//! The endpoints, one a file.

use std::sync::Arc;

use api::Problem;
use api::auth::{Caller, UserRole};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authority::Authority;
use crate::server::Means;

mod create_enroll_token;
mod create_target;
mod delete_target;
mod enroll;
mod get_archive;
mod get_attempt;
mod get_backup;
mod get_content;
mod hello;
mod leader;
mod list_backups;
mod list_entries;
mod list_log;
mod list_targets;
mod range;
mod run_target;
mod verify_backup;
mod views;

pub(crate) use leader::Leader;

/// Everything handlers may ask for; each asks for its part.
#[derive(Clone)]
pub(crate) struct Capabilities {
    pub(crate) means: Means,
    pub(crate) leader: Leader,
    pub(crate) authority: Arc<Authority>,
}

/// The routes, still without their state.
pub(crate) fn routes() -> OpenApiRouter<Capabilities> {
    OpenApiRouter::new()
        .routes(routes!(list_targets::list_targets, create_target::create_target))
        .routes(routes!(delete_target::delete_target))
        .routes(routes!(run_target::run_target))
        .routes(routes!(list_backups::list_backups))
        .routes(routes!(list_log::list_log))
        .routes(routes!(get_attempt::get_attempt))
        .routes(routes!(create_enroll_token::create_enroll_token))
        .routes(routes!(enroll::enroll))
        .routes(routes!(hello::hello))
        .routes(routes!(get_backup::get_backup))
        .routes(routes!(get_archive::get_archive))
        .routes(routes!(list_entries::list_entries))
        .routes(routes!(get_content::get_content))
        .routes(routes!(verify_backup::verify_backup))
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
}
