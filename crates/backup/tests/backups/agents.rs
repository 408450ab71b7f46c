//! Agents' certificates: renewed, and revoked.

use std::fs;

use api::auth::UserRole;
use backup::agent::{EnrolError, Identity, Options};
use kernel::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use testkit::process::eventually;

use crate::campus::{Campus, PATIENCE, serve_agent, serve_with};
use crate::tree::noise;

pub(crate) async fn a_revoked_agent_is_cut_off_and_never_asked_again(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    fs::write(tree.join("file"), noise(1, 20_000_000)).expect("writes");
    let state = campus.path("agent");
    let identity = Identity::enrol(&campus.enroll_token(&server).await, &state).await.expect("enrols");
    // At this pace the backup takes minutes.
    let slow = Options { allow: vec![tree.clone()], state: state.clone(), hooks: None, limit: Some(100_000) };
    let node = serve_with(slow, "127.0.0.1:0").await;
    let admin = campus.at(&server, UserRole::Admin);
    identity.hello(&campus.day).await.expect("is known");
    let target = admin.register(node.address, &tree).await;
    let running = admin.attempt("running").await;
    eventually("it sends", PATIENCE, async || {
        let line = admin.get(&format!("/log/{}", running["id"].as_str().expect("an id"))).await.1;
        line["sent"].as_u64() > Some(0)
    })
    .await;
    let (_, agents) = admin.get("/agents").await;
    let agent = &agents["items"][0];
    assert_eq!((&agent["id"], &agent["revoked_at"]), (&json!(identity.agent), &Value::Null), "{agents}");
    assert_eq!(agent["nodes"], json!([node.address.to_string()]), "{agents}");
    let path = format!("/agents/{}", identity.agent);
    assert_eq!(campus.at(&server, UserRole::Staff).delete(&path).await.0, 403);
    assert_eq!(admin.delete(&path).await.0, 204);
    assert_eq!(admin.delete(&path).await.0, 204, "again");
    assert_eq!(admin.delete("/agents/01arz3ndektsv4rrffq69g5fav").await.0, 404);
    let ended = admin.ended(&running).await;
    assert_eq!(ended["outcome"], "failed", "{ended}");
    assert!(ended["detail"].as_str().expect("why").contains("was revoked"), "{ended}");
    let refused = admin.run(&target).await;
    assert!(refused["detail"].as_str().expect("why").contains("not one that was enrolled"), "{refused}");
    assert!(matches!(identity.hello(&campus.day).await, Err(EnrolError::Refused(_))));
    assert!(matches!(identity.renew(&state).await, Err(EnrolError::Refused(_))));
    assert!(admin.get("/agents").await.1["items"][0]["revoked_at"].is_string());

    let address = node.address;
    drop(node);
    let other = campus.path("other");
    Identity::enrol(&campus.enroll_token(&server).await, &other).await.expect("enrols");
    eventually("the port is free", PATIENCE, async || std::net::TcpListener::bind(address).is_ok()).await;
    let _node = serve_agent(&other, &tree, &address.to_string()).await;
    assert_eq!(admin.run(&target).await["outcome"], "done", "another agent takes its place");
}

pub(crate) async fn a_certificate_is_renewed_and_a_lost_answer_harms_nobody(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    let (state, lost) = (campus.path("agent"), campus.path("lost"));
    let first = Identity::enrol(&campus.enroll_token(&server).await, &state).await.expect("enrols");
    let now = SystemClock.now();
    let days = |days: u64| std::time::Duration::from_secs(days * 86_400);
    assert!(!first.is_due(now) && !first.is_due(now.plus(days(240))) && first.is_due(now.plus(days(250))));
    let admin = campus.at(&server, UserRole::Admin);
    let node = serve_agent(&state, &tree, "127.0.0.1:0").await;
    let (address, target) = (node.address, admin.register(node.address, &tree).await);
    admin.attempt("done").await;

    // The answer goes elsewhere, twice: what the agent has is good all the same.
    fs::create_dir_all(&lost).expect("makes");
    for _ in 0..2 {
        first.renew(&lost).await.expect("is renewed");
    }
    assert_eq!(admin.run(&target).await["outcome"], "unchanged");
    let second = first.renew(&state).await.expect("is renewed");
    assert_eq!(second.agent, first.agent);
    drop(node);
    eventually("the port is free", PATIENCE, async || std::net::TcpListener::bind(address).is_ok()).await;
    let node = serve_agent(&state, &tree, &address.to_string()).await;
    let run = admin.run(&target).await;
    assert_eq!(run["outcome"], "unchanged", "with the new certificate: {run}");
    second.renew(&lost).await.expect("is renewed");
    assert!(first.renew(&lost).await.is_err(), "a certificate from before the last is good for nothing");
    drop(node);
    let (_, agents) = admin.get("/agents").await;
    assert_eq!(agents["items"].as_array().expect("items").len(), 1, "it is one agent: {agents}");
}
