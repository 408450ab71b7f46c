//! `POST /api/v1/rooms/requests/{id}/ack`

use api::auth::{Caller, UserRole};
use api::{Json, Path, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk::{Decided, Desk, Errand};
use super::get_request::find;
use super::views::RequestView;
use crate::model::{Acknowledgement, Origin};

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    /// Whether the rooms are taken.
    accept: bool,
}

/// Take or reject a proposal; or leave the waiting list (`accept` false). What was final before stays: look at `state`.
#[utoipa::path(
    post, path = "/api/v1/rooms/requests/{id}/ack", tag = "rooms", request_body = Reply,
    params(("id" = String, Path)),
    responses(
        (status = 200, body = RequestView),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "No server leads."),
    ),
    security(("token" = [])),
)]
pub(super) async fn acknowledge(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<Id>,
    Json(reply): Json<Reply>,
) -> Result<Response, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    caller.need_scope("rooms:write")?;
    let record = find(&desk.sql, id).await?;
    let given = Acknowledgement {
        request_id: record.request_id.to_string(),
        transaction_id: id.to_string(),
        accept: reply.accept,
    };
    let errand = Errand { path: format!("/api/v1/rooms/requests/{id}/ack"), headers: &headers, body: &reply };
    let ask = |core: crate::Core| {
        let given = given.clone();
        async move { core.acknowledge(given, Origin::default()).await }
    };
    match desk.decide(ask, errand).await? {
        Decided::There(response) => Ok(response),
        Decided::Here(_) => Ok(Json(RequestView::of(&find(&desk.sql, id).await?)).into_response()),
    }
}
