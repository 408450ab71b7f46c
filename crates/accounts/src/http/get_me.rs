//! `GET /api/v1/me`

use api::auth::Caller;
use api::{Json, Problem};
use axum::extract::State;

use crate::directory::Directory;
use crate::model::User;

/// Whoever asks.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "accounts",
    responses((status = 200, body = User)),
    security(("token" = [])),
)]
pub(super) async fn get_me(State(directory): State<Directory>, caller: Caller) -> Result<Json<User>, Problem> {
    Ok(Json(directory.get(caller.user).await?))
}
