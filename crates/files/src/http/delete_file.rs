//! `DELETE /files/{id}`: gone from the catalogue at once, its bytes by a durable job.

use api::auth::Caller;
use api::{Path, Problem};
use axum::extract::State;
use http::StatusCode;
use kernel::error::Kind;
use kernel::id::Id;

use super::get_file::readable;
use super::problem::Failure;
use super::{Catalogue, viewer};
use crate::store::Removal;

/// Removes a file.
#[utoipa::path(
    delete,
    path = "/api/v1/files/{id}",
    tag = "files",
    params(("id" = String, Path)),
    responses((status = 204), (status = 403), (status = 404)),
    security(("token" = []))
)]
pub(super) async fn delete_file(
    State(catalogue): State<Catalogue>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Failure> {
    caller.need_scope("files:write")?;
    let file = readable(&catalogue, viewer(&caller), id).await?;
    if !viewer(&caller).may_write(file.owner.id) {
        return Err(Problem::new(Kind::Forbidden, "Only its owner may remove this file.").into());
    }
    match catalogue.store.remove_file(id, catalogue.clock.now()).await? {
        Removal::Removed => Ok(StatusCode::NO_CONTENT),
        Removal::Absent => Err(Problem::not_found().into()),
    }
}
