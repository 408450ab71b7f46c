//! How much a node's backups may have.

use std::fs;

use api::auth::UserRole;
use serde_json::{Value, json};
use testkit::process::eventually;

use crate::campus::{Campus, Http, PATIENCE};
use crate::tree::{noise, untar};

async fn node(admin: &Http) -> Value {
    admin.get("/nodes").await.1["items"][0].clone()
}

pub(crate) async fn a_quota_stops_a_backup_and_keeps_what_is_committed(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    fs::write(tree.join("first"), noise(1, 1_000_000)).expect("writes");
    let agent = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    let target = admin.register(agent.address, &tree).await;
    let first = admin.attempt("done").await["backup"].as_str().expect("a backup").to_owned();
    let mut before = Value::Null;
    eventually("what it uses is noted", PATIENCE, async || {
        before = node(&admin).await;
        before["used"].as_u64() > Some(1_000_000)
    })
    .await;
    assert_eq!((&before["quota"], &before["targets"]), (&Value::Null, &json!(1)), "{before}");
    let used = before["used"].as_u64().expect("bytes");
    let place = format!("/nodes/{}", before["id"].as_str().expect("an id"));
    let (status, limited) = admin.patch(&place, &json!({"quota": used + 5_000_000})).await;
    assert_eq!((status, &limited["quota"]), (200, &json!(used + 5_000_000)), "{limited}");

    // Many chunks of it fit, and it does not.
    fs::write(tree.join("second"), noise(2, 12_000_000)).expect("writes");
    let failed = admin.run(&target).await;
    assert_eq!(failed["outcome"], "failed", "{failed}");
    assert!(failed["detail"].as_str().expect("why").contains("raise its quota"), "{failed}");
    assert!(failed["sent"].as_u64() > Some(1_000_000), "it was stopped in the middle: {failed}");
    let after = node(&admin).await;
    assert_eq!(after["used"], before["used"], "nothing is half kept");
    let out = campus.path("out");
    untar(&admin.archive(&first).await, &out);
    assert_eq!(fs::read(out.join("first")).expect("reads"), noise(1, 1_000_000));

    assert_eq!(admin.patch(&place, &json!({"quota": used + 1000})).await.0, 200);
    let near = admin.alert("quota_near").await;
    assert_eq!((&near["port"], &near["path"]), (&json!(agent.address.port()), &Value::Null), "{near}");
    fs::remove_file(tree.join("second")).expect("removes");
    fs::write(tree.join("third"), "fits").expect("writes");
    assert_eq!(admin.patch(&place, &json!({"quota": used + 100_000})).await.0, 200);
    let done = admin.run(&target).await;
    assert_eq!(done["outcome"], "done", "what fits is kept: {done}");
    assert_eq!(admin.patch(&place, &json!({"quota": null})).await.1["quota"], Value::Null);
    admin.nothing_is_wrong().await;

    for (body, field) in [(json!({"quota": -1}), "/quota"), (json!({"quota": "x"}), "/quota"), (json!({"x": 1}), "/x")]
    {
        let (status, problem) = admin.patch(&place, &body).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    }
    assert_eq!(admin.patch("/nodes/01arz3ndektsv4rrffq69g5fav", &json!({"quota": 1})).await.0, 404);
    assert_eq!(campus.at(&server, UserRole::Staff).patch(&place, &json!({"quota": 1})).await.0, 403);
}
