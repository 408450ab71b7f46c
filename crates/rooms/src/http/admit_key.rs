//! `PUT /api/v1/rooms/members/{name}/key`

use api::auth::{Caller, UserRole};
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::IssuedKey;
use crate::error::RoomsError;
use crate::keys::{NoKey, PublicKey};
use crate::members::{Decider, Members};
use crate::model::Invalid;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// A public key (Z85), also one that was revoked; a pair is made if none is given.
    public_key: Option<String>,
}

/// Admit a key, and no other of this faculty or programme: connections with the former one end.
#[utoipa::path(
    put, path = "/api/v1/rooms/members/{name}/key", tag = "rooms", request_body = NewKey,
    params(("name" = String, Path)),
    responses(
        (status = 200, body = IssuedKey),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "Another has this key, or links are open."),
    ),
    security(("token" = [])),
)]
pub(super) async fn admit_key(
    State(members): State<Members>,
    caller: Caller,
    Path(name): Path<String>,
    Json(new): Json<NewKey>,
) -> Result<Response, Problem> {
    caller.need_role(&[UserRole::Admin])?;
    caller.need_scope("rooms:write")?;
    let issued = members.admit(name, given_key(new.public_key.as_deref())?, decider(&caller)).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(IssuedKey::of(&issued, &members))).into_response())
}

pub(super) fn decider(caller: &Caller) -> Decider {
    Decider { user: caller.user, name: caller.username.clone() }
}

pub(super) fn given_key(text: Option<&str>) -> Result<Option<PublicKey>, RoomsError> {
    let wrong = |error: NoKey| Invalid::new("public_key", error.to_string());
    Ok(text.map(str::parse).transpose().map_err(wrong)?)
}
