//! What the gateway answers itself: its health, its metrics and the state of the campus.

use bytes::Bytes;
use http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use kernel::error::Kind;
use kernel::status::{ReplicaState, RoleStatus, Status};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::door::connection::Client;
use crate::gateway::Gateway;
use crate::metrics;
use crate::proxy::body::Body;
use crate::proxy::{headers, problem};

/// A status older than this says so.
const STALE: std::time::Duration = std::time::Duration::from_secs(2);

/// Answers a path of the gateway's own; `None` for all others.
pub(crate) fn answer(gateway: &Gateway, client: &Client, parts: &Parts, id: Option<&str>) -> Option<Response<Body>> {
    let path = parts.uri.path();
    let own = path.strip_prefix("/-/");
    if own.is_none() && path != "/api/v1/status" {
        return None;
    }
    if parts.method != Method::GET && parts.method != Method::HEAD {
        let problem = api::Problem::with_status(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "This method is not allowed here",
            "only GET is",
        );
        let mut response = problem::render(&problem, id);
        response.headers_mut().insert(http::header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Some(response);
    }
    Some(match own {
        Some("healthz") => text("ok\n"),
        Some("readyz") => ready(gateway),
        Some("metrics") => show_metrics(gateway, client, parts, id),
        Some(_) => problem::answer(Kind::NotFound, "the gateway has no such page", id),
        None => show_status(gateway, parts, id),
    })
}

fn text(content: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::whole(Bytes::from_static(content.as_bytes())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn json(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::whole(Bytes::from(value.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Ready when every wanted role is.
fn ready(gateway: &Gateway) -> Response<Body> {
    let known = gateway.status.load_full();
    let missing: Vec<&str> = match known.as_deref() {
        Some((status, _)) => {
            let wanted = status.roles.iter().filter(|role| role.desired > 0);
            wanted.filter(|role| !role.ready).map(|role| role.role.name()).collect()
        }
        None => {
            let table = gateway.table.load();
            table.clusters.iter().filter(|cluster| !cluster.is_up()).map(|cluster| cluster.role.name()).collect()
        }
    };
    let draining = gateway.registry.is_draining();
    let routed = gateway.table.load().generation > 0;
    let ready = missing.is_empty() && routed && !draining;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &json!({"ready": ready, "missing": missing, "draining": draining, "routes": routed}))
}

fn show_metrics(gateway: &Gateway, client: &Client, parts: &Parts, id: Option<&str>) -> Response<Body> {
    let caller = caller(gateway, parts);
    let admin = matches!(&caller, Caller::Known(caller) if caller.is_admin());
    // A trusted proxy on loopback stands for whoever is behind it.
    let local = client.peer.ip().to_canonical().is_loopback() && !client.trusted;
    if !admin && !local {
        let (kind, detail) = match caller {
            Caller::Known(_) => (Kind::Forbidden, "only administrators may read the metrics"),
            Caller::Anonymous | Caller::Refused => (Kind::Unauthenticated, "the metrics need an administrator's token"),
        };
        return problem::answer(kind, detail, id);
    }
    let mut response = Response::new(Body::whole(Bytes::from(metrics::render(gateway))));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

enum Caller {
    Anonymous,
    Refused,
    Known(Box<api::auth::Caller>),
}

fn caller(gateway: &Gateway, parts: &Parts) -> Caller {
    let Some(token) = headers::bearer(&parts.headers) else { return Caller::Anonymous };
    let verified = gateway.verifier.as_ref().and_then(|verifier| verifier.verify(token).ok());
    verified.map_or(Caller::Refused, |caller| Caller::Known(Box::new(caller)))
}

fn show_status(gateway: &Gateway, parts: &Parts, id: Option<&str>) -> Response<Body> {
    let known = gateway.status.load_full();
    let (status, age) = match known.as_deref() {
        Some((status, at)) => (status.clone(), Instant::now().saturating_duration_since(*at)),
        None => (from_routes(gateway), std::time::Duration::ZERO),
    };
    let shown = match caller(gateway, parts) {
        Caller::Known(caller) if caller.is_admin() => serde_json::to_value(&status).unwrap_or_default(),
        Caller::Known(_) => serde_json::to_value(without_pids(status)).unwrap_or_default(),
        Caller::Anonymous => for_anybody(&status),
        Caller::Refused => return problem::answer(Kind::Unauthenticated, "the token is not valid", id),
    };
    let mut response = json(StatusCode::OK, &shown);
    if age >= STALE {
        response.headers_mut().insert(AGE, HeaderValue::from(age.as_secs()));
    }
    response
}

fn without_pids(mut status: Status) -> Status {
    for replica in status.roles.iter_mut().flat_map(|role| &mut role.replicas) {
        replica.pid = None;
    }
    status
}

fn for_anybody(status: &Status) -> Value {
    let roles: Vec<_> =
        status.roles.iter().map(|role| json!({"role": role.role.name(), "ready": role.ready})).collect();
    json!({"ready": status.ready, "operating": status.operating, "roles": roles})
}

/// What the routes say, for a gateway that nobody has told more.
fn from_routes(gateway: &Gateway) -> Status {
    let table = gateway.table.load();
    let roles: Vec<_> = table
        .clusters
        .iter()
        .map(|cluster| {
            let replicas = cluster.replicas.iter().map(|replica| kernel::status::ReplicaStatus {
                id: replica.id.to_string(),
                pid: None,
                node: String::new(),
                address: Some(replica.address),
                state: if replica.is_draining() { ReplicaState::Draining } else { ReplicaState::Ready },
                leader: false,
                cpu_percent: 0.0,
                memory_bytes: 0,
                restarts: 0,
                uptime_ms: 0,
            });
            let replicas: Vec<_> = replicas.collect();
            let desired = u32::try_from(replicas.len().max(1)).unwrap_or(u32::MAX);
            RoleStatus { role: cluster.role, ready: cluster.is_up(), desired, replicas }
        })
        .collect();
    Status {
        ready: roles.iter().all(|role| role.ready),
        operating: roles.iter().any(|role| role.ready),
        roles,
        ..Status::default()
    }
}
