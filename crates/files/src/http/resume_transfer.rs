//! `POST /transfers/{id}/resume`: a paused upload may go on. One's own; administrators any.

use api::auth::Caller;
use api::{Json, Path};
use axum::extract::State;
use kernel::id::Id;

use super::Hand;
use super::hand::Found;
use super::problem::Failure;
use crate::model::transfer::Transfer;

/// Lets a paused upload go on; its client does so by itself. A download needs no leave: its client asks for the rest.
#[utoipa::path(
    post,
    path = "/api/v1/transfers/{id}/resume",
    tag = "transfers",
    params(("id" = String, Path)),
    responses((status = 200, body = Transfer), (status = 404), (status = 409, description = "It is complete"), (status = 410)),
    security(("token" = []))
)]
pub(super) async fn resume_transfer(
    State(hand): State<Hand>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<Transfer>, Failure> {
    caller.need_scope("files:write")?;
    Ok(Json(match hand.find(&caller, id).await? {
        Found::Upload(id) => Transfer::of_upload(&hand.ingest.let_go(id).await?, hand.clock.now()),
        Found::Download(transfer) => *transfer,
    }))
}
