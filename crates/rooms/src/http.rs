//! The endpoints, one a file.

use std::sync::Arc;

use axum::extract::FromRef;
use store::Sql;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::Inventory;

mod acknowledge;
mod create_request;
mod desk;
mod export_requests;
mod get_inventory;
mod get_metrics;
mod get_request;
mod list_alerts;
mod list_requests;
mod promote;
mod release;
pub(crate) mod views;

pub(crate) use desk::Desk;

/// Everything handlers may ask for; each asks for its part.
#[derive(Clone)]
pub(crate) struct Capabilities {
    pub(crate) desk: Desk,
    pub(crate) sql: Sql,
    pub(crate) inventory: Arc<Inventory>,
}

/// The routes, still without their state.
pub(crate) fn routes() -> OpenApiRouter<Capabilities> {
    OpenApiRouter::new()
        .routes(routes!(list_requests::list_requests, create_request::create_request))
        .routes(routes!(export_requests::export_requests))
        .routes(routes!(get_request::get_request))
        .routes(routes!(acknowledge::acknowledge))
        .routes(routes!(release::release))
        .routes(routes!(get_inventory::get_inventory))
        .routes(routes!(get_metrics::get_metrics))
        .routes(routes!(list_alerts::list_alerts))
        .routes(routes!(promote::promote))
}

/// Lets handlers extract one capability each; axum's derive is in a feature we do not build.
macro_rules! capability {
    ($($field:ident: $type:ty),+ $(,)?) => {
        $(impl FromRef<Capabilities> for $type {
            fn from_ref(all: &Capabilities) -> Self {
                all.$field.clone()
            }
        })+
    };
}

capability! {
    desk: Desk,
    sql: Sql,
    inventory: Arc<Inventory>,
}
