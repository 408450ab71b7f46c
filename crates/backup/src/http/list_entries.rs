//! `GET /api/v1/backups/{id}/entries`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::Caller;
use api::{Json, Path, Problem, ProblemBody, Query};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, Uri};
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use vault::manifest::{Entry, EntryKind};

use super::leader::Leader;
use crate::error::BackupError;
use crate::model::shown;

/// Most entries of one answer.
const MOST: usize = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Entries from this name on, in the archive's order; from the beginning unless given.
    #[serde(default)]
    from: String,
}

/// A file, folder, link or pipe in a backup.
#[derive(Debug, Serialize, ToSchema)]
struct EntryView {
    /// Below the path; folders end in `/`. Bytes that are not UTF-8 are shown as `\xff`.
    name: String,
    #[schema(example = "file")]
    kind: &'static str,
    size: u64,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
struct Entries {
    items: Vec<EntryView>,
    /// What to pass as `from` for more; null at the end.
    next_from: Option<String>,
}

/// Look into a backup without reading it.
#[utoipa::path(
    get, path = "/api/v1/backups/{id}/entries", tag = "backups", params(("id" = String, Path), Wanted),
    responses(
        (status = 200, body = Entries),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn list_entries(
    State(leader): State<Leader>,
    caller: Caller,
    Path(id): Path<Id>,
    Query(wanted): Query<Wanted>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    super::may(&caller, "backups:read")?;
    let Some(term) = leader.term() else {
        let path = uri.path_and_query().map_or(uri.path(), |both| both.as_str());
        return Ok(leader.hand_on(Method::GET, path, &headers).await?);
    };
    let (listed, repository) = leader.repository(&term, id).await?;
    let found = repository.entries(listed.number, wanted.from.as_bytes(), MOST + 1).await;
    let mut found = found.map_err(BackupError::from)?;
    let next_from = found.get(MOST).map(|entry| shown(&entry.name));
    found.truncate(MOST);
    Ok(Json(Entries { items: found.iter().map(view).collect(), next_from }).into_response())
}

fn view(entry: &Entry) -> EntryView {
    let kind = match entry.kind {
        EntryKind::File | EntryKind::Sparse => "file",
        EntryKind::Directory => "folder",
        EntryKind::Symlink => "symlink",
        EntryKind::HardLink => "hardlink",
        EntryKind::Fifo => "pipe",
        EntryKind::Device => "device",
    };
    let micros = entry.mtime.seconds.saturating_mul(1_000_000).saturating_add(i64::from(entry.mtime.nanos / 1000));
    EntryView { name: shown(&entry.name), kind, size: entry.size, modified_at: Timestamp::from_micros(micros) }
}
