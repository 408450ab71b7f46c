//! Refusals of the gateway itself: `application/problem+json` as every service sends it.

use std::time::Duration;

use api::Problem;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use kernel::error::{Kind, Retry};
use kernel::role::Role;

use super::body::Body;
use super::request_body::BodyError;

/// A problem of a known kind.
pub(crate) fn answer(kind: Kind, detail: &str, request_id: Option<&str>) -> Response<Body> {
    let mut response = render(&Problem::new(kind, detail), request_id);
    if let Retry::After(wait) = kind.retry() {
        set_retry_after(&mut response, wait);
    }
    response
}

/// A role has no replica that can answer.
pub(crate) fn role_down(role: Role, request_id: Option<&str>) -> Response<Body> {
    answer(Kind::Unavailable, &format!("the service {role} is down; the rest of the campus is not"), request_id)
}

/// Too many requests: come back after `wait`.
pub(crate) fn limited(wait: Duration, detail: &str, request_id: Option<&str>) -> Response<Body> {
    let mut response = answer(Kind::Exhausted, detail, request_id);
    set_retry_after(&mut response, wait);
    response
}

fn set_retry_after(response: &mut Response<Body>, wait: Duration) {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
}

/// The client's own body broke off or stood still.
pub(crate) fn broken_body(error: &BodyError, request_id: Option<&str>) -> Response<Body> {
    let problem = match error {
        BodyError::Client(_) => Problem::unparsable("the request's body broke off"),
        BodyError::Idle => Problem::with_status(
            StatusCode::REQUEST_TIMEOUT,
            "request-timeout",
            "The request made no progress",
            "no byte of the request's body came in time",
        ),
    };
    render(&problem, request_id)
}

/// A replica broke off, or said nothing in time.
pub(crate) fn gateway_failure(status: StatusCode, role: Role, request_id: Option<&str>) -> Response<Body> {
    let (slug, title, detail) = if status == StatusCode::GATEWAY_TIMEOUT {
        ("gateway-timeout", "A service did not answer in time", format!("the service {role} did not answer in time"))
    } else {
        (
            "bad-gateway",
            "A service broke off",
            format!("the service {role} broke off before its answer; whether the request took effect is not known"),
        )
    };
    render(&Problem::with_status(status, slug, title, detail), request_id)
}

pub(crate) fn render(problem: &Problem, request_id: Option<&str>) -> Response<Body> {
    let body = serde_json::to_vec(&problem.body(request_id.map(str::to_owned))).unwrap_or_default();
    let mut response = Response::new(Body::whole(Bytes::from(body)));
    *response.status_mut() = problem.status();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}
