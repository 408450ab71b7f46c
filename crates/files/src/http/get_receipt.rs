//! `GET /vouchers/{voucher}/receipt`: what a guest has uploaded, and how to go on.

use api::{Json, Path, Problem};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use kernel::clock::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Inviting;
use super::problem::Failure;
use crate::model::secret_token;
use crate::model::voucher::{Item, ItemView, VoucherState};

/// What a guest has uploaded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Receipt {
    /// What the member wrote.
    note: String,
    /// The member's user name.
    from: String,
    /// Whether the voucher takes uploads.
    state: VoucherState,
    /// After this no upload is begun with it.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// How many files it still takes.
    files_left: u64,
    /// How many bytes it still takes; `null` without a limit.
    #[schema(required)]
    bytes_left: Option<u64>,
    /// What was begun with it, the oldest first.
    items: Vec<ItemView>,
}

/// What a guest has uploaded, and how to go on.
#[utoipa::path(
    get,
    path = "/api/v1/vouchers/{voucher}/receipt",
    tag = "vouchers",
    params(("voucher" = String, Path, description = "The voucher's token")),
    responses((status = 200, body = Receipt), (status = 404)),
    security(())
)]
pub(super) async fn get_receipt(
    State(inviting): State<Inviting>,
    Path(token): Path<String>,
) -> Result<Response, Failure> {
    let found = inviting.store.voucher_by_token(&secret_token::hash(&token)).await?;
    let voucher = found.ok_or_else(Problem::not_found)?;
    let items = inviting.store.voucher_items(voucher.id).await?;
    let mut response = Json(Receipt {
        state: voucher.state(inviting.clock.now()),
        files_left: voucher.files_left(),
        bytes_left: voucher.bytes_left(),
        items: items.iter().map(Item::view).collect(),
        note: voucher.note,
        from: voucher.owner.name,
        expires_at: voucher.expires_at,
    })
    .into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
