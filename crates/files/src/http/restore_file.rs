//! `POST /files/{id}/restore`: out of the trash again.

use api::auth::Caller;
use api::{Path, Problem};
use axum::extract::State;
use axum::response::Response;
use kernel::error::Kind;
use kernel::id::Id;

use super::get_file::view;
use super::problem::Failure;
use super::{Catalogue, viewer};
use crate::model::FileView;

/// Brings a file back from the trash. One that is not there stays as it is.
#[utoipa::path(
    post,
    path = "/api/v1/files/{id}/restore",
    tag = "files",
    params(("id" = String, Path)),
    responses((status = 200, body = FileView), (status = 403), (status = 404)),
    security(("token" = []))
)]
pub(super) async fn restore_file(
    State(catalogue): State<Catalogue>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Response, Failure> {
    caller.need_scope("files:write")?;
    let viewer = viewer(&caller);
    let file = catalogue.store.file_or_trashed(id).await?.ok_or_else(Problem::not_found)?;
    if !viewer.may_write(file.owner.id) {
        let seen = file.deleted_at.is_none() && viewer.may_read(file.owner.id, file.metadata.visibility);
        let refused = Problem::new(Kind::Forbidden, "Only its owner may bring this file back.");
        return Err(if seen { refused } else { Problem::not_found() }.into());
    }
    let restored = catalogue.store.restore(id, catalogue.clock.now()).await?;
    Ok(view(&restored.ok_or_else(Problem::not_found)?))
}
