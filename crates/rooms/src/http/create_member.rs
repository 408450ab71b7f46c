//! `POST /api/v1/rooms/members`

use api::auth::{Caller, UserRole};
use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde::Deserialize;
use utoipa::ToSchema;

use super::admit_key::{decider, given_key};
use super::views::IssuedKey;
use crate::members::{Members, NewMember};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMemberBody {
    /// Its key's name: 1 to 64 letters, digits, dots, hyphens and underscores.
    #[schema(example = "program-11-1")]
    name: String,
    /// Whose programme it is; without it, it is a faculty.
    faculty: Option<String>,
    /// For people.
    #[serde(default)]
    #[schema(max_length = 200)]
    title: String,
    /// Its public key (Z85); a pair is made if none is given.
    public_key: Option<String>,
}

/// Make a faculty or a programme, and admit its key.
#[utoipa::path(
    post, path = "/api/v1/rooms/members", tag = "rooms", request_body = NewMemberBody,
    responses(
        (status = 201, body = IssuedKey),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "The name or the key is taken."),
    ),
    security(("token" = [])),
)]
pub(super) async fn create_member(
    State(members): State<Members>,
    caller: Caller,
    Json(new): Json<NewMemberBody>,
) -> Result<Response, Problem> {
    caller.need_role(&[UserRole::Admin])?;
    caller.need_scope("rooms:write")?;
    let public_key = given_key(new.public_key.as_deref())?;
    let new = NewMember { name: new.name, faculty: new.faculty, title: new.title.trim().to_owned(), public_key };
    let issued = members.create(new, decider(&caller)).await?;
    let view = IssuedKey::of(&issued, &members);
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}
