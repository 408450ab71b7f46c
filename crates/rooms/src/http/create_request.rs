//! `POST /api/v1/rooms/requests`

use std::time::Duration;

use api::auth::{Caller, UserRole};
use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk::{Decided, Desk, Errand};
use super::views::RequestView;
use crate::error::RoomsError;
use crate::model::{Answer, Equipment, Invalid, Origin, Reason, Solicitation, key};
use crate::store::requests;

/// How long people have for their answer, unless they say otherwise.
const BY_HAND_S: u64 = 60;
/// The longest a proposal may hold rooms.
const LONGEST_S: u64 = 600;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRequest {
    /// Names the request within its faculty: a repeat under the same name gets the same answer. Made if not given.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    request_id: Option<String>,
    #[schema(example = "faculty-01")]
    faculty: String,
    #[schema(example = "program-01-1")]
    program: String,
    #[schema(pattern = "^[0-9]{4}-(10|20|30)$", example = "2025-10")]
    semester: String,
    #[serde(default)]
    classrooms: u32,
    #[serde(default)]
    labs: u32,
    /// Fewest seats of each room.
    minimum_capacity: Option<u32>,
    /// What each room must have.
    #[serde(default)]
    equipment: Vec<Equipment>,
    /// Wait for rooms if there are too few, instead of being denied.
    #[serde(default)]
    wait: bool,
    /// How long the proposal waits for its answer, in seconds.
    #[schema(minimum = 1, maximum = 600, default = 60)]
    hold_s: Option<u64>,
}

/// Ask for rooms. The answer is a proposal that reserves them until `deadline`, a denial, or a place on the waiting list.
#[utoipa::path(
    post, path = "/api/v1/rooms/requests", tag = "rooms", request_body = NewRequest,
    responses(
        (status = 201, body = RequestView),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
         description = "The `request_id` was used for another request."),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "No server leads."),
    ),
    security(("token" = [])),
)]
pub(super) async fn create_request(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
    Json(mut new): Json<NewRequest>,
) -> Result<Response, Problem> {
    caller.need_role(&[UserRole::Admin, UserRole::Staff])?;
    caller.need_scope("rooms:write")?;
    // Named before it is handed on, so that a repeat on the way is one.
    let request_id = new.request_id.get_or_insert_with(|| desk.new_name()).clone();
    let hold_s = new.hold_s.unwrap_or(BY_HAND_S);
    if !(1..=LONGEST_S).contains(&hold_s) {
        return Err(RoomsError::from(Invalid::new("hold_s", format!("1 to {LONGEST_S} is expected"))).into());
    }
    let asked = Solicitation {
        request_id: request_id.clone(),
        faculty: new.faculty.clone(),
        program: new.program.clone(),
        semester: new.semester.clone(),
        classrooms: new.classrooms,
        labs: new.labs,
        minimum_capacity: new.minimum_capacity,
        equipment: new.equipment.clone(),
        wait: new.wait,
        hold: Some(Duration::from_secs(hold_s)),
    };
    asked.check().map_err(RoomsError::from)?;
    let errand = Errand { path: "/api/v1/rooms/requests".to_owned(), headers: &headers, body: &new };
    let ask = |core: crate::Core| {
        let asked = asked.clone();
        async move { core.solicit(asked, Origin::default()).await }
    };
    let answer = match desk.decide(ask, errand).await? {
        Decided::There(response) => return Ok(response),
        Decided::Here(answer) => answer,
    };
    if matches!(&answer, Answer::Resolved(resolution) if resolution.reason == Some(Reason::Invalid)) {
        return Err(RoomsError::KeyReused.into());
    }
    let found =
        requests::by_keys(desk.sql.reader(), [key(&new.faculty, &request_id)]).await.map_err(RoomsError::from)?;
    let record = found.first().ok_or(RoomsError::NotFound)?;
    Ok((StatusCode::CREATED, Json(RequestView::of(record))).into_response())
}
