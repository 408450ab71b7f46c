//! `POST /api/v1/backups/renew`

use std::sync::Arc;

use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use futures::FutureExt;
use kernel::id::Id;
use serde::Deserialize;
use store::StoreError;
use utoipa::ToSchema;

use super::enroll::Enrolled;
use crate::authority::Authority;
use crate::error::BackupError;
use crate::server::Means;
use crate::store::agents;
use crate::token::proves;

/// An agent whose certificate ends soon.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Renewal {
    /// The token it was enrolled with.
    #[schema(value_type = String)]
    token: Id,
    /// SHA-256 of its present certificate, in hex.
    present: String,
    /// A certificate request (PKCS #10, PEM), of which the key counts.
    request: String,
    /// HMAC-SHA-256 of `renew PRESENT REQUEST` under the token's secret, in hex.
    proof: String,
}

/// Certify an agent's new key. No login: the token it was enrolled with and its present certificate say who it is. The
/// present one stays good until the next renewal, so that an answer which is lost harms nobody.
#[utoipa::path(
    post, operation_id = "renew_backup_agent", path = "/api/v1/backups/renew", tag = "backups", request_body = Renewal,
    responses(
        (status = 200, body = Enrolled),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
         description = "It is not known, or was revoked."),
    ),
)]
pub(super) async fn renew_agent(
    State(means): State<Means>,
    State(authority): State<Arc<Authority>>,
    Json(asked): Json<Renewal>,
) -> Result<Json<Enrolled>, Problem> {
    let known = agents::enrolled(means.sql.reader(), asked.token).await.map_err(BackupError::from)?;
    let said = format!("renew {} {}", asked.present, asked.request);
    let Some((_, agent)) = known.filter(|(secret, _)| proves(secret, &said, &asked.proof)) else {
        return Err(BackupError::BadToken.into());
    };
    let (certificate, fingerprint, expires_at) =
        authority.sign_agent(&asked.request, agent, means.clock.now()).map_err(BackupError::BadRequest)?;
    let present = asked.present;
    let renewed = means.sql.write(move |transaction| {
        let (present, fingerprint) = (present.clone(), fingerprint.clone());
        async move { agents::renew(transaction, agent, &present, (&fingerprint, expires_at)).await }.boxed()
    });
    let renewed: bool = renewed.await.map_err(|error: StoreError| BackupError::from(error))?;
    if !renewed {
        return Err(BackupError::BadToken.into());
    }
    tracing::info!(agent.id = %agent, "an agent's certificate was renewed");
    Ok(Json(Enrolled::new(agent, certificate, &authority, expires_at)))
}
