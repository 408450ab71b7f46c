//! `GET /api/v1/rooms/requests`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use api::auth::{Caller, UserRole};
use api::{Json, Page, Paged, Problem, Query};
use axum::extract::State;
use serde::Deserialize;
use store::Sql;
use utoipa::IntoParams;

use super::views::RequestView;
use crate::error::RoomsError;
use crate::model::{Invalid, State as RequestState, is_semester};
use crate::store::listing::{self, Filter};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only of this faculty.
    faculty: Option<String>,
    /// Only of this programme.
    program: Option<String>,
    /// Only of this semester.
    semester: Option<String>,
    /// Only those in this state: `waiting` is the waiting list.
    state: Option<RequestState>,
}

impl Wanted {
    pub(super) fn filter(self) -> Result<Filter, RoomsError> {
        let Self { faculty, program, semester, state } = self;
        if semester.as_deref().is_some_and(|semester| !is_semester(semester)) {
            return Err(Invalid::new("semester", "a year and 10, 20 or 30 are expected, such as 2025-10").into());
        }
        Ok(Filter { faculty, program, semester, state, before: None, limit: 0 })
    }
}

/// Requests for rooms, newest first.
#[utoipa::path(
    get, path = "/api/v1/rooms/requests", tag = "rooms", params(Wanted, Page),
    responses((status = 200, body = Paged<RequestView>)),
    security(("token" = [])),
)]
pub(super) async fn list_requests(
    State(sql): State<Sql>,
    caller: Caller,
    page: Page,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Paged<RequestView>>, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff, UserRole::Professor])?;
    caller.need_scope("rooms:read")?;
    let filter = Filter { before: page.position()?, limit: page.limit.saturating_add(1), ..wanted.filter()? };
    let found = listing::requests(sql.reader(), &filter).await.map_err(RoomsError::from)?;
    let views = found.iter().map(RequestView::of).collect();
    Ok(Json(Paged::cut(views, page.limit, |view: &RequestView| view.id.to_string())))
}
