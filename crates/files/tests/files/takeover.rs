//! A request that comes back for an upload ends the one before it, wherever that runs.

use http::Method;
use store::fault::{Fault, Op};
use testkit::files::random_bytes;

use crate::support::*;

/// Sends half of a body and waits until a replica reports it as arrived.
async fn half_sent(replica: &Replica, user: &User, path: &str, data: &[u8]) -> (Sender, Pending) {
    let (sender, answer) = patch_slowly(replica, user, path, 0);
    sender.send(frame(data.to_vec())).await.expect("sends");
    let expected = data.len() as u64;
    // The batch lingers for a while before it is written and told.
    until("the first half arrives", async || {
        let list = get(replica, Some(user), "/api/v1/transfers", &[]).await.expect(200).json();
        list["items"][0]["offset"].as_u64() == Some(expected)
    })
    .await;
    (sender, answer)
}

pub(crate) async fn head_ends_the_older_request(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(1_000_000, 6);
    let path = create(&replica, &ana, 1_000_000, "").await;
    let (sender, mut older) = half_sent(&replica, &ana, &path, &data[..400_000]).await;
    assert_eq!(offset(&replica, &ana, &path).await, 400_000, "what arrived is committed before HEAD answers");
    let ended = (&mut older.0).await.expect("ends").expect("an answer");
    assert_eq!(ended.status, 409);
    assert!(sender.send(frame(vec![0_u8; 10])).await.is_err() || sender.is_closed());
    patch(&replica, &ana, &path, 400_000, data[400_000..].to_vec()).await.expect(204);
}

pub(crate) async fn another_replica_takes_over(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let data = random_bytes(1_000_000, 7);
    let path = create(&one, &ana, 1_000_000, "").await;
    let (_sender, mut older) = half_sent(&one, &ana, &path, &data[..400_000]).await;
    // Right away with a PATCH, as a client does that knows what was acknowledged: the older's bytes count, so 409.
    let refused = patch(&two, &ana, &path, 0, data.clone()).await.expect(409);
    assert_eq!(refused.header("upload-offset"), "400000");
    assert_eq!((&mut older.0).await.expect("ends").expect("an answer").status, 409);
    let done = patch(&two, &ana, &path, 400_000, data[400_000..].to_vec()).await.expect(204);
    let content = format!("{}/content", done.header("content-location"));
    assert_eq!(get(&one, Some(&ana), &content, &[]).await.expect(200).body, data);
}

pub(crate) async fn without_live_the_epoch_decides(mut campus: Campus) {
    campus.settings.checkpoint = 300_000;
    for op in [Op::Put, Op::Get, Op::Add, Op::Publish, Op::Subscribe, Op::List, Op::Delete] {
        campus.live_faults.always(op, Fault::Fail);
    }
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let data = random_bytes(2_000_000, 8);
    let path = create(&one, &ana, 2_000_000, "").await;
    let (sender, mut older) = half_sent(&one, &ana, &path, &data[..400_000]).await;
    // Nobody could tell the older: its bytes beyond the last checkpoint do not count, and it cannot commit.
    let reached = offset(&two, &ana, &path).await;
    assert!(reached <= 400_000, "{reached}");
    let reached = usize::try_from(reached).expect("small");
    let done = patch(&two, &ana, &path, reached as u64, data[reached..].to_vec()).await.expect(204);
    drop(sender.send(frame(vec![0_u8; 1_600_000])).await);
    drop(sender);
    assert_eq!((&mut older.0).await.expect("ends").expect("an answer").status, 409, "a stale commit fails");
    let content = format!("{}/content", done.header("content-location"));
    assert_eq!(get(&one, Some(&ana), &content, &[]).await.expect(200).body, data, "and leaves no trace");
}

pub(crate) async fn a_dead_writer_does_not_hold_anybody_up(campus: Campus) {
    let ana = campus.student("ana");
    let data = random_bytes(1_000_000, 9);
    let one = campus.replica("files-1").await;
    let path = create(&one, &ana, 1_000_000, "").await;
    let half = half_sent(&one, &ana, &path, &data[..400_000]).await;
    // As after kill -9: SQL names a writer that nobody answers for.
    let sql = one.sql.clone();
    sql.write(|tx| {
        Box::pin(async move {
            use sea_orm::ConnectionTrait;
            use store::DbContext;
            tx.execute_unprepared("UPDATE files_upload SET epoch = epoch + 1, writer = 'files-9:gone:0'")
                .await
                .context("test")?;
            Ok::<_, store::StoreError>(())
        })
    })
    .await
    .expect("writes");
    let two = campus.replica("files-2").await;
    let reached = usize::try_from(offset(&two, &ana, &path).await).expect("small");
    patch(&two, &ana, &path, reached as u64, data[reached..].to_vec()).await.expect(204);
    drop(half);
}

pub(crate) async fn deleting_ends_the_writer(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let path = create(&one, &ana, 1_000_000, "").await;
    let (sender, mut older) = half_sent(&one, &ana, &path, &[1; 400_000]).await;
    call(&two, Some(&ana), Method::DELETE, &path, &[TUS], "").await.expect(204);
    drop(sender.send(frame(vec![1_u8; 600_000])).await);
    drop(sender);
    assert_eq!((&mut older.0).await.expect("ends").expect("an answer").status, 409);
    head(&one, &ana, &path).await.expect(410);
    two.jobs.pass().await;
    two.jobs.sweep_orphans().await;
    assert!(campus.blobs().await.is_empty());
    let list = get(&one, Some(&ana), "/api/v1/files", &[]).await.expect(200).json();
    assert_eq!(list["items"], serde_json::json!([]));
}
