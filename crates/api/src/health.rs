//! `/healthz`: the process answers. `/readyz`: it can do its work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use futures::future::{BoxFuture, join_all};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::json::Json;

/// Asks one dependency whether it is there; the text says what is wrong, without secrets.
pub type CheckFn = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A dependency's check.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    required: bool,
    ask: CheckFn,
}

/// How long a dependency may take to say that it is there; probes wait 1 s.
const PATIENCE: Duration = Duration::from_millis(700);

impl Check {
    /// Without this dependency the role is not ready.
    pub fn required<F, Fut>(name: &'static str, ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self { name, required: true, ask: Arc::new(move || Box::pin(ask())) }
    }

    /// Without this dependency the role is ready and does less; `/readyz` shows it.
    pub fn optional<F, Fut>(name: &'static str, ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self { required: false, ..Self::required(name, ask) }
    }

    async fn run(&self) -> CheckState {
        let problem = match tokio::time::timeout(PATIENCE, (self.ask)()).await {
            Ok(Ok(())) => None,
            Ok(Err(problem)) => Some(problem),
            Err(_) => Some(format!("no answer within {} ms", PATIENCE.as_millis())),
        };
        CheckState { ok: problem.is_none(), required: self.required, problem }
    }
}

#[derive(Debug, Serialize)]
struct CheckState {
    ok: bool,
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    draining: bool,
    checks: BTreeMap<&'static str, CheckState>,
}

/// Says whether a replica leads its role; whoever supervises shows it.
pub(crate) const LEADS: HeaderName = HeaderName::from_static("x-bedel-leads");

pub(crate) async fn readyz(checks: &[Check], draining: bool, leads: Option<bool>) -> Response {
    let states = join_all(checks.iter().map(Check::run)).await;
    let checks: BTreeMap<_, _> = checks.iter().map(|check| check.name).zip(states).collect();
    let ready = !draining && checks.values().all(|state| state.ok || !state.required);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, Json(Readiness { ready, draining, checks })).into_response();
    if let Some(leads) = leads {
        response.headers_mut().insert(LEADS, HeaderValue::from_static(if leads { "true" } else { "false" }));
    }
    response
}
