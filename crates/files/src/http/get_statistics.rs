//! `GET /statistics`: what transfers amount to. The campus's for staff and above; one's own for everybody.

#![expect(unused_qualifications, reason = "utoipa's macro names the query's type by its full path")]

use api::auth::{Caller, UserRole};
use api::{FieldError, Json, Problem, Query};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Past;
use super::problem::Failure;
use crate::model::statistics::{Statistics, first_hour};
use crate::store::Whose;

/// Most days.
const MOST_DAYS: u32 = 366;
/// Files in `top`.
const TOP: u64 = 10;

/// Of whom, and how far back.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Params {
    /// Days back, today being one: 1–366.
    #[param(minimum = 1, maximum = 366, default = 30)]
    days: u32,
    /// One's own transfers and files only.
    mine: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self { days: 30, mine: false }
    }
}

/// What transfers amount to, from rows that were counted when they ended.
#[utoipa::path(
    get,
    path = "/api/v1/statistics",
    tag = "audit",
    params(Params),
    responses((status = 200, body = Statistics), (status = 403), (status = 422)),
    security(("token" = []))
)]
pub(super) async fn get_statistics(
    State(past): State<Past>,
    caller: Caller,
    Query(params): Query<Params>,
) -> Result<Json<Statistics>, Failure> {
    caller.need_scope("files:read")?;
    if !params.mine {
        caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    }
    if !(1..=MOST_DAYS).contains(&params.days) {
        let message = format!("a number from 1 to {MOST_DAYS} is expected");
        return Err(Problem::unprocessable(vec![FieldError::new("/days", "range", message)]).into());
    }
    let now = past.clock.now();
    let whose = match (params.mine, caller.is_admin()) {
        (true, _) => Whose::Own(caller.user),
        (false, true) => Whose::All,
        (false, false) => Whose::SeenBy(caller.user),
    };
    let rows = past.store.hours(params.mine.then_some(caller.user), first_hour(now, params.days)).await?;
    let top = past.store.popular(whose, TOP).await?;
    Ok(Json(Statistics::of(&rows, now, params.days, top)))
}
