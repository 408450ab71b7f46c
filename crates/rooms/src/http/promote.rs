//! `POST /api/v1/rooms/promote`

use api::auth::{Caller, UserRole};
use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use super::desk::{Decided, Desk, Errand};
use crate::core::Core;
use crate::error::RoomsError;
use crate::model::{Answer, Reason, Resolution, Status};

/// Who leads now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Promoted {
    epoch: u64,
    /// Where the active server takes transactions.
    #[schema(required)]
    endpoint: Option<String>,
}

/// Let the other server lead; no request fails.
#[utoipa::path(
    post, path = "/api/v1/rooms/promote", tag = "rooms",
    responses(
        (status = 200, body = Promoted),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "There is no other server."),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "No server leads."),
    ),
    security(("token" = [])),
)]
pub(super) async fn promote(State(desk): State<Desk>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    caller.need_role(&[UserRole::Admin])?;
    caller.need_scope("rooms:write")?;
    let errand = Errand { path: "/api/v1/rooms/promote".to_owned(), headers: &headers, body: &() };
    match desk.decide(hand_over, errand).await? {
        Decided::There(response) => Ok(response),
        Decided::Here(Answer::Resolved(resolution)) if resolution.status == Status::Accepted => {
            let epoch = resolution.epoch;
            Ok(Json(Promoted { epoch, endpoint: resolution.detail }).into_response())
        }
        Decided::Here(_) => Err(RoomsError::NoSuccessor.into()),
    }
}

/// A server that does not lead sends the errand on; one that did, and handed over, is done.
async fn hand_over(core: Core) -> Answer {
    let led = core.standing().borrow().active;
    match core.hand_over().await {
        Answer::NotLeader { epoch, endpoint } if led => {
            let mut done = Resolution::refusal("", epoch, Status::Accepted, Reason::Unavailable, "");
            (done.reason, done.detail) = (None, endpoint);
            Answer::Resolved(done)
        }
        Answer::Resolved(mut refused) => {
            refused.reason = Some(Reason::Rejected);
            Answer::Resolved(refused)
        }
        other => other,
    }
}
