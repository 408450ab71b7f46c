//! `POST /files/{id}/shares`: a link that opens one file for whoever has it.

use api::Path;
use api::auth::Caller;
use api::idempotency::{self, IDEMPOTENCY_REPLAYED, Repeatable};
use api::{Json, Problem};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Method, StatusCode};
use kernel::id::Id;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Failure;
use super::{Sharing, writable};
use crate::ingest::IngestError;
use crate::model::share::{NewShare, Share, ShareView};
use crate::store::{Remember, Repeat};

/// A new share.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeShare {
    /// The page that opens it.
    #[schema(example = "/s/0123456789abcdef0123456789abcdef")]
    url: String,
    /// The token itself. It is not shown again.
    token: String,
    /// What is kept of it.
    #[serde(flatten)]
    share: ShareView,
}

/// A link that opens one file for whoever has it.
#[utoipa::path(
    post,
    path = "/api/v1/files/{id}/shares",
    tag = "shares",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewShare,
    responses((status = 201, body = MadeShare), (status = 403), (status = 404), (status = 422)),
    security(("token" = []))
)]
pub(super) async fn create_share(
    State(sharing): State<Sharing>,
    caller: Caller,
    Path(id): Path<Id>,
    request: Repeatable<NewShare>,
) -> Result<Response, Failure> {
    caller.need_scope("files:write")?;
    let file = writable(&sharing.downloading.store, &caller, id, "share").await?;
    let now = sharing.downloading.clock.now();
    let asked = request.body.check(now)?;
    let remember = request.key.0.map(|key| Remember {
        scope: idempotency::scope(Some(&caller), &Method::POST, &format!("/api/v1/files/{id}/shares")),
        key,
        digest: sharing.downloading.signer.seal(&request.digest),
    });
    let token = sharing.downloading.signer.token(&sharing.downloading.ids, remember.as_ref().map(Remember::name));
    let password = match asked.password {
        Some(password) => Some(sharing.passwords.hash(password).await?),
        None => None,
    };
    let share = Share {
        id: sharing.downloading.ids.next(),
        file: file.id,
        password,
        note: asked.note.unwrap_or_default(),
        expires_at: asked.expires_at,
        max_downloads: asked.max_downloads,
        downloads: 0,
        counted_at: None,
        revoked_at: None,
        created_at: now,
    };
    let (share, replayed) = match sharing.downloading.store.create_share(share.clone(), token.hash(), remember).await? {
        Repeat::New => (share, false),
        Repeat::Before(id) => (sharing.downloading.store.share(id).await?.ok_or_else(Problem::not_found)?, true),
        Repeat::OtherRequest => return Err(IngestError::OtherRequest.into()),
    };
    let url = format!("/s/{}", token.expose());
    let made = MadeShare { url, token: token.expose().to_owned(), share: share.view(now) };
    let mut response = (StatusCode::CREATED, Json(made)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if replayed {
        response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}
