//! `DELETE /shares/{share}`: revokes a link by its id.

use api::auth::Caller;
use api::{Path, Problem};
use axum::extract::State;
use http::StatusCode;
use kernel::id::Id;

use super::problem::Failure;
use super::{Sharing, writable};

/// Revokes a link. Addresses it opened stay good for their ten minutes.
#[utoipa::path(
    delete,
    path = "/api/v1/shares/{share}",
    tag = "shares",
    params(("share" = String, Path, description = "The share's id")),
    responses((status = 204), (status = 403), (status = 404)),
    security(("token" = []))
)]
pub(super) async fn delete_share(
    State(sharing): State<Sharing>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Failure> {
    caller.need_scope("files:write")?;
    let store = &sharing.downloading.store;
    let share = store.share(id).await?.ok_or_else(Problem::not_found)?;
    writable(store, &caller, share.file, "share").await?;
    if store.revoke_share(id, sharing.downloading.clock.now()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found().into())
    }
}
