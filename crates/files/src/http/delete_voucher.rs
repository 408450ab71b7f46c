//! `DELETE /vouchers/{voucher}`: revokes a voucher by its id and ends what is being uploaded with it.

use api::auth::Caller;
use api::{Path, Problem};
use axum::extract::State;
use http::StatusCode;
use kernel::id::Id;

use super::problem::Failure;
use super::{Inviting, viewer};
use crate::ingest::IngestError;
use crate::model::voucher::Stands;

/// Revokes a voucher and ends what is being uploaded with it. Files that arrived stay.
#[utoipa::path(
    delete,
    path = "/api/v1/vouchers/{voucher}",
    tag = "vouchers",
    params(("voucher" = String, Path, description = "The voucher's id")),
    responses((status = 204), (status = 404)),
    security(("token" = []))
)]
pub(super) async fn delete_voucher(
    State(inviting): State<Inviting>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Failure> {
    caller.need_scope("files:write")?;
    let voucher = inviting.store.voucher(id).await?.ok_or_else(Problem::not_found)?;
    if !viewer(&caller).may_write(voucher.owner.id) || !inviting.store.revoke_voucher(id, inviting.clock.now()).await? {
        return Err(Problem::not_found().into());
    }
    // Nothing is begun with it any more, so this finds all there is.
    for item in inviting.store.voucher_items(id).await? {
        if matches!(item.stands, Stands::Open { .. }) {
            match inviting.ingest.abandon(item.id).await {
                Ok(()) | Err(IngestError::Gone | IngestError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
