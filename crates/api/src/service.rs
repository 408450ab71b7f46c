//! A role's routes, with everything that every role has around them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use http::{Method, StatusCode};
use kernel::lifecycle::Lifecycle;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::Verifier;
use crate::edge::{Edge, EdgeLayer};
use crate::health::{self, Check};
use crate::metrics::Metrics;
use crate::problem::Problem;

/// Puts a role's router together: its routes, `/healthz`, `/readyz`, `/metrics`, and around all of them request ids,
/// token verification, counting, tracing, and problem+json for what is not there, not allowed there, or panics.
pub struct Service {
    edge: Edge,
    router: OpenApiRouter,
    fallback: Option<Router>,
    checks: Vec<Check>,
    leads: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    lifecycle: Lifecycle,
}

impl Service {
    /// Begins a service of `role`, in the process called `replica` (`files-2`).
    #[must_use]
    pub fn new(role: &str, replica: &str, verifier: Arc<Verifier>) -> Self {
        let started = verifier.now().as_micros() / 1000;
        let edge = Edge {
            metrics: Arc::new(Metrics::new(role, replica)),
            verifier,
            id_prefix: format!("{replica}.{started:x}"),
            counter: AtomicU64::new(0),
            unmatched: "".into(),
        };
        Self {
            edge,
            router: OpenApiRouter::new(),
            fallback: None,
            checks: Vec::new(),
            leads: None,
            lifecycle: Lifecycle::new(),
        }
    }

    /// Adds routes, with their full paths (`/api/v1/…`).
    #[must_use]
    pub fn routes(mut self, routes: OpenApiRouter) -> Self {
        self.router = self.router.merge(routes);
        self
    }

    /// Answers what no route matches; without it that is 404.
    #[must_use]
    pub fn fallback(mut self, fallback: Router) -> Self {
        self.fallback = Some(fallback);
        self
    }

    /// Not ready while `check` fails.
    #[must_use]
    pub fn readiness<F, Fut>(self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks([Check::required(name, check)])
    }

    /// Adds checks that a service brings.
    #[must_use]
    pub fn checks(mut self, checks: impl IntoIterator<Item = Check>) -> Self {
        self.checks.extend(checks);
        self
    }

    /// Of this role one replica leads: `/readyz` tells in the header `x-bedel-leads` whether it is this one.
    #[must_use]
    pub fn leads(mut self, leads: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.leads = Some(Arc::new(leads));
        self
    }

    /// Not ready once `lifecycle` is asked to end.
    #[must_use]
    pub fn lifecycle(mut self, lifecycle: Lifecycle) -> Self {
        self.lifecycle = lifecycle;
        self
    }

    /// Where the role's own counts go.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.edge.metrics)
    }

    /// The OpenAPI document of the routes so far.
    #[must_use]
    pub fn openapi(&self) -> utoipa::openapi::OpenApi {
        self.router.get_openapi().clone()
    }

    /// The router, ready for [`serve`](fn@crate::serve).
    pub fn build(self) -> Router {
        let (routes, _) = self.router.split_for_parts();
        let metrics = Arc::clone(&self.edge.metrics);
        let checks: Arc<[Check]> = self.checks.into();
        let (lifecycle, leads) = (self.lifecycle, self.leads);
        let router = routes
            .route("/healthz", get(|| async { "ok\n" }))
            .route(
                "/readyz",
                get(move || {
                    let (checks, draining) = (Arc::clone(&checks), lifecycle.soft().is_cancelled());
                    let leads = leads.as_ref().map(|leads| leads());
                    async move { health::readyz(&checks, draining, leads).await }
                }),
            )
            .route("/metrics", get(move || std::future::ready(metrics.response())))
            .method_not_allowed_fallback(method_not_allowed);
        let router = match self.fallback {
            Some(fallback) => router.fallback_service(fallback),
            None => router.fallback(|| std::future::ready(Problem::not_found())),
        };
        router.layer(EdgeLayer(Arc::new(self.edge)))
    }
}

async fn method_not_allowed(method: Method, request: Request) -> Problem {
    let detail = format!("{method} is not for {}: see the Allow header.", request.uri().path());
    Problem::with_status(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Not with this method", detail)
}

#[cfg(test)]
mod tests;
