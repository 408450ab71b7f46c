//! What every refused request is answered with: `application/problem+json` (RFC 9457).

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::error::{Kind, Retry, chain};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that is wrong with a request's body or query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where: a JSON pointer into the body (RFC 6901), or `/NAME` of a query parameter.
    pub field: String,
    /// A stable word for programs: `missing`, `unknown`, `type`, `too_long`, …
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

impl FieldError {
    /// Names what is wrong at `field`.
    pub fn new(field: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into() }
    }
}

/// The body of a problem, as it travels: also what the OpenAPI documents show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// What went wrong, for programs: a stable path such as `/problems/conflict`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for people; it does not vary between occurrences.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time and what to do about it.
    pub detail: String,
    /// The request's id, for the logs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
    /// What is wrong with each field; empty unless fields are to blame.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<FieldError>,
    /// What a problem type defined elsewhere says besides (RFC 9457, section 3.2).
    #[serde(flatten)]
    #[schema(ignore)]
    pub members: BTreeMap<String, serde_json::Value>,
}

/// An answer that says no. The request id is filled in by [`crate::Service`].
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    members: BTreeMap<String, serde_json::Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of a kind the whole of Bedel knows. `Unavailable`, `Exhausted` and `NoSpace` carry `Retry-After`.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (status, slug, title) = match kind {
            Kind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request is not valid"),
            Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "A valid token is needed"),
            Kind::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Kind::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Kind::Conflict => (StatusCode::CONFLICT, "conflict", "The state of things does not allow this"),
            Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too many bytes"),
            Kind::Exhausted => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests"),
            Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "A dependency is away"),
            Kind::NoSpace => (StatusCode::INSUFFICIENT_STORAGE, "no-space", "The disk or a quota is full"),
            Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "A fault of the server"),
        };
        let problem = Self::with_status(status, slug, title, detail);
        match kind.retry() {
            Retry::After(wait) => problem.retry_after(wait),
            Retry::Never | Retry::Now => problem,
        }
    }

    /// A problem that only one protocol has. `slug` becomes `type` (`/problems/SLUG`) and must never change; a whole URI, of
    /// a type that is registered elsewhere, stays as it is.
    pub fn with_status(status: StatusCode, slug: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        let (errors, members, headers) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self(Box::new(Inner { status, slug, title, detail: detail.into(), errors, members, headers }))
    }

    /// 400: the request could not be parsed at all.
    pub fn unparsable(detail: impl Into<String>) -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, "unparsable", "The request could not be parsed", detail)
    }

    /// 415: the body is of a type this endpoint does not read.
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::with_status(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "This media type is not read here",
            detail,
        )
    }

    /// 422: parsed, but these fields are wrong.
    #[must_use]
    pub fn unprocessable(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.field, one.message),
            many => format!("{} fields are not valid", many.len()),
        };
        let mut problem = Self::new(Kind::Invalid, detail);
        problem.0.errors = errors;
        problem
    }

    /// What a request is told that a database failed; what failed is logged here, once. `away` says whose it is.
    #[must_use]
    pub fn of_database(kind: Kind, error: &(dyn Error + 'static), away: &'static str) -> Self {
        let error = chain(error);
        match kind {
            Kind::Unavailable => {
                tracing::warn!(error, "the database is away");
                Self::new(Kind::Unavailable, away)
            }
            Kind::NoSpace => {
                tracing::error!(error, "the database is full");
                Self::new(Kind::NoSpace, "The database's disk is full.")
            }
            _ => {
                tracing::error!(error, "a request failed in the database");
                Self::new(Kind::Internal, "The server failed to answer; the fault is logged.")
            }
        }
    }

    /// 404, in the words used for what is not there and what is not the caller's to see.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "There is nothing at this address, or it is not yours to see.")
    }

    /// Adds one wrong field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.errors.push(FieldError::new(field, code, message));
        self
    }

    /// Adds a number that the problem's type defines.
    #[must_use]
    pub fn member(mut self, name: &str, value: u64) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// Says when asking again may help; rounded up to whole seconds, at least one.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.header(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// Sets a header of the answer, replacing what was set under that name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.retain(|(known, _)| *known != name);
        self.0.headers.push((name, value));
        self
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The body as it travels.
    #[must_use]
    pub fn body(&self, request_id: Option<String>) -> ProblemBody {
        ProblemBody {
            kind: if self.0.slug.contains(':') { self.0.slug.to_owned() } else { format!("/problems/{}", self.0.slug) },
            title: self.0.title.to_owned(),
            status: self.0.status.as_u16(),
            detail: self.0.detail.clone(),
            request_id,
            errors: self.0.errors.clone(),
            members: self.0.members.clone(),
        }
    }

    pub(crate) fn bytes(&self, request_id: Option<String>) -> Vec<u8> {
        serde_json::to_vec(&self.body(request_id)).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.bytes(None)));
        *response.status_mut() = self.0.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        for (name, value) in &self.0.headers {
            response.headers_mut().insert(name, value.clone());
        }
        // Whoever knows the request id (`edge`) writes the body again with it.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_stable() {
        let seen: Vec<String> = [
            Kind::Invalid,
            Kind::Unauthenticated,
            Kind::Forbidden,
            Kind::NotFound,
            Kind::Conflict,
            Kind::TooLarge,
            Kind::Exhausted,
            Kind::Unavailable,
            Kind::NoSpace,
            Kind::Internal,
        ]
        .into_iter()
        .map(|kind| {
            let body = Problem::new(kind, "x").body(None);
            format!("{} {}", body.status, body.kind)
        })
        .collect();
        assert_eq!(
            seen,
            [
                "422 /problems/invalid",
                "401 /problems/unauthenticated",
                "403 /problems/forbidden",
                "404 /problems/not-found",
                "409 /problems/conflict",
                "413 /problems/too-large",
                "429 /problems/too-many-requests",
                "503 /problems/unavailable",
                "507 /problems/no-space",
                "500 /problems/internal",
            ]
        );
    }

    #[test]
    fn a_type_of_others_keeps_its_address_and_members() {
        let address = "https://iana.org/assignments/http-problem-types#date";
        let problem = Problem::with_status(StatusCode::CONFLICT, address, "x", "y").member("expected-offset", 7);
        let body = serde_json::to_value(problem.body(None)).expect("serialises");
        assert_eq!((&body["type"], &body["expected-offset"]), (&address.into(), &7.into()));
        let read: ProblemBody = serde_json::from_value(body).expect("reads back");
        assert_eq!(read, problem.body(None));
    }

    #[test]
    fn waiting_is_rounded_up() {
        let response = Problem::new(Kind::Unavailable, "x").retry_after(Duration::from_millis(1500)).into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        assert_eq!(Problem::new(Kind::Unavailable, "x").into_response().headers()[RETRY_AFTER], "1");
    }
}
