//! `GET /api/v1/backups/{id}/archive.tgz`

use api::auth::MaybeCaller;
use api::disposition::attachment;
use api::{Path, Problem, ProblemBody, Query};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use kernel::id::Id;

use super::leader::Leader;
use super::range::{Wanted, wanted};
use super::signed::{Opens, Signed, Signs};
use crate::error::BackupError;
use crate::model::Archive;

/// The backup as one gzip member, for `curl … | tar xz`. Ranges of it can be had, and its bytes never change.
#[utoipa::path(
    get, operation_id = "get_backup_archive", path = "/api/v1/backups/{id}/archive.tgz", tag = "backups",
    params(("id" = String, Path), Signed, ("Range" = Option<String>, Header)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/gzip"),
        (status = 206, body = Vec<u8>, content_type = "application/gzip"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 416),
    ),
    security((), ("token" = [])),
)]
pub(super) async fn get_archive(
    State(signs): State<Signs>,
    State(leader): State<Leader>,
    caller: MaybeCaller,
    Path(id): Path<Id>,
    Query(signed): Query<Signed>,
    (method, uri, headers): (Method, Uri, HeaderMap),
) -> Result<Response, Problem> {
    Opens::Archive(id).may(&signs, &caller, signed.signature.as_deref())?;
    let Some(term) = leader.term() else {
        let path = uri.path_and_query().map_or(uri.path(), |both| both.as_str());
        return Ok(leader.hand_on(method, path, &headers).await?);
    };
    let (listed, repository) = leader.repository(&term, id).await?;
    let archive = repository.archive(listed.number).await.map_err(BackupError::from)?;
    let (length, tag) = (archive.length(), format!("\"{}\"", archive.tag()));
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let fixed = [
        (ACCEPT_RANGES, "bytes".to_owned()),
        (ETAG, tag.clone()),
        (CACHE_CONTROL, "private, no-cache".to_owned()),
        (CONTENT_TYPE, "application/gzip".to_owned()),
        (CONTENT_DISPOSITION, attachment(&file_name(&listed))),
    ];
    if text(IF_NONE_MATCH).is_some_and(|tags| tags == "*" || tags.split(',').any(|one| one.trim() == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    let asked = text(RANGE).filter(|_| text(IF_RANGE).is_none_or(|known| known == tag));
    let (status, part) = match wanted(asked, length) {
        Wanted::Whole => (StatusCode::OK, 0..length),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nothing => {
            let all = [(CONTENT_RANGE, format!("bytes */{length}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, all).into_response());
        }
    };
    let size = [(CONTENT_LENGTH, (part.end - part.start).to_string())];
    let range = (status == StatusCode::PARTIAL_CONTENT)
        .then(|| [(CONTENT_RANGE, format!("bytes {}-{}/{length}", part.start, part.end - 1))]);
    let pieces = archive.read(part).map_err(BackupError::from)?;
    let mut response = (status, fixed, size, Body::from_stream(pieces)).into_response();
    if let Some([(name, value)]) = range
        && let Ok(value) = value.parse()
    {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// Of letters that need no quotes: `web-1-srv-data-01k9….tgz`.
fn file_name(archive: &Archive) -> String {
    let plain = |text: &str| {
        let letter = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
        text.chars().map(letter).take(80).collect::<String>()
    };
    format!("{}{}-{}.tgz", plain(&archive.address.host), plain(&archive.path), archive.id)
}
