//! `POST /transfers/{id}/pause`: what arrived is kept, and nothing more moves. One's own; administrators any.

use api::auth::Caller;
use api::{Json, Path};
use axum::extract::State;
use kernel::id::Id;

use super::Hand;
use super::hand::Found;
use super::problem::Failure;
use crate::model::transfer::{Transfer, TransferState};
use crate::tracker::Order;

/// Pauses a transfer. An upload takes no bytes until it is let go; a download is cut off, and its client may ask again.
#[utoipa::path(
    post,
    path = "/api/v1/transfers/{id}/pause",
    tag = "transfers",
    params(("id" = String, Path)),
    responses((status = 200, body = Transfer), (status = 404), (status = 409, description = "It is complete"), (status = 410)),
    security(("token" = []))
)]
pub(super) async fn pause_transfer(
    State(hand): State<Hand>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<Transfer>, Failure> {
    caller.need_scope("files:write")?;
    Ok(Json(match hand.find(&caller, id).await? {
        Found::Upload(id) => Transfer::of_upload(&hand.ingest.pause(id).await?, hand.clock.now()),
        Found::Download(transfer) if transfer.state == TransferState::Transferring => {
            hand.cutter.cut(&transfer.id, Order::Pause).await;
            Transfer { state: TransferState::Paused, bytes_per_s: 0, ..*transfer }
        }
        Found::Download(transfer) => *transfer,
    }))
}
