//! `GET /transfers`: what moves now, and what stopped and can go on. One's own; administrators see all.

use std::collections::BTreeMap;

use api::Json;
use api::auth::Caller;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Failure;
use super::{GoingOn, owner};
use crate::model::Hold;
use crate::model::transfer::{Direction, PREFIX, Transfer, TransferState};

/// Transfers.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Transfers {
    /// They, most recent uploads first.
    items: Vec<Transfer>,
    /// Always `null`: the list is whole.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// What moves now, and what stopped and can go on.
#[utoipa::path(
    get,
    path = "/api/v1/transfers",
    tag = "transfers",
    responses((status = 200, body = Transfers)),
    security(("token" = []))
)]
pub(super) async fn list_transfers(
    State(going_on): State<GoingOn>,
    caller: Caller,
) -> Result<Json<Transfers>, Failure> {
    caller.need_scope("files:read")?;
    going_on.tracker.saw(&owner(&caller));
    let mine = caller.user.to_string();
    let visible = |transfer: &Transfer| caller.is_admin() || transfer.user == mine;

    let mut found: BTreeMap<String, Transfer> = BTreeMap::new();
    let told = going_on.in_live(PREFIX).await;
    let told = told.iter().filter_map(|(_, value)| serde_json::from_slice(value).ok());
    for transfer in told.chain(going_on.tracker.here()).filter(visible) {
        found.insert(transfer.id.clone(), transfer);
    }
    // SQL has the last word on what is unfinished: what it does not know any more was removed or completed.
    let now = going_on.clock.now();
    let unfinished = going_on.store.unfinished((!caller.is_admin()).then_some(caller.user)).await?;
    for upload in &unfinished {
        let id = upload.id.to_string();
        // Whoever was told to stop may not have told Live yet.
        if upload.hold == Hold::Paused {
            found.insert(id, Transfer::of_upload(upload, now));
        } else {
            found.entry(id).or_insert_with(|| Transfer::of_upload(upload, now));
        }
    }
    let open: std::collections::BTreeSet<String> = unfinished.iter().map(|upload| upload.id.to_string()).collect();
    let mut items: Vec<Transfer> = found
        .into_values()
        .filter(|transfer| {
            let over = transfer.state == TransferState::Done || transfer.direction == Direction::Download;
            over || open.contains(&transfer.id) || unfinished.len() >= 500
        })
        .collect();
    items.reverse();
    Ok(Json(Transfers { items, next_cursor: None }))
}
