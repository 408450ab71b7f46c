//! `GET /api/v1/rooms/alerts`

use api::auth::{Caller, UserRole};
use api::{Json, Problem};
use axum::extract::State;
use serde::Serialize;
use store::Sql;
use utoipa::ToSchema;

use super::views::AlertView;
use crate::error::RoomsError;
use crate::store::listing;

const SHOWN: u32 = 200;

/// The newest alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Alerts {
    items: Vec<AlertView>,
}

/// What somebody should know, newest first.
#[utoipa::path(
    get, path = "/api/v1/rooms/alerts", tag = "rooms",
    responses((status = 200, body = Alerts)),
    security(("token" = [])),
)]
pub(super) async fn list_alerts(State(sql): State<Sql>, caller: Caller) -> Result<Json<Alerts>, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    caller.need_scope("rooms:read")?;
    let found = listing::alerts(sql.reader(), SHOWN).await.map_err(RoomsError::from)?;
    Ok(Json(Alerts { items: found.iter().map(AlertView::of).collect() }))
}
