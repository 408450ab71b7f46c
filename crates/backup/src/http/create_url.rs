//! `POST /api/v1/backups/{id}/url`

use api::auth::Caller;
use api::signed::LIFETIME;
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use kernel::clock::Timestamp;
use kernel::id::Id;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::signed::{Opens, Signs};
use crate::error::BackupError;
use crate::server::Means;
use crate::store::archives;

/// What the address is to open.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Opened {
    /// A file's name, as the entries have it; the whole archive unless given.
    name: Option<String>,
}

/// An address that opens without a token, for a while.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackupUrl {
    /// Its path and query.
    url: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// An address for browsers, which opens a backup's archive, or one file of it, for ten minutes without a token.
#[utoipa::path(
    post, operation_id = "create_backup_url", path = "/api/v1/backups/{id}/url", tag = "backups",
    params(("id" = String, Path)), request_body = Opened,
    responses(
        (status = 200, body = BackupUrl),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn create_url(
    State(means): State<Means>,
    State(signs): State<Signs>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(opened): Json<Opened>,
) -> Result<Json<BackupUrl>, Problem> {
    super::may(&caller, "backups:read")?;
    let found = archives::get(means.sql.reader(), id).await.map_err(BackupError::from)?;
    if !found.ok_or(BackupError::NotFound)?.kept {
        return Err(BackupError::Dropped.into());
    }
    let expires_at = signs.clock.now().plus(LIFETIME);
    let url = match &opened.name {
        None => {
            let signature = Opens::Archive(id).sign(&signs.signer, expires_at);
            format!("/api/v1/backups/{id}/archive.tgz?signature={signature}")
        }
        Some(name) => {
            let signature = Opens::Content(id, name).sign(&signs.signer, expires_at);
            let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
            format!("/api/v1/backups/{id}/content?name={name}&signature={signature}")
        }
    };
    Ok(Json(BackupUrl { url, expires_at }))
}
