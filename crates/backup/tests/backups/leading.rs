//! Two servers: one leads.

use std::fs;

use api::auth::UserRole;
use sea_orm::ConnectionTrait;
use serde_json::json;
use testkit::process::eventually;

use crate::campus::{Campus, PATIENCE};
use crate::tree::{noise, untar};

pub(crate) async fn a_standby_hands_on_and_takes_over(campus: &Campus) {
    let first = campus.server("backup-server-1").await;
    first.leads().await;
    let second = campus.server("backup-server-2").await;
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    fs::write(tree.join("file"), noise(1, 1_000_000)).expect("writes");
    let node = campus.node(&second, "agent", &tree).await;
    let other = campus.at(&second, UserRole::Admin);
    let target = other.register(node.address, &tree).await;
    let done = other.attempt("done").await;
    let id = done["backup"].as_str().expect("a backup").to_owned();
    assert!(first.is_leading() && !second.is_leading());
    let archive = other.archive(&id).await;
    assert_eq!(archive, campus.at(&first, UserRole::Admin).archive(&id).await, "by whomever one asks");
    let part = other.request(reqwest::Method::GET, &format!("/{id}/archive.tgz")).header("range", "bytes=-8");
    assert_eq!(part.send().await.expect("answers").bytes().await.expect("bytes"), &archive[archive.len() - 8..]);
    let (status, verified) = other.post(&format!("/{id}/verify"), &json!(null)).await;
    assert_eq!((status, &verified["good"]), (200, &json!(true)), "{verified}");

    drop(first);
    second.leads().await;
    assert_eq!(archive, other.archive(&id).await);
    fs::write(tree.join("file"), noise(2, 1_000_000)).expect("writes");
    let after = other.run(&target).await;
    assert_eq!(after["outcome"], "done", "{after}");
    let out = campus.path("out");
    untar(&other.archive(after["backup"].as_str().expect("a backup")).await, &out);
    assert_eq!(fs::read(out.join("file")).expect("reads"), noise(2, 1_000_000));
}

pub(crate) async fn a_backup_that_was_committed_is_listed_again(campus: &Campus) {
    let first = campus.server("backup-server-1").await;
    first.leads().await;
    let tree = campus.path("tree");
    fs::create_dir_all(&tree).expect("makes");
    fs::write(tree.join("file"), noise(1, 1_000_000)).expect("writes");
    let node = campus.node(&first, "agent", &tree).await;
    campus.at(&first, UserRole::Admin).register(node.address, &tree).await;
    let done = campus.at(&first, UserRole::Admin).attempt("done").await;
    drop(first);
    // As if the server had died between the commit and SQL.
    let sql = campus.sql().await;
    let forgotten = sql.write(|transaction| {
        Box::pin(async move {
            transaction.execute_unprepared("DELETE FROM backups_archives").await?;
            transaction.execute_unprepared("UPDATE backups_targets SET next_at = 0").await?;
            transaction
                .execute_unprepared("UPDATE backups_log SET outcome = 'running', ended_at = NULL, archive = NULL")
                .await?;
            Ok::<_, store::StoreError>(())
        })
    });
    forgotten.await.expect("writes");
    let second = campus.server("backup-server-2").await;
    second.leads().await;
    let admin = campus.at(&second, UserRole::Admin);
    let unchanged = admin.attempt("unchanged").await;
    assert_ne!(unchanged["id"], done["id"]);
    let left = admin.attempt("failed").await;
    assert_eq!(left["id"], done["id"], "{left}");
    let mut listed = json!(null);
    eventually("it is listed", PATIENCE, async || {
        listed = admin.get("").await.1;
        listed["items"][0]["kept"] == json!(true)
    })
    .await;
    let out = campus.path("out");
    untar(&admin.archive(listed["items"][0]["id"].as_str().expect("an id")).await, &out);
    assert_eq!(fs::read(out.join("file")).expect("reads"), noise(1, 1_000_000));
}
