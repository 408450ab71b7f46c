//! How many may transfer at once.

use http::Method;

use crate::support::*;

/// An upload that holds its place until it is dropped.
async fn hold(replica: &Replica, user: &User) -> impl Sized {
    let path = create(replica, user, 1_000_000, "").await;
    let (sender, answer) = patch_slowly(replica, user, &path, 0);
    sender.send(frame("x")).await.expect("sends");
    let id = path.rsplit('/').next().expect("an id").to_owned();
    until("it is let in", async || {
        let list = get(replica, Some(user), "/api/v1/transfers", &[]).await.expect(200).json();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().any(|item| item["id"] == id.as_str() && item["state"] == "transferring")
    })
    .await;
    (sender, answer)
}

pub(crate) async fn a_user_has_so_many(mut campus: Campus) {
    campus.settings.transfers_per_user = 2;
    campus.settings.queue_ms = 0;
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let first = hold(&one, &ana).await;
    let second = hold(&two, &ana).await;
    for replica in [&one, &two] {
        let refused = call(replica, Some(&ana), Method::PUT, "/api/v1/files?name=x", &[], "x").await.expect(429);
        assert!(!refused.header("retry-after").is_empty());
        // Neither another user nor a question has to wait.
        put(replica, &eva, "name=x", "x").await;
        get(replica, Some(&ana), "/api/v1/files", &[]).await.expect(200);
    }
    drop(first);
    until("the place is free again", async || {
        call(&two, Some(&ana), Method::PUT, "/api/v1/files?name=x", &[], "x").await.status == 201
    })
    .await;
    drop(second);
}

pub(crate) async fn the_campus_has_so_many(mut campus: Campus) {
    campus.settings.transfers_total = 2;
    campus.settings.queue_ms = 0;
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva, leo) = (campus.student("ana"), campus.student("eva"), campus.student("leo"));
    let small = put(&one, &leo, "name=small&visibility=public", "x").await;
    let held = (hold(&one, &ana).await, hold(&two, &eva).await);
    for replica in [&one, &two] {
        let refused = call(replica, Some(&leo), Method::PUT, "/api/v1/files?name=x", &[], "x").await.expect(503);
        assert!(!refused.header("retry-after").is_empty());
        let content = format!("/api/v1/files/{}/content", small["id"].as_str().expect("an id"));
        get(replica, None, &content, &[]).await.expect(200);
    }
    drop(held);
    until("there is room again", async || {
        call(&one, Some(&leo), Method::PUT, "/api/v1/files?name=x", &[], "x").await.status == 201
    })
    .await;
}

pub(crate) async fn the_queue_lets_in_who_waited(mut campus: Campus) {
    campus.settings.transfers_total = 1;
    campus.settings.queue_ms = 20_000;
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let held = hold(&one, &ana).await;
    let waiting = async { put(&two, &eva, "name=waited", "x").await };
    let end = async {
        // Seen in the queue: a HEAD in the meantime is not held up.
        let path = create(&two, &eva, 5, "").await;
        assert_eq!(offset(&two, &eva, &path).await, 0);
        drop(held);
    };
    let (file, ()) = tokio::join!(waiting, end);
    assert_eq!(file["name"], "waited");
}
