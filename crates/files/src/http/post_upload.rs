//! `X-HTTP-Method-Override` on `/uploads/{id}`: for clients whose surroundings let few methods through. Whatever the
//! request's own method is, the header's counts.

use api::{Path, Problem};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use kernel::id::Id;

use super::Uploading;
use super::door::Door;
use super::problem::Failure;
use super::uploader::Uploader;
use super::{delete_upload, head_upload, patch_upload};
use crate::model::tus;

/// Does what the header says.
pub(super) async fn post_upload(
    State(uploading): State<Uploading>,
    uploader: Uploader,
    Path(id): Path<Id>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let answer = match tus::overridden(&headers) {
        Some(Method::PATCH) => patch_upload::patch(&uploading, &uploader, id, &headers, body).await,
        Some(Method::DELETE) => delete_upload::delete(&uploading, &uploader, id, (Door::Tus, &headers)).await,
        Some(Method::HEAD) => head_upload::head(&uploading, &uploader, id, &headers).await,
        _ => Err(Problem::with_status(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Not with this method",
            "This method needs X-HTTP-Method-Override here: PATCH, DELETE or HEAD.",
        )
        .into()),
    };
    answer.map_err(|failure| Door::Tus.failure(failure))
}
