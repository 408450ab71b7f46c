//! `POST /api/v1/grades`, and the same by one route or the other.

use std::sync::Arc;

use api::auth::Caller;
use api::idempotency::{IDEMPOTENCY_REPLAYED, Repeatable, scope};
use api::{Json, Problem, ProblemBody};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use kernel::id::Id;
use kernel::secret::Secret;
use serde::Serialize;
use utoipa::ToSchema;

use super::Door;
use crate::model::{Outcome, Record, RepeatKey, Route, Rules, Stored, Submission};
use crate::rights;

/// Which route a record came in by.
const X_BEDEL_ROUTE: HeaderName = HeaderName::from_static("x-bedel-route");

/// All three addresses are one for a repeat: the gateway may send it by the other route.
const PATH: &str = "/api/v1/grades";

/// A grade that is durable.
#[derive(Serialize, ToSchema)]
pub(super) struct Entered {
    #[schema(value_type = String)]
    id: Id,
    /// The way the record came in.
    route: Route,
    /// There was another grade, which is in the history now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    corrected: bool,
}

/// Enter a grade. A student has one a course, semester and year: the same again changes nothing, another `nota` corrects it,
/// another `nombre` renames the student.
#[utoipa::path(
    post, path = "/api/v1/grades", tag = "grades", request_body = Record,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 201, body = Entered, headers(("X-Bedel-Route" = String))),
        (status = 200, body = Entered, description = "It was there already, or is corrected now."),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
         description = "Not one of the caller's courses."),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json",
         description = "The database is away or too many wait. Sending it again is safe."),
    ),
    security(("token" = [])),
)]
pub(super) async fn create_grade(
    State(door): State<Door>,
    State(rules): State<Rules>,
    caller: Caller,
    headers: HeaderMap,
    request: Repeatable<Record>,
) -> Result<Response, Problem> {
    enter(door, &rules, &caller, &headers, request).await
}

/// Enter a grade by route 1: HTTP, gRPC, SQL.
#[utoipa::path(
    post, path = "/api/v1/grades/route1", tag = "grades", request_body = Record,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Entered, headers(("X-Bedel-Route" = String))), (status = 200, body = Entered)),
    security(("token" = [])),
)]
pub(super) async fn create_by_route1(
    State(door): State<Door>,
    State(rules): State<Rules>,
    caller: Caller,
    headers: HeaderMap,
    request: Repeatable<Record>,
) -> Result<Response, Problem> {
    enter(door, &rules, &caller, &headers, request).await
}

/// Enter a grade by route 2: HTTP, live store and SQL.
#[utoipa::path(
    post, path = "/api/v1/grades/route2", tag = "grades", request_body = Record,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Entered, headers(("X-Bedel-Route" = String))), (status = 200, body = Entered)),
    security(("token" = [])),
)]
pub(super) async fn create_by_route2(
    State(door): State<Door>,
    State(rules): State<Rules>,
    caller: Caller,
    headers: HeaderMap,
    request: Repeatable<Record>,
) -> Result<Response, Problem> {
    enter(door, &rules, &caller, &headers, request).await
}

async fn enter(
    door: Door,
    rules: &Rules,
    caller: &Caller,
    headers: &HeaderMap,
    request: Repeatable<Record>,
) -> Result<Response, Problem> {
    rights::may_enter(caller)?;
    let Repeatable { body, key, digest } = request;
    let record = rules.check(body).map_err(crate::Failure::Invalid)?;
    rights::may_enter_course(caller, &record.curso)?;
    let key = key.0.map(|key| RepeatKey { scope: scope(Some(caller), &Method::POST, PATH), key, digest });
    let submission = Submission { record, by: caller.username.as_str().into(), token: token(headers), key };
    // Whoever leaves leaves the record with the writer: it is kept nevertheless.
    let stored = door.record(submission).await?;
    Ok(answer(stored))
}

/// The bearer token, which `Caller` has verified.
pub(super) fn token(headers: &HeaderMap) -> Secret<Arc<str>> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Secret::new(value.split_once(' ').map_or("", |(_, token)| token.trim()).into())
}

fn answer(stored: Stored) -> Response {
    let Stored { id, outcome, route, repeated } = stored;
    let status = if outcome == Outcome::Created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = (status, Json(Entered { id, route, corrected: outcome == Outcome::Corrected })).into_response();
    let headers = response.headers_mut();
    headers.insert(X_BEDEL_ROUTE, HeaderValue::from_static(route.name()));
    if repeated {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
