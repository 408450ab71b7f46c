//! `POST /api/v1/backups/enroll`

use std::sync::Arc;

use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use futures::FutureExt;
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use store::StoreError;
use utoipa::ToSchema;

use crate::authority::Authority;
use crate::error::BackupError;
use crate::server::Means;
use crate::store::agents;
use crate::token::proves;

/// A node that wants to become an agent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrolment {
    /// Which token.
    #[schema(value_type = String)]
    token: Id,
    /// A certificate request (PKCS #10, PEM), of which the key counts.
    request: String,
    /// HMAC-SHA-256 of `request` under the token's secret, in hex.
    proof: String,
}

/// What makes it one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Enrolled {
    #[schema(value_type = String)]
    agent: Id,
    /// In PEM.
    certificate: String,
    /// The authority's certificate, in PEM: the agent compares it with what its token says.
    authority: String,
    /// When the certificate ends; it can be renewed before.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl Enrolled {
    pub(super) fn new(agent: Id, certificate: String, authority: &Authority, expires_at: Timestamp) -> Self {
        Self { agent, certificate, authority: authority.pem().to_owned(), expires_at }
    }
}

/// Certify an agent's key. No login: the token is one.
#[utoipa::path(
    post, path = "/api/v1/backups/enroll", tag = "backups", request_body = Enrolment,
    responses(
        (status = 200, body = Enrolled),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
         description = "The token is unknown, used up or expired."),
    ),
)]
pub(super) async fn enroll(
    State(means): State<Means>,
    State(authority): State<Arc<Authority>>,
    Json(asked): Json<Enrolment>,
) -> Result<Json<Enrolled>, Problem> {
    let now = means.clock.now();
    let secret = agents::secret(means.sql.reader(), asked.token, now).await.map_err(BackupError::from)?;
    if !secret.is_some_and(|secret| proves(&secret, &asked.request, &asked.proof)) {
        return Err(BackupError::BadToken.into());
    }
    let agent = means.ids.next();
    let (certificate, fingerprint, expires_at) =
        authority.sign_agent(&asked.request, agent, now).map_err(BackupError::BadRequest)?;
    let token = asked.token;
    let used = means.sql.write(move |transaction| {
        let fingerprint = fingerprint.clone();
        async move { agents::enroll(transaction, token, agent, (&fingerprint, expires_at), now).await }.boxed()
    });
    let used: bool = used.await.map_err(|error: StoreError| BackupError::from(error))?;
    if !used {
        return Err(BackupError::BadToken.into());
    }
    tracing::info!(agent.id = %agent, "an agent was enrolled");
    Ok(Json(Enrolled::new(agent, certificate, &authority, expires_at)))
}
