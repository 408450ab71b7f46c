//! What subscribers of `backups` are told.

use std::fs;

use api::auth::UserRole;
use futures::StreamExt;
use serde_json::{Value, json};
use testkit::process::eventually;

use crate::campus::{Campus, PATIENCE};

pub(crate) async fn how_backups_stand_is_told_and_told_again(campus: &Campus) {
    let live = campus.live().await;
    let mut events = live.subscribe("backups").await.expect("subscribes");
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    let node = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    let target = admin.register(node.address, &tree).await;
    let backup = admin.attempt("done").await["backup"].clone();
    let key = format!("backups/target:{target}");
    let mut told = Value::Null;
    let is_whole = |told: &Value| told["last_backup"]["id"] == backup && told["running"] == Value::Null;
    eventually("the value is told", PATIENCE, async || {
        let value = live.get(&key).await.expect("reads");
        told = value.map_or(Value::Null, |json| serde_json::from_slice(&json).expect("JSON"));
        is_whole(&told)
    })
    .await;
    assert_eq!((&told["id"], &told["kind"]), (&json!(format!("target:{target}")), &json!("target")), "{told}");
    assert_eq!((&told["path"], &told["failures"]), (&json!(tree), &json!(0)), "{told}");
    let event = tokio::time::timeout(PATIENCE, async {
        while let Some(event) = events.next().await {
            let event: Value = serde_json::from_slice(&event.payload).expect("JSON");
            if event == told {
                return;
            }
        }
        panic!("events ended");
    });
    event.await.expect("events say what values say");
    let now = live.get("backups/now").await.expect("reads").expect("who leads");
    let now: Value = serde_json::from_slice(&now).expect("JSON");
    assert_eq!((&now["kind"], &now["leader"]), (&json!("server"), &json!("backup-server-1")), "{now}");

    live.delete(&key).await.expect("forgets");
    eventually("what was lost is told again", PATIENCE, async || live.get(&key).await.expect("reads").is_some()).await;
    assert_eq!(admin.delete(&format!("/targets/{target}")).await.0, 204);
    eventually("what is gone is taken back", PATIENCE, async || live.get(&key).await.expect("reads").is_none()).await;
}
