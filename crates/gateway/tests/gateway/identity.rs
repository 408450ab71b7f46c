//! What is told to replicas and clients about each other; limits; the gateway's own pages.

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use kernel::control::{GatewayCommand, GatewayReply, ask};
use kernel::role::{Protocol, Role};
use kernel::status::{ReplicaState, ReplicaStatus, RoleStatus, Status};
use serde_json::Value;

use crate::stage::{Stage, endpoint, files, named, serve, snapshot};

async fn show(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let seen: serde_json::Map<String, Value> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned())))
        .collect();
    let mut response = Response::new(Full::from(Value::from(seen).to_string()));
    response.headers_mut().insert("keep-alive", http::HeaderValue::from_static("timeout=5"));
    response
}

async fn seen(stage: &Stage, headers: &[(&str, &str)]) -> (Value, HeaderMap) {
    let mut request = reqwest::Client::new().get(stage.url("/api/v1/files"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("answers");
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers().clone();
    (serde_json::from_slice(&response.bytes().await.expect("reads")).expect("is JSON"), headers)
}

#[tokio::test]
async fn forwarded_headers_are_made_here_and_not_believed_from_strangers() {
    crate::stage::crypto();
    let stage = Stage::start(files(1, &[serve(show)]), Default::default()).await;
    let forged = [
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=1.2.3.4"),
        ("x-request-id", "bad id"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("connection", "x-drop-me"),
        ("x-drop-me", "1"),
    ];
    let (request, answer) = seen(&stage, &forged).await;
    assert_eq!(request["x-forwarded-for"], "127.0.0.1");
    assert_eq!(request["x-forwarded-proto"], "http");
    assert_eq!(request["x-forwarded-host"], stage.http.to_string());
    assert_eq!(request["host"], stage.http.to_string());
    assert_eq!(request["traceparent"], forged[5].1);
    assert!(request.get("forwarded").is_none() && request.get("x-drop-me").is_none());
    let id = request["x-request-id"].as_str().expect("an id");
    assert_eq!(id.len(), 26);
    assert_eq!(answer["x-request-id"], id);
    assert!(!answer.contains_key("keep-alive"));
    let (request, answer) = seen(&stage, &[("x-request-id", "mine-1")]).await;
    assert_eq!(request["x-request-id"], "mine-1");
    assert_eq!(answer["x-request-id"], "mine-1");
}

#[tokio::test]
async fn a_trusted_proxy_is_believed() {
    crate::stage::crypto();
    let settings = kernel::config::Gateway {
        trusted_proxies: vec!["127.0.0.1".parse().expect("an address")],
        ..Default::default()
    };
    let stage = Stage::start(files(1, &[serve(show)]), settings).await;
    let (request, _) = seen(&stage, &[("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")]).await;
    assert_eq!(request["x-forwarded-for"], "1.2.3.4, 127.0.0.1");
    assert_eq!(request["x-forwarded-proto"], "https");
}

#[tokio::test]
async fn over_the_limit_is_429_with_a_time_to_come_back() {
    crate::stage::crypto();
    let settings = kernel::config::Gateway { requests_per_address: 2, ..Default::default() };
    let stage = Stage::start(files(1, &[named("a")]), settings).await;
    let client = reqwest::Client::new();
    let mut refused = None;
    for _ in 0..20 {
        let response = client.get(stage.url("/api/v1/files")).send().await.expect("answers");
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("twenty requests at once pass a limit of two a second");
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_role_that_is_down_is_named_while_the_others_answer() {
    crate::stage::crypto();
    let roles = [(Role::Files, vec![]), (Role::Portal, vec![endpoint("portal-1", named("portal"))])];
    let stage = Stage::start(snapshot(1, &roles, Protocol::Http1), Default::default()).await;
    let down = reqwest::get(stage.url("/api/v1/files")).await.expect("answers");
    assert_eq!(down.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(down.headers().contains_key("retry-after"));
    let problem: Value = serde_json::from_slice(&down.bytes().await.expect("reads")).expect("is JSON");
    assert!(problem["detail"].as_str().expect("a detail").contains("files"), "{problem}");
    assert_eq!(reqwest::get(stage.url("/x")).await.expect("answers").text().await.expect("reads"), "portal");
    let ready = reqwest::get(stage.url("/-/readyz")).await.expect("answers");
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let ready: Value = serde_json::from_slice(&ready.bytes().await.expect("reads")).expect("is JSON");
    assert_eq!(ready["missing"], serde_json::json!(["files"]));
}

#[tokio::test]
async fn anybody_sees_roles_and_nothing_of_their_processes() {
    crate::stage::crypto();
    let stage = Stage::start(files(1, &[named("a")]), Default::default()).await;
    let replica = ReplicaStatus {
        id: "files-1".to_owned(),
        pid: Some(77),
        node: "here".to_owned(),
        address: None,
        state: ReplicaState::Ready,
        leader: false,
        cpu_percent: 0.0,
        memory_bytes: 0,
        restarts: 0,
        uptime_ms: 0,
    };
    let role = RoleStatus { role: Role::Files, ready: true, desired: 1, replicas: vec![replica] };
    let status = Status { ready: true, operating: true, roles: vec![role], ..Status::default() };
    let command = GatewayCommand::Status(Box::new(status));
    let reply: GatewayReply =
        ask(&stage.socket, &command, std::time::Duration::from_secs(5)).await.expect("acknowledged");
    assert_eq!(reply, GatewayReply::Done);
    let shown = reqwest::get(stage.url("/api/v1/status")).await.expect("answers").text().await.expect("reads");
    let shown: Value = serde_json::from_str(&shown).expect("is JSON");
    assert_eq!(
        shown,
        serde_json::json!({"ready": true, "operating": true, "roles": [{"role": "files", "ready": true}]})
    );
    let refused = reqwest::Client::new().get(stage.url("/api/v1/status")).bearer_auth("forged");
    assert_eq!(refused.send().await.expect("answers").status(), StatusCode::UNAUTHORIZED);
    assert_eq!(reqwest::get(stage.url("/-/healthz")).await.expect("answers").status(), StatusCode::OK);
    assert_eq!(reqwest::get(stage.url("/-/readyz")).await.expect("answers").status(), StatusCode::OK);
}
