//! One request on one replica.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response};
use kernel::role::Protocol;
use tokio::time::Instant;

use super::body::Body;
use super::headers::strip_hop_by_hop;
use super::request_body::RequestBody;
use crate::balance::replica::Pending;
use crate::upstream::{Failure, h1, h2};

/// An answer whose head is here.
pub(crate) struct Answered {
    pub(crate) response: Response<Body>,
    /// How long the head took, for requests that are timed.
    pub(crate) took: Option<Duration>,
}

/// Sends `request` to the replica that `pending` counts it against.
pub(crate) async fn attempt(
    mut pending: Pending,
    request: Request<RequestBody>,
    body_idle: Duration,
) -> Result<Answered, Failure> {
    let (response, took) = match pending.replica().protocol {
        Protocol::Http1 => {
            let response = h1::exchange(&mut pending, request).await?;
            let took = pending.answered(Instant::now());
            let (parts, mut body) = response.into_parts();
            let small = poll_fn(|cx| Poll::Ready(body.take_small(cx))).await;
            let idle = patience(&parts.headers, body_idle);
            let body = match small {
                Some(data) => Body::whole(data),
                None => Body::h1(body, pending, idle),
            };
            (Response::from_parts(parts, body), took)
        }
        Protocol::H2c => {
            let response = h2::exchange(&mut pending, request).await?;
            let took = pending.answered(Instant::now());
            let idle = patience(response.headers(), body_idle);
            (response.map(|body| Body::driven(body, pending, idle)), took)
        }
    };
    Ok(Answered { response: passed_on(response), took })
}

fn passed_on(mut response: Response<Body>) -> Response<Body> {
    // HEAD and 304 answers carry a length without a body; a chunked one carries none.
    strip_hop_by_hop(response.headers_mut());
    response
}

/// Streams of events and calls may be silent for as long as they like; other answers make progress or end.
fn patience(headers: &HeaderMap, idle: Duration) -> Option<Duration> {
    let kind = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    let silent = [&b"text/event-stream"[..], b"application/grpc"].iter().any(|prefix| kind.starts_with(prefix));
    (!silent).then_some(idle)
}
