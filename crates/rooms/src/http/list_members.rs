//! `GET /api/v1/rooms/members`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::{Caller, UserRole};
use api::{Json, Page, Paged, Problem, Query};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::MemberView;
use crate::members::Members;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// Only this faculty and its programmes.
    faculty: Option<String>,
}

/// Faculties and programmes in the order of their names, and whether their keys are admitted.
#[utoipa::path(
    get, path = "/api/v1/rooms/members", tag = "rooms", params(Of, Page),
    responses((status = 200, body = Paged<MemberView>)),
    security(("token" = [])),
)]
pub(super) async fn list_members(
    State(members): State<Members>,
    caller: Caller,
    page: Page,
    Query(of): Query<Of>,
) -> Result<Json<Paged<MemberView>>, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    caller.need_scope("rooms:read")?;
    let after = page.cursor.as_deref().unwrap_or_default();
    let found = members.list(of.faculty.as_deref(), after, page.limit.saturating_add(1)).await?;
    let views = found.iter().map(|member| MemberView::of(member, &members)).collect();
    Ok(Json(Paged::cut(views, page.limit, |view: &MemberView| view.name.clone())))
}
