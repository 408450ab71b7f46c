//! One request on one replica.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response};
use kernel::role::Protocol;
use tokio::time::Instant;

use super::body::Body;
use super::head::Head;
use super::headers::strip_hop_by_hop;
use super::request_body::RequestBody;
use crate::balance::replica::Pending;
use crate::upstream::h1::Content;
use crate::upstream::{Failure, h1, h2};

/// An answer whose head is here.
pub(crate) struct Answered {
    pub(crate) response: Response<Body>,
    /// When.
    pub(crate) at: Instant,
    /// How long the head took, for requests that are timed.
    pub(crate) took: Option<Duration>,
}

/// Sends a request to the replica that `pending` counts it against.
pub(crate) async fn attempt(
    mut pending: Pending,
    head: &Head,
    body: RequestBody,
    body_idle: Duration,
) -> Result<Answered, Failure> {
    let (response, at, took) = match pending.replica().protocol {
        Protocol::Http1 => {
            let response = h1::exchange(&mut pending, head, body).await?;
            let at = Instant::now();
            let took = pending.answered(at);
            let idle = patience(response.headers(), body_idle);
            let response = response.map(|content| match content {
                Content::Whole(data) => Body::whole(data),
                Content::Rest(body) => Body::h1(body, pending, idle),
            });
            (response, at, took)
        }
        Protocol::H2c => {
            // Boxed, because it takes more room than everything else here, which HTTP/1.1 would have to move about.
            let mut response = Box::pin(h2::exchange(&mut pending, head, body)).await?;
            let at = Instant::now();
            let took = pending.answered(at);
            let idle = patience(response.headers(), body_idle);
            strip_hop_by_hop(response.headers_mut());
            (response.map(|body| Body::driven(body, pending, idle)), at, took)
        }
    };
    Ok(Answered { response, at, took })
}

/// Streams of events and calls may be silent for as long as they like; other answers make progress or end.
fn patience(headers: &HeaderMap, idle: Duration) -> Option<Duration> {
    let kind = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    let silent = [&b"text/event-stream"[..], b"application/grpc"].iter().any(|prefix| kind.starts_with(prefix));
    (!silent).then_some(idle)
}
