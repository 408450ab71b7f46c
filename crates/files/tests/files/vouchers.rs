//! Guests who upload for a member.

use std::sync::Arc;
use std::time::Duration;

use api::auth::UserRole;
use futures::future::join_all;
use http::Method;
use kernel::clock::{Clock, ManualClock, SystemClock};
use serde_json::{Value, json as value};

use crate::support::*;

/// A voucher; its token.
pub(crate) async fn voucher(replica: &Replica, user: &User, asked: &Value) -> (Value, String) {
    let made = json(replica, Some(user), Method::POST, "/api/v1/vouchers", asked).await.expect(201).json();
    let token = made["token"].as_str().expect("a token").to_owned();
    (made, token)
}

/// Begins an upload as a guest.
pub(crate) async fn begin(replica: &Replica, token: &str, length: u64, metadata: &str) -> Answer {
    let length = length.to_string();
    let headers = [TUS, ("x-bedel-voucher", token), ("upload-length", &length), ("upload-metadata", metadata)];
    call(replica, None, Method::POST, "/api/v1/uploads", &headers, "").await
}

async fn guest_patch(replica: &Replica, token: &str, path: &str, offset: u64, body: &'static str) -> Answer {
    let offset = offset.to_string();
    let headers = [TUS, OFFSET_STREAM, ("x-bedel-voucher", token), ("upload-offset", &offset)];
    call(replica, None, Method::PATCH, path, &headers, body).await
}

async fn guest_head(replica: &Replica, token: &str, path: &str) -> Answer {
    send(replica.address, request(None, Method::HEAD, path, &[TUS, ("x-bedel-voucher", token)], empty())).await
}

async fn receipt(replica: &Replica, token: &str) -> Value {
    get(replica, None, &format!("/api/v1/vouchers/{token}/receipt"), &[]).await.expect(200).json()
}

pub(crate) async fn a_guest_uploads_and_comes_back(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let asked = value!({"note": "Su tesis, por favor", "max_bytes": 100});
    let (made, token) = voucher(&one, &ana, &asked).await;
    assert_eq!(made["url"], format!("/v/{token}"));
    assert_eq!((&made["max_files"], &made["owner_name"]), (&value!(10), &value!("ana")));
    let (_, stranger) = voucher(&one, &eva, &value!({"note": ""})).await;

    let metadata = meta(&[("filename", "tesis.txt"), ("visibility", "public")]);
    let path = begin(&one, &token, 10, &metadata).await.expect(201).header("location").to_owned();
    assert_eq!(guest_patch(&one, &token, &path, 0, "0123").await.expect(204).header("upload-offset"), "4");
    // A guest sees what is theirs and nothing else; neither do other guests.
    assert_eq!(guest_head(&two, &token, &path).await.expect(200).header("upload-offset"), "4");
    assert_eq!(guest_head(&two, &stranger, &path).await.status, 404);
    guest_patch(&two, &stranger, &path, 4, "x").await.expect(404);
    let own = create(&one, &ana, 5, "").await;
    assert_eq!(guest_head(&two, &token, &own).await.status, 404, "the member's own uploads are not the guest's");
    let moving = get(&two, Some(&ana), "/api/v1/transfers", &[]).await.expect(200).json();
    let moving = moving["items"].as_array().expect("a list").iter().find(|item| item["name"] == "tesis.txt").cloned();
    assert_eq!(moving.expect("the member sees it")["offset"], 4);

    let told = receipt(&two, &token).await;
    assert_eq!((&told["note"], &told["from"]), (&value!("Su tesis, por favor"), &value!("ana")));
    assert_eq!((&told["files_left"], &told["bytes_left"]), (&value!(9), &value!(90)));
    assert_eq!(told["items"][0]["state"], "open");
    assert_eq!(told["items"][0]["resume"], value!({"method": "PATCH", "url": path, "offset": 4}));
    let done = guest_patch(&two, &token, &path, 4, "456789").await.expect(204);
    let file = get(&one, Some(&ana), done.header("content-location"), &[]).await.expect(200).json();
    assert_eq!((&file["owner"], &file["visibility"]), (&value!(ana.id.to_string()), &value!("private")));
    let told = receipt(&one, &token).await;
    let item = &told["items"][0];
    assert_eq!((&item["state"], &item["size"], &item["resume"]), (&value!("done"), &value!(10), &Value::Null));
    assert_eq!((&item["sha256"], &item["completed_at"]), (&file["sha256"], &file["created_at"]));

    // What the member removes stays in the receipt.
    let purged = format!("{}?purge=true", done.header("content-location"));
    call(&one, Some(&ana), Method::DELETE, &purged, &[], "").await.expect(204);
    let kept = receipt(&one, &token).await["items"][0].clone();
    assert_eq!((&kept["state"], &kept["sha256"]), (&value!("removed"), &file["sha256"]));
    let list = get(&one, Some(&ana), "/api/v1/vouchers", &[]).await.expect(200).json();
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["files"]), (&made["id"], &value!(1)));
    assert!(list["items"][0].get("token").is_none());
}

pub(crate) async fn limits_hold_at_once(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    for (asked, length, won, refused) in [
        (value!({"note": "", "max_files": 2}), 1, 2, "voucher-files"),
        (value!({"note": "", "max_bytes": 10}), 5, 2, "voucher-bytes"),
        (value!({"note": "", "max_bytes": 10}), 6, 1, "voucher-bytes"),
        (value!({"note": "", "max_bytes": 10}), 11, 0, "voucher-bytes"),
    ] {
        let (_, token) = voucher(&one, &ana, &asked).await;
        let begun = join_all((0..6).map(|number| {
            let (token, replica) = (&token, if number % 2 == 0 { &one } else { &two });
            async move { begin(replica, token, length, "").await }
        }))
        .await;
        assert_eq!(begun.iter().filter(|answer| answer.status == 201).count(), won, "{asked}: {begun:?}");
        for answer in begun.iter().filter(|answer| answer.status != 201) {
            assert_eq!((answer.status.as_u16(), problem(answer).as_str()), (403, refused), "{asked}");
        }
        assert_eq!(receipt(&one, &token).await["items"].as_array().map(Vec::len), Some(won));
    }
}

pub(crate) async fn guests_say_how_long_it_is(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let (_, token) = voucher(&replica, &ana, &value!({"note": "", "max_bytes": 10})).await;
    let guest = ("x-bedel-voucher", token.as_str());
    for headers in [
        vec![TUS, guest, ("upload-defer-length", "1")],
        vec![TUS, guest, ("upload-defer-length", "1"), ("upload-concat", "partial")],
        vec![guest, ("upload-draft-interop-version", "6"), ("upload-complete", "?0")],
    ] {
        let refused = call(&replica, None, Method::POST, "/api/v1/uploads", &headers, "").await.expect(403);
        assert_eq!(problem(&refused), "voucher-length", "{headers:?}");
    }
    assert_eq!(receipt(&replica, &token).await["items"], value!([]));
    begin(&replica, &token, 10, "").await.expect(201);
}

pub(crate) async fn what_is_given_up_is_given_back(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let (_, token) = voucher(&replica, &ana, &value!({"note": "", "max_files": 1, "max_bytes": 10})).await;
    let path = begin(&replica, &token, 10, "").await.expect(201).header("location").to_owned();
    begin(&replica, &token, 0, "").await.expect(403);
    let headers = [TUS, ("x-bedel-voucher", token.as_str())];
    call(&replica, None, Method::DELETE, &path, &headers, "").await.expect(204);
    let told = receipt(&replica, &token).await;
    assert_eq!((&told["files_left"], &told["bytes_left"], &told["items"]), (&value!(1), &value!(10), &value!([])));
    let path = begin(&replica, &token, 10, "").await.expect(201).header("location").to_owned();
    guest_patch(&replica, &token, &path, 0, "0123456789").await.expect(204);
    call(&replica, None, Method::DELETE, &path, &headers, "").await.expect(409);
    assert_eq!(problem(&begin(&replica, &token, 0, "").await.expect(403)), "voucher-files");

    // The same creation again is the same upload.
    let (_, token) = voucher(&replica, &ana, &value!({"note": "", "max_files": 1})).await;
    let headers = [TUS, ("x-bedel-voucher", token.as_str()), ("upload-length", "3"), ("idempotency-key", "k")];
    let first = call(&replica, None, Method::POST, "/api/v1/uploads", &headers, "").await.expect(201);
    let again = call(&replica, None, Method::POST, "/api/v1/uploads", &headers, "").await.expect(201);
    assert_eq!(first.header("location"), again.header("location"));
}

pub(crate) async fn revoking_ends_running_uploads(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let admin = campus.user("admin", UserRole::Admin);
    let (made, token) = voucher(&one, &ana, &value!({"note": ""})).await;
    let whole = begin(&one, &token, 2, "").await.expect(201).header("location").to_owned();
    let done = guest_patch(&one, &token, &whole, 0, "ok").await.expect(204);
    let path = begin(&one, &token, 1_000_000, "").await.expect(201).header("location").to_owned();
    let (sender, body) = slowly();
    let headers = [TUS, OFFSET_STREAM, ("x-bedel-voucher", token.as_str()), ("upload-offset", "0")];
    let patching = request(None, Method::PATCH, &path, &headers, body);
    let mut running = AbortOnDrop(tokio::spawn(try_send(one.address, patching)));
    sender.send(frame("some bytes")).await.expect("sends");
    until("it moves", async || {
        let seen = get(&one, Some(&ana), "/api/v1/transfers", &[]).await.expect(200).json();
        seen["items"].as_array().is_some_and(|items| items.iter().any(|item| item["offset"] == 10))
    })
    .await;

    let by_id = format!("/api/v1/vouchers/{}", made["id"].as_str().expect("an id"));
    call(&two, Some(&eva), Method::DELETE, &by_id, &[], "").await.expect(404);
    call(&two, Some(&admin), Method::DELETE, &by_id, &[], "").await.expect(204);
    let ended = (&mut running.0).await.expect("ends").expect("an answer");
    assert!(matches!(ended.status.as_u16(), 409 | 410), "{ended:?}");
    assert_eq!(problem(&begin(&one, &token, 1, "").await.expect(403)), "voucher-revoked");
    assert_eq!(guest_head(&one, &token, &path).await.status, 403);
    assert_eq!(head(&one, &ana, &path).await.status, 410);
    call(&two, Some(&ana), Method::DELETE, &by_id, &[], "").await.expect(404);
    get(&one, Some(&ana), done.header("content-location"), &[]).await.expect(200);
    let told = receipt(&one, &token).await;
    assert_eq!(told["state"], "revoked");
    assert_eq!(told["items"].as_array().map(Vec::len), Some(1), "a receipt is for what arrived");
    one.jobs.pass().await;
    assert_eq!(campus.blobs().await.len(), 1);
}

pub(crate) async fn expiry_ends_beginnings(campus: Campus) {
    let clock = Arc::new(ManualClock::at_micros(SystemClock.now().as_micros()));
    let replica = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let ana = campus.student("ana");
    let (made, token) = voucher(&replica, &ana, &value!({"note": ""})).await;
    let fortnight = clock.now().plus(Duration::from_secs(14 * 86_400));
    assert_eq!(made["expires_at"], fortnight.to_string());
    clock.advance(Duration::from_secs(14 * 86_400 - 60));
    let path = begin(&replica, &token, 10, "").await.expect(201).header("location").to_owned();
    clock.advance(Duration::from_secs(60));
    assert_eq!(problem(&begin(&replica, &token, 10, "").await.expect(403)), "voucher-expired");
    assert_eq!(receipt(&replica, &token).await["state"], "expired");
    guest_patch(&replica, &token, &path, 0, "0123456789").await.expect(204);
    clock.advance(Duration::from_secs(90 * 86_400 - 1));
    replica.jobs.forget_ended().await;
    assert_eq!(receipt(&replica, &token).await["items"][0]["state"], "done");
    clock.advance(Duration::from_secs(1));
    replica.jobs.forget_ended().await;
    get(&replica, None, &format!("/api/v1/vouchers/{token}/receipt"), &[]).await.expect(404);
}

pub(crate) async fn bad_vouchers(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let admin = campus.user("admin", UserRole::Admin);
    for (asked, field) in [
        (value!({}), "/note"),
        (value!({"note": "x".repeat(1001)}), "/note"),
        (value!({"note": 7}), "/note"),
        (value!({"note": "", "expires_at": "2020-01-01T00:00:00Z"}), "/expires_at"),
        (value!({"note": "", "expires_at": "soon"}), "/expires_at"),
        (value!({"note": "", "max_files": 0}), "/max_files"),
        (value!({"note": "", "max_files": -1}), "/max_files"),
        (value!({"note": "", "max_files": 1001}), "/max_files"),
        (value!({"note": "", "max_bytes": 0}), "/max_bytes"),
        (value!({"note": "", "max_bytes": -5}), "/max_bytes"),
        (value!({"note": "", "max_bytes": u64::MAX}), "/max_bytes"),
        (value!({"note": "", "colour": "red"}), "/colour"),
    ] {
        let refused = json(&replica, Some(&ana), Method::POST, "/api/v1/vouchers", &asked).await.expect(422).json();
        assert_eq!(refused["errors"][0]["field"], field, "{asked}: {refused}");
    }
    json(&replica, None, Method::POST, "/api/v1/vouchers", &value!({"note": ""})).await.expect(401);
    get(&replica, None, "/api/v1/vouchers", &[]).await.expect(401);
    get(&replica, None, "/api/v1/vouchers/x/receipt", &[]).await.expect(404);

    let (made, token) = voucher(&replica, &ana, &value!({"note": "a"})).await;
    voucher(&replica, &eva, &value!({"note": "b"})).await;
    for (user, wanted) in [(&ana, 1), (&eva, 1), (&admin, 2)] {
        let list = get(&replica, Some(user), "/api/v1/vouchers", &[]).await.expect(200).json();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(wanted));
    }
    let page = get(&replica, Some(&admin), "/api/v1/vouchers?limit=1", &[]).await.expect(200).json();
    let next = format!("/api/v1/vouchers?limit=1&cursor={}", page["next_cursor"].as_str().expect("more"));
    assert_eq!(get(&replica, Some(&admin), &next, &[]).await.expect(200).json()["items"][0]["id"], made["id"]);

    let headers = [TUS, ("upload-length", "1"), ("x-bedel-voucher", token.as_str())];
    call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(400);
    begin(&replica, "not one", 1, "").await.expect(401);
    begin(&replica, made["id"].as_str().expect("an id"), 1, "").await.expect(401);
    begin(&replica, &token, 1, &meta(&[("filename", "../x")])).await.expect(422);
    // A voucher opens the tus endpoints and nothing else.
    let only = [("x-bedel-voucher", token.as_str())];
    get(&replica, None, "/api/v1/transfers", &only).await.expect(401);
    call(&replica, None, Method::PUT, "/api/v1/files?name=x", &only, "x").await.expect(401);
    assert_eq!(receipt(&replica, &token).await["items"], value!([]));
}
