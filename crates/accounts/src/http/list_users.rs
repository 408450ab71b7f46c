//! `GET /api/v1/users`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::{Caller, UserRole};
use api::{Json, Page, Paged, Problem, Query};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::directory::Directory;
use crate::model::User;
use crate::store::users::Filter;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UserFilter {
    /// Words that username, name or address contain; case and accents do not count.
    q: Option<String>,
    /// Only users of this role.
    role: Option<UserRole>,
}

/// The users of the campus, in the order in which they were made.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "accounts", params(UserFilter, Page),
    responses((status = 200, body = Paged<User>)),
    security(("token" = [])),
)]
pub(super) async fn list_users(
    State(directory): State<Directory>,
    caller: Caller,
    page: Page,
    Query(wanted): Query<UserFilter>,
) -> Result<Json<Paged<User>>, Problem> {
    caller.need_role(&[UserRole::Admin])?;
    caller.need_scope("users:read")?;
    if wanted.q.as_ref().is_some_and(|q| q.chars().count() > 200) {
        return Err(Problem::new(kernel::error::Kind::Invalid, "q has at most 200 characters.").field(
            "/q",
            "too_long",
            "at most 200 characters",
        ));
    }
    let filter =
        Filter { q: wanted.q, role: wanted.role, after: page.position()?, limit: page.limit.saturating_add(1) };
    let found = directory.list(&filter).await?;
    Ok(Json(Paged::cut(found, page.limit, |user| user.id.to_string())))
}
