//! `GET /api/v1/rooms/requests/{id}`

use api::auth::{Caller, UserRole};
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use kernel::id::Id;
use store::Sql;

use super::views::RequestView;
use crate::error::RoomsError;
use crate::model::Record;
use crate::store::requests;

/// One request.
#[utoipa::path(
    get, path = "/api/v1/rooms/requests/{id}", tag = "rooms", params(("id" = String, Path)),
    responses(
        (status = 200, body = RequestView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn get_request(
    State(sql): State<Sql>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<RequestView>, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff, UserRole::Professor])?;
    caller.need_scope("rooms:read")?;
    Ok(Json(RequestView::of(&find(&sql, id).await?)))
}

/// The request of this id.
///
/// # Errors
/// [`RoomsError::NotFound`], or the database's.
pub(super) async fn find(sql: &Sql, id: Id) -> Result<Record, RoomsError> {
    requests::by_ids(sql.reader(), [id]).await?.pop().ok_or(RoomsError::NotFound)
}
