//! What is going on, as users see it.

use api::auth::UserRole;
use serde_json::Value;
use store::fault::{Fault, Op};

use crate::support::*;

async fn transfers(replica: &Replica, user: &User) -> Vec<Value> {
    let list = get(replica, Some(user), "/api/v1/transfers", &[]).await.expect(200).json();
    list["items"].as_array().expect("a list").clone()
}

pub(crate) async fn seen_while_they_move_and_after(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let admin = campus.user("admin", UserRole::Admin);
    let path = create(&one, &ana, 1_000_000, &meta(&[("filename", "a.bin")])).await;
    let waiting = transfers(&two, &ana).await;
    assert_eq!((&waiting[0]["state"], &waiting[0]["offset"]), (&"disconnected".into(), &0.into()));

    let (sender, answer) = patch_slowly(&one, &ana, &path, 0);
    sender.send(frame(vec![1_u8; 400_000])).await.expect("sends");
    until("the other replica sees it move", async || {
        let seen = transfers(&two, &ana).await;
        seen[0]["state"] == "transferring" && seen[0]["offset"] == 400_000
    })
    .await;
    let seen = transfers(&two, &admin).await;
    assert_eq!(seen[0]["user"], ana.id.to_string());
    assert_eq!(seen[0]["user_name"], "ana");
    assert_eq!(seen[0]["name"], "a.bin");
    assert_eq!(seen[0]["direction"], "upload");
    assert_eq!(seen[0]["size"], 1_000_000);
    assert_eq!(seen[0]["resume"]["method"], "PATCH");
    assert_eq!(seen[0]["resume"]["url"], path);
    assert!(transfers(&two, &eva).await.is_empty(), "other people's transfers are theirs");

    cut(answer, sender).await;
    until("its break is told, with how to go on", async || {
        let seen = transfers(&two, &ana).await;
        seen[0]["state"] == "disconnected"
            && seen[0]["resume"] == serde_json::json!({"method": "PATCH", "url": path, "offset": 400_000})
    })
    .await;
    let rest = patch(&two, &ana, &path, 400_000, vec![1_u8; 600_000]).await.expect(204);
    until("its end is told", async || {
        let seen = transfers(&one, &ana).await;
        let done = |one: &Value| one["state"] == "done" && one["resume"].is_null() && one["file_id"] == one["id"];
        seen.first().is_some_and(done)
    })
    .await;
    get(&one, Some(&eva), rest.header("content-location"), &[]).await.expect(404);
}

pub(crate) async fn known_after_a_flush(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let path = create(&replica, &ana, 10, "").await;
    patch(&replica, &ana, &path, 0, "0123").await.expect(204);
    for op in [Op::List, Op::Get, Op::Put, Op::Publish, Op::Delete] {
        campus.live_faults.always(op, Fault::Fail);
    }
    let seen = transfers(&replica, &ana).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["state"], "disconnected");
    assert_eq!(seen[0]["resume"], serde_json::json!({"method": "PATCH", "url": path, "offset": 4}));
    let presence = get(&replica, Some(&ana), "/api/v1/presence", &[]).await.expect(200).json();
    assert_eq!(presence["items"][0]["user"], ana.id.to_string());
    patch(&replica, &ana, &path, 4, "456789").await.expect(204);
    assert!(transfers(&replica, &ana).await.is_empty());
}

pub(crate) async fn presence(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let admin = campus.user("admin", UserRole::Admin);
    get(&one, Some(&eva), "/api/v1/files", &[]).await.expect(200);
    let path = create(&one, &ana, 1_000_000, "").await;
    let (sender, _answer) = patch_slowly(&one, &ana, &path, 0);
    sender.send(frame("x")).await.expect("sends");
    let state_of = |list: &Value, user: &User| {
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().find(|item| item["user"] == user.id.to_string()).map(|item| item["state"].clone())
    };
    until("both are seen", async || {
        let list = get(&two, Some(&admin), "/api/v1/presence", &[]).await.expect(200).json();
        state_of(&list, &eva) == Some("online".into()) && state_of(&list, &ana) == Some("transferring".into())
    })
    .await;
    let own = get(&two, Some(&eva), "/api/v1/presence", &[]).await.expect(200).json();
    assert_eq!(own["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(own["items"][0]["user"], eva.id.to_string());
}
