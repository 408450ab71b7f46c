//! Pausing, letting go and ending transfers: one's own, and an administrator everybody's.

use api::auth::UserRole;
use http::Method;
use http_body_util::BodyExt;
use serde_json::Value;
use store::fault::{Fault, Op};
use testkit::files::random_bytes;

use crate::audit::entries;
use crate::support::*;

async fn order(replica: &Replica, user: &User, id: &str, what: &str) -> Answer {
    call(replica, Some(user), Method::POST, &format!("/api/v1/transfers/{id}/{what}"), &[], "").await
}

async fn transfers(replica: &Replica, user: &User) -> Vec<Value> {
    let list = get(replica, Some(user), "/api/v1/transfers", &[]).await.expect(200).json();
    list["items"].as_array().expect("a list").clone()
}

async fn half_sent(replica: &Replica, user: &User, path: &str, data: &[u8]) -> (Sender, Pending) {
    let (sender, answer) = patch_slowly(replica, user, path, 0);
    sender.send(frame(data.to_vec())).await.expect("sends");
    let expected = data.len() as u64;
    until("the first half arrives", async || transfers(replica, user).await[0]["offset"].as_u64() == Some(expected))
        .await;
    (sender, answer)
}

pub(crate) async fn an_upload_is_held_and_let_go(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let admin = campus.user("admin", UserRole::Admin);
    let data = random_bytes(1_000_000, 40);
    let path = create(&one, &ana, 1_000_000, "").await;
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let (sender, mut running) = half_sent(&one, &ana, &path, &data[..400_000]).await;
    order(&two, &eva, &id, "pause").await.expect(404);
    let paused = order(&two, &admin, &id, "pause").await.expect(200).json();
    assert_eq!((&paused["state"], &paused["offset"]), (&"paused".into(), &400_000.into()), "what arrived is kept");
    let ended = (&mut running.0).await.expect("ends").expect("an answer").expect(409);
    assert_eq!((&ended.json()["type"], ended.header("retry-after")), (&"/problems/held".into(), "30"));
    drop(sender);
    let again = patch(&one, &ana, &path, 400_000, data[400_000..].to_vec()).await.expect(409);
    assert_eq!((&again.json()["type"], again.header("retry-after")), (&"/problems/held".into(), "30"));
    assert_eq!(offset(&one, &ana, &path).await, 400_000, "HEAD answers all the same");
    for replica in [&one, &two] {
        let seen = transfers(replica, &ana).await;
        assert_eq!((&seen[0]["state"], &seen[0]["resume"]["offset"]), (&"paused".into(), &400_000.into()));
    }
    assert_eq!(order(&one, &ana, &id, "pause").await.expect(200).json()["state"], "paused", "again, by its owner");
    let free = order(&one, &ana, &id, "resume").await.expect(200).json();
    assert_eq!(free["state"], "disconnected");
    order(&one, &ana, &id, "resume").await.expect(200);
    patch(&two, &ana, &path, 400_000, data[400_000..].to_vec()).await.expect(204);
    let entry = entries(&one, &ana, "outcome=done").await.remove(0);
    assert_eq!((&entry["interruptions"], &entry["resumes"]), (&0.into(), &1.into()), "an order is no interruption");
    order(&one, &ana, &id, "pause").await.expect(409);
    order(&one, &ana, "01arz3ndektsv4rrffq69g5fav", "pause").await.expect(404);
}

pub(crate) async fn held_without_live(campus: Campus) {
    for op in [Op::Put, Op::Get, Op::Add, Op::Publish, Op::Subscribe, Op::List, Op::Delete] {
        campus.live_faults.always(op, Fault::Fail);
    }
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let path = create(&one, &ana, 1_000_000, "").await;
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let (sender, mut running) = half_sent(&one, &ana, &path, &[1; 400_000]).await;
    // Nobody can tell the writer, but it can commit nothing more.
    order(&two, &ana, &id, "pause").await.expect(200);
    drop(sender.send(frame(vec![1_u8; 600_000])).await);
    drop(sender);
    assert_eq!((&mut running.0).await.expect("ends").expect("an answer").status, 409);
    patch(&one, &ana, &path, 0, vec![1_u8; 10]).await.expect(409);
    order(&one, &ana, &id, "resume").await.expect(200);
    let reached = usize::try_from(offset(&two, &ana, &path).await).expect("small");
    patch(&one, &ana, &path, reached as u64, vec![1_u8; 1_000_000 - reached]).await.expect(204);
}

pub(crate) async fn an_upload_is_ended(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let admin = campus.user("admin", UserRole::Admin);
    let path = create(&one, &ana, 1_000_000, "").await;
    let transfer = path.replace("uploads", "transfers");
    let (sender, mut running) = half_sent(&one, &ana, &path, &[1; 400_000]).await;
    call(&two, Some(&eva), Method::DELETE, &transfer, &[], "").await.expect(404);
    call(&two, Some(&admin), Method::DELETE, &transfer, &[], "").await.expect(204);
    drop(sender);
    assert_eq!((&mut running.0).await.expect("ends").expect("an answer").status, 409);
    head(&one, &ana, &path).await.expect(410);
    call(&two, Some(&admin), Method::DELETE, &transfer, &[], "").await.expect(410);
    let entry = entries(&one, &ana, "").await.remove(0);
    assert_eq!((&entry["outcome"], &entry["bytes"]), (&"abandoned".into(), &400_000.into()));
    assert_eq!(entry["interruptions"], 0, "an order is no interruption");
}

pub(crate) async fn downloads_are_cut(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let admin = campus.user("admin", UserRole::Admin);
    // More than the sockets hold, so that it is still under way when the order comes.
    let data = random_bytes(24 << 20, 41);
    let file = put(&one, &ana, "name=a.bin&visibility=campus", data.clone()).await;
    let content = format!("/api/v1/files/{}/content", file["id"].as_str().expect("an id"));
    for (what, outcome) in [("pause", "open"), ("end", "abandoned")] {
        let (status, body, connection) = begin_to_read(&one, Some(&eva), &content, &[]).await;
        assert_eq!(status, 200);
        let moving = async |user: &User| {
            let all = transfers(&two, user).await;
            all.into_iter().find(|one| one["direction"] == "download" && one["state"] == "transferring")
        };
        until("it is seen", async || moving(&admin).await.is_some()).await;
        let id = moving(&admin).await.expect("one")["id"].as_str().expect("an id").to_owned();
        order(&two, &ana, &id, "pause").await.expect(404);
        if what == "pause" {
            assert_eq!(order(&two, &admin, &id, "pause").await.expect(200).json()["state"], "paused");
        } else {
            call(&two, Some(&eva), Method::DELETE, &format!("/api/v1/transfers/{id}"), &[], "").await.expect(204);
        }
        until("the order has arrived", async || moving(&admin).await.is_none()).await;
        assert!(body.collect().await.is_err(), "its end comes early");
        drop(connection);
        until("the audit tells", async || {
            let seen = entries(&two, &eva, "direction=download").await;
            seen.len() == 1 && seen[0]["outcome"] == outcome && seen[0]["interruptions"] == 0
        })
        .await;
    }
    let entry = entries(&two, &eva, "direction=download").await.remove(0);
    assert!(entry["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{entry}");
    assert_eq!(get(&two, Some(&eva), &content, &[]).await.expect(200).body, data, "and may be asked for again");
    until("as another transfer", async || entries(&two, &eva, "outcome=done&direction=download").await.len() == 1)
        .await;
}
