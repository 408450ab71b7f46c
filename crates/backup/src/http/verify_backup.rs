//! `POST /api/v1/backups/{id}/verify`

use api::auth::Caller;
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt;
use http::{HeaderMap, Method};
use kernel::id::Id;
use serde::Serialize;
use utoipa::ToSchema;

use super::leader::Leader;
use crate::authority::hex;
use crate::error::BackupError;

/// What reading a backup found.
#[derive(Debug, Serialize, ToSchema)]
struct Verified {
    #[schema(value_type = String)]
    id: Id,
    /// Whether every chunk is what it was when it was committed.
    good: bool,
    /// Chunks of the tar stream that were read, inflated and found to have their hash and their CRC-32.
    chunks: u64,
    /// Bytes that they have.
    read: u64,
    /// SHA-256 of the archive, in hex.
    sha256: Option<String>,
    /// What is wrong, if anything is.
    detail: Option<String>,
}

/// Read a backup back, every chunk against its hash.
#[utoipa::path(
    post, path = "/api/v1/backups/{id}/verify", tag = "backups", params(("id" = String, Path)),
    responses(
        (status = 200, body = Verified),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn verify_backup(
    State(leader): State<Leader>,
    caller: Caller,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    super::may(&caller, "backups:read")?;
    let Some(term) = leader.term() else {
        return Ok(leader.hand_on(Method::POST, &format!("/api/v1/backups/{id}/verify"), &headers).await?);
    };
    let (listed, repository) = leader.repository(&term, id).await?;
    let (mut chunks, mut read) = (0, 0);
    let reading = async {
        let mut stream = repository.tar_stream(listed.number).await?;
        while let Some(chunk) = stream.try_next().await? {
            chunks += 1;
            read += chunk.len() as u64;
        }
        repository.digest(listed.number).await
    };
    let (sha256, detail) = match reading.await {
        Ok(digest) => (Some(hex(&digest)), None),
        Err(error) if error.kind() == kernel::error::Kind::Unavailable => {
            return Err(BackupError::from(error).into());
        }
        Err(error) => {
            tracing::error!(backup.id = %id, error = %error, "a backup is damaged");
            (None, Some(error.to_string()))
        }
    };
    Ok(Json(Verified { id, good: detail.is_none(), chunks, read, sha256, detail }).into_response())
}
