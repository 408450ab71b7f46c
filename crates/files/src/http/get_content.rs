//! `GET` and `HEAD /files/{id}/content`: a file's bytes.

#![expect(unused_qualifications, reason = "utoipa's macro names the query's type by its full path")]

use api::auth::MaybeCaller;
use api::{Path, Problem, Query};
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method};
use kernel::error::Kind;
use kernel::id::Id;
use serde::Deserialize;
use utoipa::IntoParams;

use super::get_file::check_readable;
use super::offering::{Content, Offered as _, Way, answer, plan};
use super::problem::Failure;
use super::{Downloading, address, maybe_viewer, owner};
use crate::model::File;
use crate::model::audit::Via;

/// Instead of a token.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// From `POST /files/{id}/url`.
    pub(super) signature: Option<String>,
}

/// A file's bytes.
#[utoipa::path(
    get,
    path = "/api/v1/files/{id}/content",
    tag = "files",
    params(
        ("id" = String, Path),
        Params,
        ("Range" = Option<String>, Header),
        ("If-Range" = Option<String>, Header),
        ("If-Match" = Option<String>, Header),
        ("If-None-Match" = Option<String>, Header),
    ),
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream"),
        (status = 206, description = "Some of them"),
        (status = 304), (status = 404), (status = 412), (status = 416), (status = 429), (status = 503),
    ),
    security((), ("token" = []))
)]
pub(super) async fn get_content(
    State(downloading): State<Downloading>,
    caller: MaybeCaller,
    Path(id): Path<Id>,
    Query(params): Query<Params>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (file, way) = find(&downloading, &caller, id, params.signature.as_deref(), &headers).await?;
    let content = Content::new(file);
    let planned = plan(content.representation(), &method, &headers)?;
    answer(&downloading, &caller, &content, planned, &way).await
}

/// The file, if whoever asks may read it, and what lets them.
pub(super) async fn find(
    downloading: &Downloading,
    caller: &MaybeCaller,
    id: Id,
    signature: Option<&str>,
    headers: &HeaderMap,
) -> Result<(File, Way), Failure> {
    if let Some(caller) = &caller.0 {
        downloading.tracker.saw(&owner(caller));
    }
    let way = |via: Via| Way { via, open: via != Via::User || caller.0.is_none(), address: address(headers) };
    let signed = match signature {
        Some(signature) if downloading.signer.verify(id, signature, downloading.clock.now()) => true,
        Some(_) if caller.0.is_none() => {
            let detail = "This address has expired or is not one of ours: ask for a new one with POST /files/{id}/url.";
            return Err(Problem::new(Kind::Unauthenticated, detail).into());
        }
        _ => false,
    };
    let file = downloading.store.file_or_trashed(id).await?.ok_or_else(Problem::not_found)?;
    if signed {
        return if file.deleted_at.is_none() { Ok((file, way(Via::Signed))) } else { Err(Problem::not_found().into()) };
    }
    check_readable(maybe_viewer(caller)?, &file)?;
    Ok((file, way(Via::User)))
}
