//! `POST /shares/{share}/open`: an address of the file's bytes. Each counts as one download.

use api::signed::LIFETIME;
use api::{Json, Path, Problem};
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use kernel::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::problem::Failure;
use super::sign_url::SignedUrl;
use super::{Sharing, Tried};
use crate::model::share::Share;

/// What opens a link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenShare {
    /// The link's password, if it has one.
    #[schema(value_type = Option<String>)]
    password: Option<Secret<String>>,
}

/// An address of the file's bytes, good for ten minutes. Each counts as one download.
#[utoipa::path(
    post,
    path = "/api/v1/shares/{share}/open",
    tag = "shares",
    params(("share" = String, Path, description = "The link's token")),
    request_body = Option<OpenShare>,
    responses(
        (status = 200, body = SignedUrl),
        (status = 403, description = "The password is wrong or missing"),
        (status = 404),
        (status = 410, description = "Expired, used up or revoked"),
        (status = 429),
    ),
    security(())
)]
pub(super) async fn open_share(
    State(sharing): State<Sharing>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    // A body of no declared type is an empty one: proxies send such.
    let password = if request.headers().contains_key(CONTENT_TYPE) {
        let Json(body): Json<OpenShare> = Json::from_request(request, &()).await?;
        body.password
    } else {
        None
    };
    let downloading = &sharing.downloading;
    let now = downloading.clock.now();
    let (share, file) = sharing.find(&token, |share: &Share| share.ended(now)).await?;
    let guessed = match sharing.try_password(&share, password).await? {
        Tried::NoneNeeded => false,
        Tried::Right => true,
        Tried::Wrong => return Err(refused("The password is wrong.").into()),
        Tried::Missing => return Err(refused("This link asks for a password.").into()),
    };
    sharing.count(&share, guessed).await?;
    let end = now.plus(LIFETIME);
    let expires_at = share.expires_at.map_or(end, |share_end| share_end.min(end));
    let signature = downloading.signer.sign(file.id, expires_at);
    let mut response = Json(SignedUrl::new(file.id, &signature, expires_at)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn refused(detail: &str) -> Problem {
    Problem::with_status(StatusCode::FORBIDDEN, "share-password", "The password does not open this link", detail)
}
