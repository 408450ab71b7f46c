//! `POST /vouchers`: lets somebody without an account upload for the caller.

use api::auth::Caller;
use api::idempotency::{self, IDEMPOTENCY_REPLAYED, Repeatable};
use api::{Json, Problem};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Failure;
use super::{Inviting, owner};
use crate::ingest::IngestError;
use crate::model::voucher::{NewVoucher, VoucherView};
use crate::store::{Remember, Repeat};

/// A new voucher.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeVoucher {
    /// The page for the guest.
    #[schema(example = "/v/0123456789abcdef0123456789abcdef")]
    url: String,
    /// The token itself: `X-Bedel-Voucher`. It is not shown again.
    token: String,
    /// What is kept of it.
    #[serde(flatten)]
    voucher: VoucherView,
}

/// Lets somebody without an account upload for the caller.
#[utoipa::path(
    post,
    path = "/api/v1/vouchers",
    tag = "vouchers",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewVoucher,
    responses((status = 201, body = MadeVoucher), (status = 422)),
    security(("token" = []))
)]
pub(super) async fn create_voucher(
    State(inviting): State<Inviting>,
    caller: Caller,
    request: Repeatable<NewVoucher>,
) -> Result<Response, Failure> {
    caller.need_scope("files:write")?;
    let now = inviting.clock.now();
    let voucher = request.body.check(inviting.ids.next(), owner(&caller), now)?;
    let remember = request.key.0.map(|key| Remember {
        scope: idempotency::scope(Some(&caller), &Method::POST, "/api/v1/vouchers"),
        key,
        digest: inviting.signer.seal(&request.digest),
    });
    let token = inviting.signer.token(&inviting.ids, remember.as_ref().map(Remember::name));
    inviting.store.note_role(caller.user, caller.role).await?;
    let (voucher, replayed) = match inviting.store.create_voucher(voucher.clone(), token.hash(), remember).await? {
        Repeat::New => (voucher, false),
        Repeat::Before(id) => (inviting.store.voucher(id).await?.ok_or_else(Problem::not_found)?, true),
        Repeat::OtherRequest => return Err(IngestError::OtherRequest.into()),
    };
    let url = format!("/v/{}", token.expose());
    let made = MadeVoucher { url, token: token.expose().to_owned(), voucher: voucher.view(now) };
    let mut response = (StatusCode::CREATED, Json(made)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if replayed {
        response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}
