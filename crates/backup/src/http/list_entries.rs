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
use vault::Repository;
use vault::manifest::{Entry, EntryKind};
use vault::repository::{Listed, RepositoryError};

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
    /// Only the direct children of this folder, such as `small/`; empty for those of the root.
    folder: Option<String>,
}

/// A file, folder, link or pipe in a backup.
#[derive(Debug, Serialize, ToSchema)]
struct EntryView {
    /// Below the path; folders end in `/`. Bytes that are not UTF-8 are shown as `\xff`.
    name: String,
    kind: KindView,
    size: u64,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
    /// Where a symbolic link points to, or which entry a hard link is another name of; null for all else.
    target: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BackupEntryKind)]
enum KindView {
    File,
    Folder,
    Symlink,
    HardLink,
    Pipe,
    Device,
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
    let found = match &wanted.folder {
        None => repository.entries(listed.number, wanted.from.as_bytes(), MOST + 1).await,
        Some(folder) => children(&repository, listed.number, &Folder::new(folder), wanted.from.as_bytes()).await,
    };
    let mut found = found.map_err(BackupError::from)?;
    let next_from = found.get(MOST).map(|listed| shown(&listed.entry.name));
    found.truncate(MOST);
    let targets = repository.link_targets(&found).await.map_err(BackupError::from)?;
    let items = found.iter().zip(targets).map(|(listed, target)| view(&listed.entry, target.as_deref())).collect();
    Ok(Json(Entries { items, next_from }).into_response())
}

/// A folder whose children are wanted: the beginning of their names.
struct Folder(Vec<u8>);

/// Where a name stands, seen from a folder.
#[derive(Debug, PartialEq, Eq)]
enum Stands {
    /// It is the folder's own.
    Itself,
    Child,
    /// In a child: from here on names are outside that.
    Deeper(Vec<u8>),
    Beyond,
}

impl Folder {
    fn new(name: &str) -> Self {
        let bare = name.trim_end_matches('/');
        Self(if bare.is_empty() || bare == "." { Vec::new() } else { format!("{bare}/").into_bytes() })
    }

    fn sees(&self, name: &[u8]) -> Stands {
        let Some(below) = name.strip_prefix(self.0.as_slice()) else { return Stands::Beyond };
        if below.is_empty() || name == b"./" {
            return Stands::Itself;
        }
        match below.iter().position(|byte| *byte == b'/') {
            Some(slash) if slash + 1 < below.len() => {
                // The byte after `/`.
                Stands::Deeper([&self.0, &below[..slash], b"0"].concat())
            }
            _ => Stands::Child,
        }
    }
}

/// The first children of a folder from a name on, one more than an answer has.
async fn children(
    repository: &Repository,
    number: u64,
    folder: &Folder,
    from: &[u8],
) -> Result<Vec<Listed>, RepositoryError> {
    let mut found = Vec::new();
    let mut from = if from.is_empty() { folder.0.clone() } else { from.to_vec() };
    loop {
        let batch = repository.entries(number, &from, MOST + 1).await?;
        let is_last = batch.len() <= MOST;
        let end = batch.last().map(|listed| listed.entry.name.clone());
        for listed in batch {
            match folder.sees(&listed.entry.name) {
                Stands::Child => found.push(listed),
                Stands::Beyond => return Ok(found),
                Stands::Itself | Stands::Deeper(_) => {}
            }
        }
        let Some(end) = end.filter(|_| !is_last && found.len() <= MOST) else { return Ok(found) };
        from = match folder.sees(&end) {
            Stands::Deeper(outside) => outside,
            _ => [&end, &b"\0"[..]].concat(),
        };
    }
}

fn view(entry: &Entry, target: Option<&[u8]>) -> EntryView {
    let kind = match entry.kind {
        EntryKind::File | EntryKind::Sparse => KindView::File,
        EntryKind::Directory => KindView::Folder,
        EntryKind::Symlink => KindView::Symlink,
        EntryKind::HardLink => KindView::HardLink,
        EntryKind::Fifo => KindView::Pipe,
        EntryKind::Device => KindView::Device,
    };
    let micros = entry.mtime.seconds.saturating_mul(1_000_000).saturating_add(i64::from(entry.mtime.nanos / 1000));
    EntryView {
        name: shown(&entry.name),
        kind,
        size: entry.size,
        modified_at: Timestamp::from_micros(micros),
        target: target.map(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_knows_its_children_from_what_is_in_them() {
        let deeper = |outside: &str| Stands::Deeper(outside.as_bytes().to_vec());
        for (folder, name, expected) in [
            ("", "./", Stands::Itself),
            ("", "a", Stands::Child),
            ("", "a/", Stands::Child),
            ("", "a/b", deeper("a0")),
            ("./", "a/b/c", deeper("a0")),
            ("a", "a/", Stands::Itself),
            ("a/", "a/b", Stands::Child),
            ("a/", "a/b/", Stands::Child),
            ("a/", "a/b/c/d", deeper("a/b0")),
            ("a/", "a0", Stands::Beyond),
            ("a/", "b", Stands::Beyond),
        ] {
            assert_eq!(Folder::new(folder).sees(name.as_bytes()), expected, "{folder} {name}");
        }
    }
}
