//! `GET /api/v1/backups/{id}/content`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::MaybeCaller;
use api::disposition::attachment;
use api::{Path, Problem, ProblemBody, Query};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, Method, Uri};
use kernel::id::Id;
use serde::Deserialize;
use utoipa::IntoParams;
use vault::tar::Kind;

use super::leader::Leader;
use super::signed::{Opens, Signs};
use crate::error::BackupError;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The file's name, as the entries have it.
    name: String,
    /// From `POST /backups/{id}/url`, instead of a token.
    signature: Option<String>,
}

/// One file out of a backup, without reading the rest.
#[utoipa::path(
    get, operation_id = "get_backup_content", path = "/api/v1/backups/{id}/content", tag = "backups", params(("id" = String, Path), Wanted),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security((), ("token" = [])),
)]
pub(super) async fn get_content(
    State(signs): State<Signs>,
    State(leader): State<Leader>,
    caller: MaybeCaller,
    Path(id): Path<Id>,
    Query(wanted): Query<Wanted>,
    (method, uri, headers): (Method, Uri, HeaderMap),
) -> Result<Response, Problem> {
    Opens::Content(id, &wanted.name).may(&signs, &caller, wanted.signature.as_deref())?;
    let Some(term) = leader.term() else {
        let path = uri.path_and_query().map_or(uri.path(), |both| both.as_str());
        return Ok(leader.hand_on(method, path, &headers).await?);
    };
    let (listed, repository) = leader.repository(&term, id).await?;
    let file = repository.open_file(listed.number, wanted.name.as_bytes()).await.map_err(BackupError::from)?;
    let Kind::File { size, .. } = file.meta.kind else { return Err(BackupError::NotFound.into()) };
    let fixed = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, size.to_string()),
        (CONTENT_DISPOSITION, attachment(file_name(&wanted.name))),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((fixed, Body::from_stream(file.content)).into_response())
}

/// The last part of a name.
fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
