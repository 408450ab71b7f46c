//! `GET /files/{id}/shares`: the links that open a file, for who may write it. Their tokens are not kept.

use api::auth::Caller;
use api::{Json, Page, Paged, Path};
use axum::extract::State;
use kernel::id::Id;

use super::problem::Failure;
use super::{Sharing, writable};
use crate::model::share::{Share, ShareView};

/// The links that open a file, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/files/{id}/shares",
    tag = "shares",
    params(("id" = String, Path), Page),
    responses((status = 200, body = Paged<ShareView>), (status = 403), (status = 404)),
    security(("token" = []))
)]
pub(super) async fn list_shares(
    State(sharing): State<Sharing>,
    caller: Caller,
    Path(id): Path<Id>,
    page: Page,
) -> Result<Json<Paged<ShareView>>, Failure> {
    caller.need_scope("files:read")?;
    writable(&sharing.downloading.store, &caller, id, "share").await?;
    let found = sharing.downloading.store.shares(id, page.position()?, page.limit + 1).await?;
    let now = sharing.downloading.clock.now();
    let cut = Paged::cut(found, page.limit, |share: &Share| share.id.to_string());
    Ok(Json(Paged { items: cut.items.iter().map(|share| share.view(now)).collect(), next_cursor: cut.next_cursor }))
}
