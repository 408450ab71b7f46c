//! `GET /vouchers`: one's own; administrators see all. Their tokens are not kept.

use api::auth::Caller;
use api::{Json, Page, Paged};
use axum::extract::State;

use super::Inviting;
use super::problem::Failure;
use crate::model::voucher::{Voucher, VoucherView};

/// Vouchers that were not revoked, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/vouchers",
    tag = "vouchers",
    params(Page),
    responses((status = 200, body = Paged<VoucherView>)),
    security(("token" = []))
)]
pub(super) async fn list_vouchers(
    State(inviting): State<Inviting>,
    caller: Caller,
    page: Page,
) -> Result<Json<Paged<VoucherView>>, Failure> {
    caller.need_scope("files:read")?;
    let whose = (!caller.is_admin()).then_some(caller.user);
    let found = inviting.store.vouchers(whose, page.position()?, page.limit + 1).await?;
    let now = inviting.clock.now();
    let cut = Paged::cut(found, page.limit, |voucher: &Voucher| voucher.id.to_string());
    let items = cut.items.iter().map(|voucher| voucher.view(now)).collect();
    Ok(Json(Paged { items, next_cursor: cut.next_cursor }))
}
