//! `DELETE /files/{id}`: into the trash, or with `purge=true` gone for good, its bytes by a durable job.

#![expect(unused_qualifications, reason = "utoipa's macro names the query's type by its full path")]

use api::auth::Caller;
use api::{Path, Problem, Query};
use axum::extract::State;
use http::StatusCode;
use kernel::error::Kind;
use kernel::id::Id;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Failure;
use super::{Catalogue, viewer};
use crate::store::Removal;

/// How it is removed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// For good, and from the trash too.
    #[serde(default)]
    purge: bool,
}

/// Puts a file into the trash, or removes it for good. Whoever asks again gets the same answer.
#[utoipa::path(
    delete,
    path = "/api/v1/files/{id}",
    tag = "files",
    params(("id" = String, Path), Params),
    responses((status = 204), (status = 403), (status = 404)),
    security(("token" = []))
)]
pub(super) async fn delete_file(
    State(catalogue): State<Catalogue>,
    caller: Caller,
    Path(id): Path<Id>,
    Query(params): Query<Params>,
) -> Result<StatusCode, Failure> {
    caller.need_scope("files:write")?;
    let viewer = viewer(&caller);
    let Some(file) = catalogue.store.file_or_trashed(id).await? else {
        return match catalogue.store.purged(id).await? {
            Some(owner) if viewer.may_write(owner) => Ok(StatusCode::NO_CONTENT),
            _ => Err(Problem::not_found().into()),
        };
    };
    if !viewer.may_write(file.owner.id) {
        let seen = file.deleted_at.is_none() && viewer.may_read(file.owner.id, file.metadata.visibility);
        let refused = Problem::new(Kind::Forbidden, "Only its owner may remove this file.");
        return Err(if seen { refused } else { Problem::not_found() }.into());
    }
    let now = catalogue.clock.now();
    if params.purge {
        match catalogue.store.remove_file(id, None, now).await? {
            Removal::Removed | Removal::Absent => {}
        }
    } else {
        catalogue.store.trash(id, now).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
