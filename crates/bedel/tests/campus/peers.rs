//! Roles that something else than `bedel up` starts, found by their names.

use std::path::Path;
use std::process::{Command, Stdio};

use reqwest::{Client, StatusCode};
use serde_json::json;
use testkit::claim::Claim;
use testkit::process::{Guard, eventually};

use crate::harness::{PASSWORD, PATIENCE};

fn bedel(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedel"));
    command
        .args(arguments)
        .arg("--data")
        .arg(data)
        .env("BEDEL_ADMIN_PASSWORD", PASSWORD)
        .env("BEDEL_GATEWAY__LISTEN_TLS", "127.0.0.1:0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

async fn log_in(client: &Client, door: &str) -> Option<StatusCode> {
    let body = json!({ "username": "admin", "password": PASSWORD });
    let answer = client.post(format!("http://{door}/api/v1/auth/login")).json(&body).send().await;
    answer.ok().map(|answer| answer.status())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_without_an_orchestrator_finds_replicas_by_name() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    for command in ["keys", "migrate"] {
        assert!(bedel(folder.path(), &[command]).status().expect("runs").success(), "{command}");
    }
    let (door, place) = (Claim::port(), Claim::port());
    let listen = format!("127.0.0.1:{}", door.number());
    let accounts = format!("127.0.0.1:{}", place.number());
    let named = format!("accounts=localhost:{}", place.number());
    let start = |arguments: &[&str]| Guard::spawn(&mut bedel(folder.path(), arguments));
    let mut replica = start(&["run", "accounts", "--listen", &accounts]);
    let _gateway = start(&["run", "gateway", "--listen", &listen, "--peer", &named]);
    let client = Client::builder().timeout(PATIENCE).build().expect("a client");
    let serves = async || log_in(&client, &listen).await == Some(StatusCode::OK);
    eventually("somebody logs in", PATIENCE, serves).await;
    let nowhere = client.get(format!("http://{listen}/api/v1/files")).send().await.expect("an answer");
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND, "nobody named a place for files");

    replica.kill9();
    assert_eq!(log_in(&client, &listen).await, Some(StatusCode::SERVICE_UNAVAILABLE));
    let _replica = start(&["run", "accounts", "--listen", &accounts]);
    eventually("somebody logs in again", PATIENCE, serves).await;
}
