//! What is wrong is told once, and is over when its reason goes.

use std::fs;
use std::path::Path;

use api::auth::UserRole;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use testkit::process::eventually;

use crate::campus::{Campus, Http, PATIENCE};
use crate::tree::noise;

/// Files that have nothing in common with those of another seed.
fn fill(tree: &Path, seed: u64, files: std::ops::Range<u64>) {
    fs::create_dir_all(tree).expect("makes");
    for number in files {
        fs::write(tree.join(format!("{number:03}")), noise(seed * 1000 + number, 3000)).expect("writes");
    }
}

async fn kept(admin: &Http, id: &str) -> Value {
    admin.get(&format!("/{id}")).await.1["kept"].clone()
}

pub(crate) async fn a_backup_that_lost_or_changed_nearly_everything_is_told_and_the_one_before_is_pinned(
    campus: &Campus,
) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fill(&tree, 1, 0..150);
    let node = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    let target = admin.register(node.address, &tree).await;
    let good = admin.attempt("done").await["backup"].as_str().expect("a backup").to_owned();
    let (status, changed) = admin.patch(&format!("/targets/{target}"), &json!({"pin_last_good": true})).await;
    assert_eq!((status, &changed["pin_last_good"], &changed["every_minutes"]), (200, &json!(true), &json!(60)));

    fill(&tree, 2, 0..150);
    assert_eq!(admin.run(&target).await["outcome"], "done");
    let alert = admin.alert("changed").await;
    assert_eq!((&alert["backup"], &alert["path"]), (&json!(good), &json!(tree)), "{alert}");
    let (_, listed) = admin.get("/targets").await;
    assert_eq!(listed["items"][0]["alerts"][0]["id"], alert["id"], "{listed}");
    for round in 0..11 {
        fill(&tree, 3 + round, 0..150);
        assert_eq!(admin.run(&target).await["outcome"], "done");
    }
    assert_eq!(kept(&admin, &good).await, true, "eleven others did not push it out");
    let all = admin.get("/alerts").await.1;
    assert_eq!(all["items"].as_array().expect("items").len(), 1, "it is told once: {all}");

    let path = format!("/alerts/{}/dismiss", alert["id"].as_str().expect("an id"));
    for _ in 0..2 {
        let (status, dismissed) = admin.post(&path, &Value::Null).await;
        assert!(status == 200 && dismissed["cleared_at"].is_string(), "{dismissed}");
    }
    fs::write(tree.join("more"), "more").expect("writes");
    assert_eq!(admin.run(&target).await["outcome"], "done");
    eventually("it is dropped as any other", PATIENCE, async || kept(&admin, &good).await == json!(false)).await;

    let before = admin.get("?limit=1").await.1["items"][0]["id"].clone();
    for number in 10..150 {
        fs::remove_file(tree.join(format!("{number:03}"))).expect("removes");
    }
    assert_eq!(admin.run(&target).await["outcome"], "done");
    let shrunk = admin.alert("shrunk").await;
    assert_eq!(shrunk["backup"], before, "{shrunk}");
    fill(&tree, 13, 0..150);
    assert_eq!(admin.run(&target).await["outcome"], "done");
    admin.nothing_is_wrong().await;
    assert_eq!(admin.post("/alerts/01arz3ndektsv4rrffq69g5fav/dismiss", &Value::Null).await.0, 404);
}

pub(crate) async fn a_path_that_is_overdue_or_fails_is_told_until_it_is_backed_up(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fill(&tree, 1, 0..1);
    let node = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    let target = admin.register(node.address, &tree).await;
    admin.attempt("done").await;
    // As if nobody had led for long.
    let sql = campus.sql().await;
    let late = sql.write(|transaction| {
        Box::pin(async move {
            transaction
                .execute_unprepared("UPDATE backups_targets SET good_at = 1000000, created_at = 1000000")
                .await?;
            Ok::<_, store::StoreError>(())
        })
    });
    late.await.expect("writes");
    let overdue = admin.alert("overdue").await;
    assert_eq!((&overdue["path"], &overdue["port"]), (&json!(tree), &json!(node.address.port())), "{overdue}");
    let (status, problem) =
        admin.post(&format!("/alerts/{}/dismiss", overdue["id"].as_str().expect("an id")), &Value::Null).await;
    assert_eq!(status, 409, "it is over when it is over: {problem}");
    assert_eq!(admin.run(&target).await["outcome"], "unchanged");
    admin.nothing_is_wrong().await;

    let gone = campus.path("gone");
    fs::rename(&tree, &gone).expect("renames");
    for _ in 0..3 {
        assert_eq!(admin.run(&target).await["outcome"], "failed");
    }
    let failing = admin.alert("failing").await;
    assert!(failing["detail"].as_str().expect("why").contains("does not exist"), "{failing}");
    fs::rename(&gone, &tree).expect("renames");
    assert_eq!(admin.run(&target).await["outcome"], "unchanged");
    admin.nothing_is_wrong().await;
    for (query, status) in [("?open=maybe", 422), ("?limit=0", 422), ("?limit=1", 200)] {
        assert_eq!(admin.get(&format!("/alerts{query}")).await.0, status, "{query}");
    }
}
