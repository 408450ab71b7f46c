//! `POST /api/v1/backups/hello`

use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use futures::FutureExt;
use http::StatusCode;
use kernel::id::Id;
use serde::Deserialize;
use store::StoreError;
use utoipa::ToSchema;

use super::leader::Leader;
use crate::error::BackupError;
use crate::server::Means;
use crate::store::{agents, targets};
use crate::token::proves;

/// Seconds by which an agent's clock may differ.
const CLOCKS: i64 = 600;

/// An agent that answers again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    /// The token it was enrolled with.
    #[schema(value_type = String)]
    token: Id,
    /// Seconds since 1970.
    at: i64,
    /// HMAC-SHA-256 of `hello AT` under the token's secret, in hex.
    proof: String,
}

/// Hear from an agent that it answers again: what waits for its node begins at once. Said twice, it changes nothing more.
#[utoipa::path(
    post, path = "/api/v1/backups/hello", tag = "backups", request_body = Hello,
    responses((status = 204), (status = 403, body = ProblemBody, content_type = "application/problem+json")),
)]
pub(super) async fn hello(
    State(means): State<Means>,
    State(leader): State<Leader>,
    Json(said): Json<Hello>,
) -> Result<StatusCode, Problem> {
    let now = means.clock.now();
    let known = agents::enrolled(means.sql.reader(), said.token).await.map_err(BackupError::from)?;
    let fits = (now.as_seconds() - said.at).abs() <= CLOCKS;
    let known = known.filter(|(secret, _)| fits && proves(secret, &format!("hello {}", said.at), &said.proof));
    let Some((_, agent)) = known else { return Err(BackupError::BadToken.into()) };
    let hurried =
        means.sql.write(move |transaction| async move { targets::hurry(transaction, agent, now).await }.boxed());
    hurried.await.map_err(|error: StoreError| BackupError::from(error))?;
    leader.nudge.notify_one();
    Ok(StatusCode::NO_CONTENT)
}
