//! `POST /api/v1/auth/register`

use api::auth::UserRole;
use api::idempotency::{Repeatable, scope};
use api::{Problem, ProblemBody};
use axum::extract::State;
use axum::response::Response;
use http::Method;
use kernel::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Finisher, Registration, create_user};
use crate::directory::{Directory, NewUser};
use crate::error::AccountsError;
use crate::model::User;
use crate::once::Seal;

/// Role, carnet and courses are missing on purpose: they open doors, and an administrator gives them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Registrant {
    #[schema(min_length = 1, max_length = 64, example = "ana")]
    username: String,
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256)]
    password: Secret<String>,
    /// The username, if not given.
    #[schema(max_length = 200)]
    name: Option<String>,
    #[schema(max_length = 254)]
    email: Option<String>,
}

/// Become a user of the campus, as a student.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "accounts", request_body = Registrant,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 201, body = User),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
         description = "Registration is switched off."),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "The username is taken."),
    ),
)]
pub(super) async fn register(
    State(directory): State<Directory>,
    State(finisher): State<Finisher>,
    State(seal): State<Seal>,
    State(Registration(open)): State<Registration>,
    request: Repeatable<Registrant>,
) -> Result<Response, Problem> {
    if !open {
        return Err(AccountsError::Forbidden("Registration is switched off: ask an administrator.").into());
    }
    let Registrant { username, password, name, email } = request.body;
    let new = NewUser { username, password, name, email, role: UserRole::Student, carnet: None, courses: Vec::new() };
    let once = seal.once(scope(None, &Method::POST, "/api/v1/auth/register"), request.key, request.digest);
    let outcome = finisher.finish(async move { directory.create(new, once).await }).await?;
    Ok(create_user::answer(outcome))
}
