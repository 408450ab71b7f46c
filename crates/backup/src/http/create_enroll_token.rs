//! `POST /api/v1/backups/enroll-tokens`

use std::sync::Arc;
use std::time::Duration;

use api::auth::Caller;
use api::{Json, Problem};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

use crate::authority::{Authority, hex};
use crate::error::BackupError;
use crate::server::Means;
use crate::store::agents::{self, Enrolment};

/// How long a token is good.
const GOOD_FOR: Duration = Duration::from_secs(900);

/// What a node needs, once, to become an agent, besides the campus's address.
#[derive(Debug, Serialize, ToSchema)]
struct Token {
    #[schema(value_type = String)]
    id: Id,
    /// Not shown again.
    secret: String,
    /// SHA-256 of the certificate of the authority for backups, in hex.
    ca: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Make a token with which one node may enrol its agent, within 15 minutes. `bedel backup enroll-token` makes a word of it.
#[utoipa::path(
    post, path = "/api/v1/backups/enroll-tokens", tag = "backups",
    responses((status = 201, body = Token)),
    security(("token" = [])),
)]
pub(super) async fn create_enroll_token(
    State(means): State<Means>,
    State(authority): State<Arc<Authority>>,
    caller: Caller,
) -> Result<Response, Problem> {
    super::may(&caller, "backups:write")?;
    let mut secret = [0; 32];
    means.ids.fill(&mut secret);
    let (id, secret, expires_at) = (means.ids.next(), hex(&secret), means.clock.now().plus(GOOD_FOR));
    let (kept, created_by) = (secret.clone(), caller.user);
    let given = means.sql.write(move |transaction| {
        let token = Enrolment { id, secret: kept.clone(), created_by, expires_at };
        async move { agents::give_token(transaction, &token).await }.boxed()
    });
    given.await.map_err(|error: StoreError| BackupError::from(error))?;
    let token = Token { id, secret, ca: authority.fingerprint(), expires_at };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(token)).into_response())
}
