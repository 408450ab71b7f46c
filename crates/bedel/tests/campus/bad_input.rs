//! What is wrong is answered with what is wrong, and leaves nothing behind.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Campus, PASSWORD};

async fn problem(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
    let body: Value = response.json().await.unwrap_or_default();
    assert_eq!(kind.as_deref(), Some("application/problem+json"), "{status}: {body}");
    for field in ["type", "title", "status", "detail", "request_id"] {
        assert!(!body[field].is_null(), "{field} is missing: {body}");
    }
    (status, body)
}

fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().into_iter().flatten().filter_map(|error| error["field"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_wrong() {
    let campus = Campus::start(&[]).await;
    let login =
        || campus.client.post(format!("{}/api/v1/auth/login", campus.url)).header("content-type", "application/json");
    assert_eq!(problem(login().body("{")).await.0, 400, "malformed JSON");
    let (status, body) = problem(login().json(&json!({ "username": 7, "password": "x" }))).await;
    assert_eq!((status, fields(&body)), (422, vec!["/username"]), "a wrong type is named");
    let (status, body) = problem(login().json(&json!({ "username": "a", "password": "x", "color": "red" }))).await;
    assert_eq!(status, 422, "an unknown field: {body}");
    assert!(body.to_string().contains("color"), "{body}");
    let wrong = json!({ "username": "admin", "password": "wrong" });
    assert_eq!(problem(login().json(&wrong)).await.0, 401);

    let long = json!({ "username": "x".repeat(10_000), "password": "long enough to be one", "name": "X", "email": "x@example.org" });
    let (status, body) = problem(campus.client.post(format!("{}/api/v1/auth/register", campus.url)).json(&long)).await;
    assert_eq!((status, fields(&body)), (422, vec!["/username"]), "an over-long name: {body}");

    let files = format!("{}/api/v1/files", campus.url);
    assert_eq!(
        problem(campus.client.post(format!("{}/api/v1/uploads", campus.url)).header("tus-resumable", "1.0.0")).await.0,
        401
    );
    let forged = format!("{}x.{}", &campus.token[..20], &campus.token[20..]);
    assert_eq!(problem(campus.client.get(format!("{}/api/v1/me", campus.url)).bearer_auth(forged)).await.0, 401);
    assert_eq!(problem(campus.client.get(format!("{files}/../users/x"))).await.0, 401);
    assert_eq!(problem(campus.request(Method::GET, "/files/01aaaaaaaaaaaaaaaaaaaaaaaa")).await.0, 404);
    assert_eq!(problem(campus.request(Method::GET, "/nothing/here")).await.0, 404);

    for name in ["..%2F..%2Fetc%2Fpasswd", "a%00b", "%1b%5b31m", &"x".repeat(300)] {
        let request = campus.client.put(format!("{files}?name={name}")).bearer_auth(&campus.token).body("x");
        let (status, body) = problem(request).await;
        assert!(matches!(status, 400 | 422), "{name}: {status} {body}");
    }
    let list: Value =
        campus.request(Method::GET, "/files").send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(list["items"], json!([]), "nothing was half-kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_has_expired() {
    let campus = Campus::start(&[("BEDEL_ACCOUNTS__ACCESS_TOKEN_S", "1")]).await;
    for path in ["/me", "/files"] {
        let ended = async {
            loop {
                let response = campus.request(Method::GET, path).send().await.expect("an answer");
                if response.status() == 401 {
                    return response.json::<Value>().await.expect("problem+json");
                }
            }
        };
        let problem = tokio::time::timeout(crate::harness::PATIENCE, ended).await.expect("it expires");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("expired")), "{path}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_lie() {
    let campus = Campus::start(&[]).await;
    let create = |length: &str| {
        campus.request(Method::POST, "/uploads").header("tus-resumable", "1.0.0").header("upload-length", length)
    };
    for length in ["-1", "many", "1e3", ""] {
        assert_eq!(problem(create(length)).await.0, 400, "Upload-Length: {length}");
    }
    assert_eq!(problem(create("999999999999999")).await.0, 413);
    let made = create("1000").send().await.expect("an answer");
    assert_eq!(made.status(), 201);
    let place = made.headers()["location"].to_str().expect("text").to_owned();
    let place = if place.starts_with('/') { format!("{}{place}", campus.url) } else { place };
    let patch = |offset: &str, kind: &'static str, size: usize| {
        campus
            .client
            .patch(&place)
            .bearer_auth(&campus.token)
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", offset)
            .header("content-type", kind)
            .body(vec![7_u8; size])
    };
    let tus = "application/offset+octet-stream";
    assert_eq!(problem(patch("500", tus, 10)).await.0, 409, "an offset beyond what is there");
    assert_eq!(problem(patch("0", "text/plain", 10)).await.0, 415);
    assert_eq!(problem(patch("0", tus, 2_000)).await.0, 413, "more bytes than were announced");
    let head = campus.client.head(&place).bearer_auth(&campus.token).header("tus-resumable", "1.0.0").send().await;
    let head = head.expect("an answer");
    assert_eq!(head.headers()["upload-offset"], "0", "nothing of it was kept");
    let old = campus.client.head(&place).bearer_auth(&campus.token).header("tus-resumable", "0.2.2").send().await;
    assert_eq!(old.expect("an answer").status(), 412);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campus_that_cannot_start_says_why() {
    let campus = Campus::start(&[]).await;
    let up = |data: &std::path::Path, listen: &str| {
        Command::new(env!("CARGO_BIN_EXE_bedel"))
            .args(["up", "--listen", listen, "--data"])
            .arg(data)
            .env("BEDEL_GATEWAY__LISTEN_TLS", "127.0.0.1:0")
            .env("BEDEL_ADMIN_PASSWORD", PASSWORD)
            .output()
            .expect("runs")
    };
    let second = up(campus.data(), "127.0.0.1:0");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("bedel down"), "a second campus on the same data: {said}");

    let elsewhere = tempfile::tempdir().expect("a folder");
    let taken = campus.url.trim_start_matches("http://");
    let refused = up(elsewhere.path(), taken);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains(taken) && said.contains("--listen"), "a taken port: {said}");

    let refused = Command::new(env!("CARGO_BIN_EXE_bedel"))
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(elsewhere.path())
        .envs([("BEDEL_GATEWAY__LISTEN_TLS", "127.0.0.1:0"), ("BEDEL_ROOMS__HEARTBEAT_LISTEN", taken)])
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    let named = said.contains(taken) && said.contains("rooms.heartbeat_listen");
    assert!(!refused.status.success() && named, "a port of rooms that is taken: {said}");

    let not_a_folder = elsewhere.path().join("file");
    std::fs::write(&not_a_folder, "x").expect("writes");
    let refused = up(&not_a_folder.join("data"), "127.0.0.1:0");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("cannot make"), "a data folder that cannot be made: {said}");
    campus.until_whole().await;
}
