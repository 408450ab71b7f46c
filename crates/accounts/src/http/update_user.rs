//! `PATCH /api/v1/users/{id}`

use api::auth::{Caller, UserRole};
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use kernel::id::Id;
use kernel::secret::Secret;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::Finisher;
use crate::directory::{Changes, Directory};
use crate::error::AccountsError;
use crate::model::User;

/// What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct ChangesBody {
    #[schema(max_length = 200)]
    name: Option<String>,
    #[schema(max_length = 254)]
    email: Option<String>,
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 256)]
    password: Option<Secret<String>>,
    /// Needed to change one's own name, address or password.
    #[schema(value_type = Option<String>, format = Password)]
    current_password: Option<Secret<String>>,
    /// Administrators only. Ends the user's API tokens, as does a change of courses.
    role: Option<UserRole>,
    /// Administrators only. `null` takes it away.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = 1)]
    carnet: Option<Option<i64>>,
    /// Administrators only.
    courses: Option<Vec<String>>,
}

/// Tells `null` from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Change a user: oneself with one's password, or anybody as an administrator.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}", tag = "accounts", params(("id" = String, Path)), request_body = ChangesBody,
    responses(
        (status = 200, body = User),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "The carnet is taken, or this is the last administrator."),
    ),
    security(("token" = [])),
)]
pub(super) async fn update_user(
    State(directory): State<Directory>,
    State(finisher): State<Finisher>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<ChangesBody>,
) -> Result<Json<User>, Problem> {
    caller.need_scope("users:write")?;
    if !caller.is_admin() && caller.user != id {
        return Err(AccountsError::NotFound.into());
    }
    let ChangesBody { name, email, password, current_password, role, carnet, courses } = body;
    let changes = Changes { name, email, password, current_password, role, carnet, courses };
    let user = finisher.finish(async move { directory.update(&caller, id, changes).await }).await?;
    Ok(Json(user))
}
