//! `GET /api/v1/users/{id}`

use api::auth::Caller;
use api::{Json, Path, Problem};
use axum::extract::State;
use kernel::id::Id;

use crate::directory::Directory;
use crate::error::AccountsError;
use crate::model::User;

/// One user: any for an administrator, oneself for everybody.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", tag = "accounts", params(("id" = String, Path)),
    responses((status = 200, body = User)),
    security(("token" = [])),
)]
pub(super) async fn get_user(
    State(directory): State<Directory>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<User>, Problem> {
    caller.need_scope("users:read")?;
    if !caller.is_admin() && caller.user != id {
        return Err(AccountsError::NotFound.into());
    }
    Ok(Json(directory.get(id).await?))
}
