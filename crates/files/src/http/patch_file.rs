//! `PATCH /files/{id}`: corrects what is said about a file. Its bytes never change.

use api::auth::Caller;
use api::{Json, Path, Problem};
use axum::extract::State;
use axum::response::Response;
use kernel::clock::Timestamp;
use kernel::error::Kind;
use kernel::id::Id;
use serde::{Deserialize, Deserializer};
use store::StoreError;
use utoipa::ToSchema;

use super::get_file::{readable, view};
use super::problem::Failure;
use super::{Catalogue, viewer};
use crate::model::metadata::{BadMetadata, Change, JSON_KEYS};
use crate::model::{FileView, Visibility};

/// What is to be corrected; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileChange {
    /// What it is saved as.
    name: Option<String>,
    /// Media type.
    #[serde(rename = "type")]
    media_type: Option<String>,
    /// What people call it.
    title: Option<String>,
    /// What it is about.
    description: Option<String>,
    /// The catalogue's shelf.
    category: Option<String>,
    /// How confidential or for whom.
    classification: Option<String>,
    /// Search words.
    tags: Option<Vec<String>>,
    /// Who may see it.
    visibility: Option<Visibility>,
    /// When it goes into the trash by itself; `null` lets it stay.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<Timestamp>>,
}

/// Corrects what is said about a file.
#[utoipa::path(
    patch,
    path = "/api/v1/files/{id}",
    tag = "files",
    params(("id" = String, Path)),
    request_body = FileChange,
    responses((status = 200, body = FileView), (status = 403), (status = 404), (status = 422)),
    security(("token" = []))
)]
pub(super) async fn patch_file(
    State(catalogue): State<Catalogue>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(change): Json<FileChange>,
) -> Result<Response, Failure> {
    caller.need_scope("files:write")?;
    let file = readable(&catalogue, viewer(&caller), id).await?;
    if !viewer(&caller).may_write(file.owner.id) {
        return Err(Problem::new(Kind::Forbidden, "Only its owner may change this file.").into());
    }
    let change = Change {
        name: change.name,
        media_type: change.media_type,
        title: change.title,
        description: change.description,
        category: change.category,
        classification: change.classification,
        tags: change.tags,
        visibility: change.visibility,
        expires_at: change.expires_at,
    };
    let now = catalogue.clock.now();
    let changed = catalogue.store.describe(id, move |file| {
        let metadata = file.metadata.with(change.clone(), JSON_KEYS)?;
        if change.expires_at.is_some() {
            metadata.check_expiry(now)?;
        }
        Ok(metadata)
    });
    let changed = changed.await;
    match changed {
        Ok(Some(file)) => Ok(view(&file)),
        Ok(None) => Err(Problem::not_found().into()),
        Err(Refusal::Metadata(error)) => Err(error.into()),
        Err(Refusal::Store(error)) => Err(error.into()),
    }
}

/// Tells `null` from nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

enum Refusal {
    Metadata(BadMetadata),
    Store(StoreError),
}

impl From<BadMetadata> for Refusal {
    fn from(error: BadMetadata) -> Self {
        Self::Metadata(error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
