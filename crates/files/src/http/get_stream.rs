//! `GET` and `HEAD /files/{id}/stream`: a file as players want it. An MP4 whose `moov` is at its end has it in front.

use api::auth::MaybeCaller;
use api::{Path, Query};
use async_trait::async_trait;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method};
use kernel::id::Id;

use super::Downloading;
use super::get_content::{Params, find};
use super::offering::{Offered, Representation, answer, plan};
use super::problem::Failure;
use crate::download::Source;
use crate::model::File;

/// A view of a file for players: as long as the file, with a tag of its own. What is no MP4, begins with `moov` already, or
/// cannot be rewritten without doubt, is served as it is.
#[utoipa::path(
    get,
    path = "/api/v1/files/{id}/stream",
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
        (status = 200, description = "The view", content_type = "application/octet-stream"),
        (status = 206, description = "Some of its bytes"),
        (status = 304), (status = 404), (status = 412), (status = 416), (status = 429), (status = 503),
    ),
    security((), ("token" = []))
)]
pub(super) async fn get_stream(
    State(downloading): State<Downloading>,
    caller: MaybeCaller,
    Path(id): Path<Id>,
    Query(params): Query<Params>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (file, way) = find(&downloading, &caller, id, params.signature.as_deref(), &headers).await?;
    let stream = Stream::new(file);
    let planned = plan(&stream.representation, &method, &headers)?;
    answer(&downloading, &caller, &stream, planned, &way).await
}

struct Stream {
    file: File,
    representation: Representation,
}

impl Stream {
    fn new(file: File) -> Self {
        let mut representation = Representation::of_file(&file);
        representation.shown.path = format!("/api/v1/files/{}/stream", file.id);
        representation.validators.etag = format!("\"{}-{}-stream\"", file.id, file.version);
        // The digest that is known is of other bytes.
        representation.sha256 = None;
        Self { file, representation }
    }
}

#[async_trait]
impl Offered for Stream {
    fn representation(&self) -> &Representation {
        &self.representation
    }

    fn files(&self) -> &[File] {
        std::slice::from_ref(&self.file)
    }

    async fn source(&self, downloading: &Downloading) -> Result<Source, Failure> {
        let segments = downloading.store.chain(self.file.id).await?;
        Ok(downloading.views.source(&downloading.blobs, segments, &self.file).await?)
    }
}
