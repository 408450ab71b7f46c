//! What happens around every request: its id, its caller's verifier, counting, tracing, panics, problems' request ids.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderValue;
use http::header::CONTENT_LENGTH;
use kernel::error::Kind;
use tokio::time::Instant;
use tower::{Layer, Service};

use crate::auth::Verifier;
use crate::context::{Context, X_REQUEST_ID, acceptable};
use crate::metrics::Metrics;
use crate::problem::Problem;

/// Shared by all requests of a replica.
pub(crate) struct Edge {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) metrics: Arc<Metrics>,
    /// `REPLICA.START`: with a number behind it, an id no other request has.
    pub(crate) id_prefix: String,
    pub(crate) counter: AtomicU64,
    pub(crate) unmatched: Arc<str>,
}

impl Edge {
    fn request_id(&self, request: &Request) -> String {
        let given = request.headers().get(&X_REQUEST_ID).and_then(|value| value.to_str().ok());
        match given.filter(|id| acceptable(id)) {
            Some(id) => id.to_owned(),
            None => format!("{}.{}", self.id_prefix, self.counter.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

#[derive(Clone)]
pub(crate) struct EdgeLayer(pub(crate) Arc<Edge>);

impl<S> Layer<S> for EdgeLayer {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { inner, edge: Arc::clone(&self.0) }
    }
}

#[derive(Clone)]
pub(crate) struct EdgeService<S> {
    inner: S,
    edge: Arc<Edge>,
}

impl<S> Service<Request> for EdgeService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let edge = Arc::clone(&self.edge);
        let id = edge.request_id(&request);
        let route: Arc<str> = match request.extensions().get::<MatchedPath>() {
            Some(path) => path.as_str().into(),
            None => Arc::clone(&edge.unmatched),
        };
        let method = request.method().clone();
        request.extensions_mut().insert(Context::new(Arc::clone(&edge.verifier), id.clone()));
        let answer = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            let begun = Instant::now();
            let in_flight = edge.metrics.begin();
            let mut response = match answer.await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                // The panic's text and place were printed by the panic hook; this line only adds which request it was.
                Err(_) => {
                    Problem::new(Kind::Internal, "The server failed to answer; the fault is logged.").into_response()
                }
            };
            let took = begun.elapsed();
            let status = response.status().as_u16();
            if let Some(problem) = response.extensions_mut().remove::<Problem>() {
                response.headers_mut().remove(CONTENT_LENGTH);
                *response.body_mut() = Body::from(problem.bytes(Some(id.clone())));
            }
            trace(&id, &method, &route, status, took);
            if let Ok(value) = HeaderValue::try_from(id) {
                response.headers_mut().insert(X_REQUEST_ID, value);
            }
            edge.metrics.answered(&route, &method, status, took);
            drop(in_flight);
            Ok(response)
        })
    }
}

/// One line a request: the gateway's access log is the one for people, so only faults are shown by default.
fn trace(id: &str, method: &http::Method, route: &str, status: u16, took: Duration) {
    let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if status == 500 {
        tracing::error!(request.id = id, http.method = %method, http.route = route, http.status = status, duration_us, "answered");
    } else {
        tracing::debug!(request.id = id, http.method = %method, http.route = route, http.status = status, duration_us, "answered");
    }
}
