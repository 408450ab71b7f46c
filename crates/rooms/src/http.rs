//! The endpoints, one a file.

use std::sync::Arc;

use kernel::clock::Clock;
use store::Sql;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::members::Members;
use crate::model::Inventory;

mod acknowledge;
mod admit_key;
mod create_member;
mod create_request;
mod desk;
mod export_record;
mod export_requests;
mod get_history;
mod get_inventory;
mod get_metrics;
mod get_request;
mod list_alerts;
mod list_decisions;
mod list_members;
mod list_requests;
mod promote;
mod release;
mod remove_member;
mod rename_member;
mod revoke_key;
pub(crate) mod views;

pub(crate) use desk::Desk;

/// Everything handlers may ask for; each asks for its part.
#[derive(Clone)]
pub(crate) struct Capabilities {
    pub(crate) desk: Desk,
    pub(crate) sql: Sql,
    pub(crate) inventory: Arc<Inventory>,
    pub(crate) members: Members,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The routes, still without their state.
pub(crate) fn routes() -> OpenApiRouter<Capabilities> {
    OpenApiRouter::new()
        .routes(routes!(list_requests::list_requests, create_request::create_request))
        .routes(routes!(export_requests::export_requests))
        .routes(routes!(export_record::export_record))
        .routes(routes!(get_request::get_request))
        .routes(routes!(acknowledge::acknowledge))
        .routes(routes!(release::release))
        .routes(routes!(get_inventory::get_inventory))
        .routes(routes!(get_metrics::get_metrics))
        .routes(routes!(get_history::get_history))
        .routes(routes!(list_members::list_members, create_member::create_member))
        .routes(routes!(rename_member::rename_member, remove_member::remove_member))
        .routes(routes!(admit_key::admit_key, revoke_key::revoke_key))
        .routes(routes!(list_decisions::list_decisions))
        .routes(routes!(list_alerts::list_alerts))
        .routes(routes!(promote::promote))
}

api::capabilities! {
    Capabilities =>
    desk: Desk,
    sql: Sql,
    inventory: Arc<Inventory>,
    members: Members,
    clock: Arc<dyn Clock>,
}
