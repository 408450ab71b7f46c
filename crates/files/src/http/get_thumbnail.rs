//! `GET` and `HEAD /files/{id}/thumbnail`: an image, small.

use api::auth::MaybeCaller;
use api::{Path, Problem, Query};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, StatusCode};
use kernel::id::Id;

use super::Downloading;
use super::get_content::{Params, find};
use super::offering::{guard, insert, precondition_failed};
use super::problem::Failure;
use crate::model::condition::{self, Outcome, Validators};
use crate::model::{Visibility, thumbnail};

/// An image of at most 320 pixels a side: JPEG, or WebP where something shines through. PNG, JPEG, GIF and WebP have one.
#[utoipa::path(
    get,
    path = "/api/v1/files/{id}/thumbnail",
    tag = "files",
    params(
        ("id" = String, Path),
        Params,
        ("If-Match" = Option<String>, Header),
        ("If-None-Match" = Option<String>, Header),
    ),
    responses(
        (status = 200, description = "The thumbnail", content_type = "image/jpeg"),
        (status = 304),
        (status = 404, description = "There is no such file, or it is no image that has one (`no-thumbnail`)"),
        (status = 412),
        (status = 422, description = "The image is damaged (`image-damaged`) or too large (`image-too-large`)"),
        (status = 503),
    ),
    security((), ("token" = []))
)]
pub(super) async fn get_thumbnail(
    State(downloading): State<Downloading>,
    caller: MaybeCaller,
    Path(id): Path<Id>,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (file, way) = find(&downloading, &caller, id, params.signature.as_deref(), &headers).await?;
    if !thumbnail::has_one(&file.metadata.media_type) {
        let detail = "PNG, JPEG, GIF and WebP images have thumbnails; this file is none of them.";
        return Err(Problem::with_status(StatusCode::NOT_FOUND, "no-thumbnail", "There is no thumbnail", detail).into());
    }
    let found = match downloading.thumbnails.find(&file).await? {
        Some(found) => found,
        None => {
            let segments = downloading.store.chain(file.id).await?;
            downloading.thumbnails.make(&file, &segments).await?
        }
    };
    let validators = Validators { etag: format!("\"thumbnail-{}\"", found.sha256), modified: None };
    let mut response = match condition::evaluate(&headers, &validators) {
        Outcome::Failed => return Err(precondition_failed()),
        Outcome::NotModified => StatusCode::NOT_MODIFIED.into_response(),
        Outcome::Proceed { .. } => {
            let media_type = thumbnail::media_type(&found.bytes);
            let mut response = Response::new(Body::from(found.bytes));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
            response
        }
    };
    let headers = response.headers_mut();
    insert(headers, ETAG, &validators.etag);
    guard(headers);
    // A list asks for many at once: a browser need not ask for each again while somebody looks at it.
    let shared = way.open && file.metadata.visibility == Visibility::Public;
    let caching = if shared { "public, max-age=300" } else { "private, max-age=300" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    Ok(response)
}
