//! `DELETE /transfers/{id}`: ends a transfer for good. One's own; administrators any.

use api::Path;
use api::auth::Caller;
use axum::extract::State;
use http::StatusCode;
use kernel::id::Id;

use super::Hand;
use super::hand::Found;
use super::problem::Failure;
use crate::tracker::Order;

/// Ends a transfer for good: an upload is removed, a download cut off.
#[utoipa::path(
    delete,
    path = "/api/v1/transfers/{id}",
    tag = "transfers",
    params(("id" = String, Path)),
    responses((status = 204), (status = 404), (status = 409, description = "It is complete"), (status = 410)),
    security(("token" = []))
)]
pub(super) async fn delete_transfer(
    State(hand): State<Hand>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Failure> {
    caller.need_scope("files:write")?;
    match hand.find(&caller, id).await? {
        Found::Upload(id) => hand.ingest.abandon(id).await?,
        Found::Download(transfer) => hand.cutter.cut(&transfer.id, Order::End).await,
    }
    Ok(StatusCode::NO_CONTENT)
}
