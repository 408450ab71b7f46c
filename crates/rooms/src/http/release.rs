//! `POST /api/v1/rooms/requests/{id}/release`

use api::auth::{Caller, UserRole};
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use kernel::id::Id;

use super::desk::{Decided, Desk, Errand};
use super::get_request::find;
use super::views::RequestView;

/// Give back the rooms of an accepted request; they go to whoever waits. Any other request stays as it is.
#[utoipa::path(
    post, path = "/api/v1/rooms/requests/{id}/release", tag = "rooms",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = RequestView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "No server leads."),
    ),
    security(("token" = [])),
)]
pub(super) async fn release(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<Id>,
) -> Result<Response, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    caller.need_scope("rooms:write")?;
    find(&desk.sql, id).await?;
    let errand = Errand { path: format!("/api/v1/rooms/requests/{id}/release"), headers: &headers, body: &() };
    let ask = |core: crate::Core| async move { core.release(id.to_string()).await };
    match desk.decide(ask, errand).await? {
        Decided::There(response) => Ok(response),
        Decided::Here(_) => Ok(Json(RequestView::of(&find(&desk.sql, id).await?)).into_response()),
    }
}
