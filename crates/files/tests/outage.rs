//! The README's outage table, executed.

#[path = "files/support.rs"]
#[expect(dead_code, reason = "shared with the other tests, which use more of it")]
mod support;

use http::Method;
use store::fault::{Fault, Op};
use support::*;
use testkit::files::random_bytes;

const LIVE: [Op; 7] = [Op::Put, Op::Get, Op::Add, Op::Publish, Op::Subscribe, Op::List, Op::Delete];

/// Upload, resume on another replica, download, catalogue, state: what a user does.
async fn all_of_it(one: &Replica, two: &Replica, user: &User) {
    let data = random_bytes(1_000_000, 20);
    let path = create(one, user, 1_000_000, "").await;
    patch(one, user, &path, 0, data[..300_000].to_vec()).await.expect(204);
    assert_eq!(offset(two, user, &path).await, 300_000);
    let known = get(two, Some(user), "/api/v1/transfers", &[]).await.expect(200).json();
    assert!(
        known["items"].as_array().expect("a list").iter().any(|item| item["resume"]["url"] == path.as_str()),
        "{known}"
    );
    let done = patch(two, user, &path, 300_000, data[300_000..].to_vec()).await.expect(204);
    let file = done.header("content-location").to_owned();
    assert_eq!(get(one, Some(user), &format!("{file}/content"), &[]).await.expect(200).body, data);
    get(one, Some(user), "/api/v1/files?q=unnamed", &[]).await.expect(200);
    get(one, Some(user), "/api/v1/presence", &[]).await.expect(200);
    call(one, Some(user), Method::DELETE, &file, &[], "").await.expect(204);
}

/// No `accounts` runs in any of these tests, so the first row is the plain case.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_dead() {
    let campus = Campus::new("sqlite").await;
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    all_of_it(&one, &two, &campus.student("ana")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_dead_then_back() {
    let campus = Campus::new("sqlite").await;
    for op in LIVE {
        campus.live_faults.always(op, Fault::Fail);
    }
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    all_of_it(&one, &two, &ana).await;
    let ready = get(&one, None, "/readyz", &[]).await.expect(200).json();
    assert_eq!(ready["checks"]["live"]["ok"], false, "shown, and no reason to take the replica out");
    campus.live_faults.clear();
    all_of_it(&one, &two, &ana).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_away_then_back() {
    let server = testkit::mariadb::MariaDb::start().await;
    let campus = Campus::new(&server.url("files_outage")).await;
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let path = create(&one, &ana, 1_000, "").await;
    patch(&one, &ana, &path, 0, vec![1_u8; 400]).await.expect(204);
    server.kill();
    get(&one, None, "/healthz", &[]).await.expect(200);
    get(&one, None, "/readyz", &[]).await.expect(503);
    for answer in [
        head(&one, &ana, &path).await,
        patch(&one, &ana, &path, 400, vec![1_u8; 600]).await,
        get(&one, Some(&ana), "/api/v1/files", &[]).await,
        call(&one, Some(&ana), Method::PUT, "/api/v1/files?name=x", &[], "x").await,
    ] {
        let answer = answer.expect(503);
        assert!(!answer.header("retry-after").is_empty());
    }
    get(&one, None, "/api/v1/files", &[]).await.expect(503);
    server.restart().await;
    until("SQL is used again", async || get(&one, Some(&ana), "/api/v1/files", &[]).await.status == 200).await;
    assert_eq!(offset(&one, &ana, &path).await, 400, "what was acknowledged is there");
    patch(&one, &ana, &path, 400, vec![1_u8; 600]).await.expect(204);
    all_of_it(&one, &two, &ana).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_failing_then_back() {
    let campus = Campus::new("sqlite").await;
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let file = put(&one, &ana, "name=a", "x").await;
    let path = create(&one, &ana, 10, "").await;
    patch(&one, &ana, &path, 0, "0123").await.expect(204);
    for op in [Op::Create, Op::Append, Op::Sync, Op::Read, Op::Size, Op::Delete, Op::List] {
        campus.blob_faults.always(op, Fault::Fail);
    }
    let details = format!("/api/v1/files/{}", file["id"].as_str().expect("an id"));
    get(&one, Some(&ana), &details, &[]).await.expect(200);
    assert_eq!(offset(&one, &ana, &path).await, 4);
    patch(&one, &ana, &path, 4, "456789").await.expect(503);
    get(&one, Some(&ana), &format!("{details}/content"), &[]).await.expect(503);
    get(&one, None, "/readyz", &[]).await.expect(503);
    // A removal is promised now and kept later.
    call(&one, Some(&ana), Method::DELETE, &details, &[], "").await.expect(204);
    one.jobs.pass().await;
    campus.blob_faults.clear();
    assert_eq!(offset(&two, &ana, &path).await, 4);
    patch(&two, &ana, &path, 4, "456789").await.expect(204);
    all_of_it(&one, &two, &ana).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_ends_inside_an_upload() {
    let campus = Campus::new("sqlite").await;
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let data = random_bytes(1_000_000, 21);
    let path = create(&one, &ana, 1_000_000, "").await;
    let (sender, answer) = patch_slowly(&one, &ana, &path, 0);
    sender.send(frame(data[..500_000].to_vec())).await.expect("sends");
    until("the bytes arrive", async || {
        let list = get(&two, Some(&ana), "/api/v1/transfers", &[]).await.expect(200).json();
        list["items"][0]["offset"] == 500_000
    })
    .await;
    // The end of the drain: what arrived is committed on the way out.
    one.lifecycle.stop();
    one.lifecycle.hard().cancel();
    until("it is committed", async || offset(&two, &ana, &path).await == 500_000).await;
    drop((sender, answer));
    patch(&two, &ana, &path, 500_000, data[500_000..].to_vec()).await.expect(204);
    all_of_it(&two, &two, &ana).await;
}
