//! Backups are restored and compared, asked for and at night.

use std::fs;
use std::path::{Path, PathBuf};

use api::auth::UserRole;
use serde_json::{Value, json};
use testkit::process::eventually;

use crate::campus::{Campus, PATIENCE};
use crate::tree::{noise, plant, untar};

pub(crate) async fn a_backup_is_proven_by_restoring_it(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    plant(&tree);
    let node = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    let target = admin.register(node.address, &tree).await;
    let done = admin.attempt("done").await;
    let id = done["backup"].as_str().expect("a backup").to_owned();
    assert_eq!(admin.get(&format!("/{id}")).await.1["proof"], Value::Null);

    let ended = admin.rehearse(&id).await;
    assert_eq!((&ended["outcome"], &ended["detail"]), (&json!("proven"), &Value::Null), "{ended}");
    assert_eq!((&ended["backup"], &ended["target"]), (&json!(id), &json!(target)), "{ended}");
    assert_eq!(ended["entries"], done["entries"]);
    assert!(ended["sent"].as_u64().expect("bytes") > 3_000_000, "{ended}");
    let proof = admin.get(&format!("/{id}")).await.1["proof"].clone();
    assert_eq!((&proof["good"], &proof["at"]), (&json!(true), &ended["ended_at"]), "{proof}");
    let (_, listed) = admin.get("/targets").await;
    let shown = &listed["items"][0];
    assert_eq!((&shown["kept"][0]["id"], &shown["kept"][0]["proof"]), (&json!(id), &proof), "{shown}");
    assert_eq!((&shown["last_proof_at"], &shown["alerts"]), (&proof["at"], &json!([])), "{shown}");
    assert!(shown["last_good_at"].is_string() && shown["node"]["used"].as_u64() > Some(3_000_000), "{shown}");
    assert!(leftovers(campus).is_empty(), "{:?}", leftovers(campus));
    let (_, log) = admin.get("/log?kind=rehearsal").await;
    assert_eq!(log["items"].as_array().expect("items").len(), 1, "{log}");

    assert_eq!(admin.delete(&format!("/targets/{target}")).await.0, 204);
    let again = admin.rehearse(&id).await;
    assert_eq!((&again["outcome"], &again["target"]), (&json!("proven"), &Value::Null), "{again}");
    assert_eq!(admin.post("/01arz3ndektsv4rrffq69g5fav/rehearse", &Value::Null).await.0, 404);
    let staff = campus.at(&server, UserRole::Staff);
    assert_eq!(staff.post(&format!("/{id}/rehearse"), &Value::Null).await.0, 403);
}

/// What is in the scratch folder.
pub(crate) fn leftovers(campus: &Campus) -> Vec<PathBuf> {
    let Ok(inside) = fs::read_dir(campus.data.backups().join("scratch")) else { return Vec::new() };
    inside.map(|entry| entry.expect("an entry").path()).collect()
}

/// Flips a bit in the middle of the largest pack.
fn damage(folder: &Path) {
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("reads") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    files(&folder.join("nodes"), &mut found);
    let packs = found.into_iter().filter(|path| path.components().any(|part| part.as_os_str() == "packs"));
    let largest = packs.max_by_key(|path| path.metadata().expect("is there").len()).expect("a pack");
    let mut bytes = fs::read(&largest).expect("reads");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(largest, bytes).expect("writes");
}

pub(crate) async fn a_damaged_pack_fails_its_rehearsal_and_is_mended(campus: &Campus) {
    let server = campus.server("backup-server-1").await;
    server.leads().await;
    let tree = campus.path("tree");
    plant(&tree);
    let node = campus.node(&server, "agent", &tree).await;
    let admin = campus.at(&server, UserRole::Admin);
    admin.register(node.address, &tree).await;
    let done = admin.attempt("done").await;
    let id = done["backup"].as_str().expect("a backup").to_owned();
    assert_eq!(admin.rehearse(&id).await["outcome"], "proven");
    damage(&campus.data.backups());
    let failed = admin.rehearse(&id).await;
    assert_eq!(failed["outcome"], "failed", "{failed}");
    let detail = failed["detail"].as_str().expect("why");
    assert!(detail.contains("is damaged") && detail.contains("sends them again"), "{detail}");
    let (_, logged) = admin.get("/log?kind=rehearsal&outcome=failed").await;
    assert_eq!(logged["items"][0]["id"], failed["id"], "the log says so: {logged}");
    assert_eq!(admin.get(&format!("/{id}")).await.1["proof"]["good"], false);
    let alert = admin.alert("rehearsal_failed").await;
    assert_eq!((&alert["backup"], &alert["path"]), (&json!(id), &json!(tree)), "{alert}");

    // Nobody asks for it: what is damaged is sent again at once, and the old backup is whole again too.
    eventually("a backup that mends", PATIENCE, async || {
        admin.get("/log?kind=backup&outcome=done").await.1["items"].as_array().is_some_and(|all| all.len() == 2)
    })
    .await;
    let proven = admin.rehearse(&id).await;
    assert_eq!(proven["outcome"], "proven", "{proven}");
    admin.nothing_is_wrong().await;
    let (_, over) = admin.get("/alerts?open=false").await;
    assert_eq!(over["items"][0]["id"], alert["id"], "{over}");
    assert!(over["items"][0]["cleared_at"].is_string(), "{over}");
    let out = campus.path("out");
    untar(&admin.archive(&id).await, &out);
    assert_eq!(fs::read(out.join("large")).expect("reads"), noise(1, 3_000_000));
}

pub(crate) async fn at_night_everything_is_rehearsed_unasked(campus: &Campus) {
    let server = campus.server_at_night("backup-server-1").await;
    server.leads().await;
    let trees = campus.path("trees");
    let node = {
        for name in ["one", "other"] {
            fs::create_dir_all(trees.join(name)).expect("makes");
            fs::write(trees.join(name).join("file"), name).expect("writes");
        }
        campus.node(&server, "agent", &trees).await
    };
    let admin = campus.at(&server, UserRole::Admin);
    for name in ["one", "other"] {
        admin.register(node.address, &trees.join(name)).await;
    }
    let mut proven = Value::Null;
    eventually("both are proven", PATIENCE, async || {
        proven = admin.get("/log?kind=rehearsal").await.1["items"].clone();
        proven.as_array().is_some_and(|all| all.len() == 2 && all.iter().all(|one| one["outcome"] == "proven"))
    })
    .await;
    assert_ne!(proven[0]["path"], proven[1]["path"]);
    let (_, listed) = admin.get("").await;
    assert!(listed["items"].as_array().expect("items").iter().all(|one| one["proof"]["good"] == true), "{listed}");
}
