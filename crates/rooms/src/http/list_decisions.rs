//! `GET /api/v1/rooms/audit`

use api::auth::{Caller, UserRole};
use api::{Json, Page, Paged, Problem};
use axum::extract::State;
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::Serialize;
use utoipa::ToSchema;

use crate::members::Members;
use crate::model::{Action, Decision};

/// What an administrator decided about a faculty or a programme.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecisionView {
    #[schema(value_type = String)]
    id: Id,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The user's name for logging in.
    user: String,
    /// What was done.
    action: Action,
    /// To whom.
    member: String,
    /// The public key, or the title; may be empty.
    detail: String,
}

/// Who decided what about faculties, programmes and their keys, newest first.
#[utoipa::path(
    get, path = "/api/v1/rooms/audit", tag = "rooms", params(Page),
    responses((status = 200, body = Paged<DecisionView>)),
    security(("token" = [])),
)]
pub(super) async fn list_decisions(
    State(members): State<Members>,
    caller: Caller,
    page: Page,
) -> Result<Json<Paged<DecisionView>>, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    caller.need_scope("rooms:read")?;
    let found = members.decisions(page.position()?, page.limit.saturating_add(1)).await?;
    let views = found.into_iter().map(DecisionView::of).collect();
    Ok(Json(Paged::cut(views, page.limit, |view: &DecisionView| view.id.to_string())))
}

impl DecisionView {
    fn of(decision: Decision) -> Self {
        let Decision { id, user: _, user_name, action, member, detail, at } = decision;
        Self { id, at, user: user_name, action, member, detail }
    }
}
