//! `POST /api/v1/users`

use api::auth::{Caller, UserRole};
use api::idempotency::{Repeatable, replayed, scope};
use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, Method, StatusCode};
use kernel::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Finisher;
use crate::directory::{Directory, NewUser};
use crate::model::User;
use crate::once::{Outcome, Seal};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUserBody {
    #[schema(min_length = 1, max_length = 64, example = "ana")]
    username: String,
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    password: Secret<String>,
    /// The username, if not given.
    #[schema(max_length = 200)]
    name: Option<String>,
    #[schema(max_length = 254)]
    email: Option<String>,
    role: UserRole,
    #[schema(minimum = 1)]
    carnet: Option<i64>,
    #[serde(default)]
    courses: Vec<String>,
}

/// Make a user of any role.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "accounts", request_body = NewUserBody,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 201, body = User, headers(("Location" = String))),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "The username or the carnet is taken."),
    ),
    security(("token" = [])),
)]
pub(super) async fn create_user(
    State(directory): State<Directory>,
    State(finisher): State<Finisher>,
    State(seal): State<Seal>,
    caller: Caller,
    request: Repeatable<NewUserBody>,
) -> Result<Response, Problem> {
    caller.need_role(&[UserRole::Admin])?;
    caller.need_scope("users:write")?;
    let NewUserBody { username, password, name, email, role, carnet, courses } = request.body;
    let new = NewUser { username, password, name, email, role, carnet, courses };
    let once = seal.once(scope(Some(&caller), &Method::POST, "/api/v1/users"), request.key, request.digest);
    let outcome = finisher.finish(async move { directory.create(new, once).await }).await?;
    Ok(answer(outcome))
}

/// 201 with the user, or the first answer again.
pub(super) fn answer(outcome: Outcome<User>) -> Response {
    match outcome {
        Outcome::Done(user) => {
            let location = HeaderValue::try_from(format!("/api/v1/users/{}", user.id));
            let mut response = (StatusCode::CREATED, Json(user)).into_response();
            if let Ok(location) = location {
                response.headers_mut().insert(LOCATION, location);
            }
            response
        }
        Outcome::Replayed { status, body } => replayed(status, body),
    }
}
