//! What a role counts, for Prometheus.

use std::fmt;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// A role's registry, with the counts of its HTTP requests in it.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Answered, Counter>,
    durations: Family<Route, Histogram>,
    in_flight: Gauge<i64, AtomicI64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: Arc<str>,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: Arc<str>,
}

impl Metrics {
    /// The registry of one replica; everything in it carries both labels.
    #[must_use]
    pub fn new(role: &str, replica: &str) -> Self {
        let labels = [("role", role), ("replica", replica)];
        let mut registry = Registry::with_prefix_and_labels(
            "bedel",
            labels.into_iter().map(|(name, value)| (name.into(), value.to_owned().into())),
        );
        // 1 ms to 8 s; transfers last longer, but their first byte does not.
        let durations =
            Family::new_with_constructor((|| Histogram::new(exponential_buckets(0.001, 2.0, 14))) as fn() -> Histogram);
        let metrics = Self {
            requests: Family::default(),
            durations,
            in_flight: Gauge::default(),
            registry: Mutex::new(Registry::default()),
        };
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time to the first byte of the answer",
            metrics.durations.clone(),
        );
        registry.register("http_requests_in_flight", "Requests being answered", metrics.in_flight.clone());
        Self { registry: Mutex::new(registry), ..metrics }
    }

    /// Lets a service register what it counts itself. Names get the prefix `bedel_`.
    pub fn register<T>(&self, register: impl FnOnce(&mut Registry) -> T) -> T {
        register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All of it as OpenMetrics text.
    ///
    /// # Errors
    /// Only if a metric cannot be written, which is a bug.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(out)
    }

    pub(crate) fn response(&self) -> Response {
        let mut response = self.text().unwrap_or_default().into_response();
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
        );
        response
    }

    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.inc();
        InFlight(Arc::clone(self))
    }

    pub(crate) fn answered(&self, route: &Arc<str>, method: &http::Method, status: u16, took: Duration) {
        let labels = Answered { route: Arc::clone(route), method: known_method(method), status };
        self.requests.get_or_create(&labels).inc();
        self.durations.get_or_create(&Route { route: Arc::clone(route) }).observe(took.as_secs_f64());
    }
}

/// A client may send any word as a method: only known ones become labels.
fn known_method(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// A request being answered.
pub(crate) struct InFlight(Arc<Metrics>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Arc::new(Metrics::new("files", "files-2"));
        let guard = metrics.begin();
        metrics.answered(&"/x/{id}".into(), &http::Method::GET, 404, Duration::from_millis(3));
        let text = metrics.text().expect("writes");
        let line = "bedel_http_requests_total{role=\"files\",replica=\"files-2\",route=\"/x/{id}\",method=\"GET\",status=\"404\"} 1";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("bedel_http_requests_in_flight{role=\"files\",replica=\"files-2\"} 1"), "{text}");
        drop(guard);
        assert!(metrics.text().expect("writes").contains("in_flight{role=\"files\",replica=\"files-2\"} 0"));
    }
}
