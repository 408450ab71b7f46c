//! Links that open one file for whoever has them.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use http::Method;
use kernel::clock::{Clock, ManualClock, SystemClock};
use serde_json::{Value, json as value};

use crate::support::*;

const DATA: &str = "0123456789";

/// A file of ten bytes; the path of its shares.
async fn file(replica: &Replica, user: &User) -> (Value, String) {
    let file = put(replica, user, "name=acta%20final.bin&title=Acta", DATA).await;
    let path = format!("/api/v1/files/{}/shares", file["id"].as_str().expect("an id"));
    (file, path)
}

async fn share(replica: &Replica, user: &User, asked: &Value) -> Value {
    let (_, path) = file(replica, user).await;
    json(replica, Some(user), Method::POST, &path, asked).await.expect(201).json()
}

fn path(share: &Value) -> String {
    format!("/api/v1/shares/{}", share["token"].as_str().expect("a token"))
}

async fn open(replica: &Replica, share: &Value, body: &Value) -> Answer {
    json(replica, None, Method::POST, &format!("{}/open", path(share)), body).await
}

async fn content(replica: &Replica, share: &Value, headers: &[(&str, &str)]) -> Answer {
    get(replica, None, &format!("{}/content", path(share)), headers).await
}

async fn downloads_left(replica: &Replica, share: &Value) -> Value {
    get(replica, None, &path(share), &[]).await.expect(200).json()["downloads_left"].clone()
}

pub(crate) async fn from_making_to_revoking(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let (file, shares) = file(&one, &ana).await;
    json(&one, Some(&eva), Method::POST, &shares, &value!({})).await.expect(404);
    json(&one, None, Method::POST, &shares, &value!({})).await.expect(401);
    let made = json(&one, Some(&ana), Method::POST, &shares, &value!({"note": " Para Leo "})).await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.json();
    let token = made["token"].as_str().expect("a token");
    assert_eq!(made["url"], format!("/s/{token}"));
    assert_eq!(token.len(), 32, "128 bits");
    assert_eq!((&made["note"], &made["has_password"]), (&value!("Para Leo"), &value!(false)));
    assert_eq!((&made["expires_at"], &made["max_downloads"]), (&Value::Null, &Value::Null));

    let seen = get(&two, None, &path(&made), &[]).await.expect(200).json();
    assert_eq!(
        seen,
        value!({
            "name": "acta final.bin", "size": 10, "type": "application/octet-stream", "title": "Acta", "description": "",
            "sha256": sha256(DATA.as_bytes()), "has_password": false, "expires_at": null, "downloads_left": null,
        })
    );
    let opened = call(&two, None, Method::POST, &format!("{}/open", path(&made)), &[], "").await.expect(200).json();
    let url = opened["url"].as_str().expect("an address");
    assert_eq!(get(&one, None, url, &[]).await.expect(200).body, DATA);
    assert_eq!(get(&one, None, url, &[("range", "bytes=4-")]).await.expect(206).body, DATA[4..]);

    let list = get(&two, Some(&ana), &shares, &[]).await.expect(200).json();
    assert_eq!(list["items"][0]["id"], made["id"]);
    assert_eq!(list["items"][0]["downloads"], 1, "an address is a download, however often its bytes are asked for");
    assert!(list["items"][0].get("token").is_none() && list["items"][0].get("url").is_none());
    let admin = campus.user("admin", api::auth::UserRole::Admin);
    get(&two, Some(&admin), &shares, &[]).await.expect(200);
    get(&two, Some(&eva), &shares, &[]).await.expect(404);

    let by_id = format!("/api/v1/shares/{}", made["id"].as_str().expect("an id"));
    get(&two, None, &by_id, &[]).await.expect(404);
    call(&two, Some(&eva), Method::DELETE, &by_id, &[], "").await.expect(404);
    call(&two, Some(&ana), Method::DELETE, &by_id, &[], "").await.expect(204);
    call(&two, Some(&ana), Method::DELETE, &by_id, &[], "").await.expect(404);
    assert_eq!(problem(&get(&one, None, &path(&made), &[]).await.expect(410)), "share-revoked");
    assert_eq!(problem(&open(&one, &made, &value!({})).await.expect(410)), "share-revoked");
    assert_eq!(problem(&content(&one, &made, &[]).await.expect(410)), "share-revoked");
    assert_eq!(get(&two, Some(&ana), &shares, &[]).await.expect(200).json()["items"], value!([]));

    // With the file its links go.
    let other = json(&one, Some(&ana), Method::POST, &shares, &value!({})).await.expect(201).json();
    let of_file = format!("/api/v1/files/{}", file["id"].as_str().expect("an id"));
    for query in ["", "?purge=true"] {
        call(&one, Some(&ana), Method::DELETE, &format!("{of_file}{query}"), &[], "").await.expect(204);
        assert_eq!(problem(&get(&two, None, &path(&other), &[]).await.expect(410)), "share-revoked");
        if query.is_empty() {
            call(&one, Some(&ana), Method::POST, &format!("{of_file}/restore"), &[], "").await.expect(200);
            get(&two, None, &path(&other), &[]).await.expect(200);
        }
    }
    // A file that others may read is still not theirs to share.
    let public = put(&one, &ana, "name=x&visibility=campus", "x").await;
    let shares = format!("/api/v1/files/{}/shares", public["id"].as_str().expect("an id"));
    json(&one, Some(&eva), Method::POST, &shares, &value!({})).await.expect(403);
}

pub(crate) async fn the_last_download_is_one_ones(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let shared = share(&one, &ana, &value!({"max_downloads": 2})).await;
    open(&one, &shared, &value!({})).await.expect(200);
    assert_eq!(downloads_left(&one, &shared).await, 1);
    let asked = join_all((0..8).map(|number| {
        let (shared, replica) = (&shared, if number % 2 == 0 { &one } else { &two });
        async move {
            if number < 4 { open(replica, shared, &value!({})).await } else { content(replica, shared, &[]).await }
        }
    }))
    .await;
    let won = asked.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{asked:?}");
    for answer in asked.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status.as_u16(), problem(answer).as_str()), (410, "share-used-up"));
    }
    assert_eq!(problem(&get(&one, None, &path(&shared), &[]).await.expect(410)), "share-used-up");
}

pub(crate) async fn passwords_and_guesses(campus: Campus) {
    let clock = Arc::new(ManualClock::at_micros(SystemClock.now().as_micros()));
    let one = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let two = campus.replica_at("files-2", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let ana = campus.student("ana");
    let shared = share(&one, &ana, &value!({"password": "clave ñ"})).await;
    assert_eq!(shared["has_password"], true);
    assert_eq!(get(&one, None, &path(&shared), &[]).await.expect(200).json()["has_password"], true);
    for _ in 0..12 {
        assert_eq!(problem(&open(&one, &shared, &value!({})).await.expect(403)), "share-password");
        open(&one, &shared, &value!({"password": "clave ñ"})).await.expect(200);
    }
    // None of these was a guess. Of fifteen at once ten are checked, wherever they arrive.
    let guesses = join_all((0..15).map(|number| {
        let (shared, replica) = (&shared, if number % 2 == 0 { &one } else { &two });
        async move { open(replica, shared, &value!({"password": number.to_string()})).await }
    }))
    .await;
    let wrong = guesses.iter().filter(|answer| answer.status == 403).count();
    let waits: Vec<u64> = guesses
        .iter()
        .filter(|answer| answer.status == 429)
        .map(|answer| answer.header("retry-after").parse().expect("seconds"))
        .collect();
    assert_eq!((wrong, waits.len()), (10, 5), "{guesses:?}");
    assert_eq!(waits[0], 15 * 60);
    open(&two, &shared, &value!({"password": "clave ñ"})).await.expect(429);
    content(&two, &shared, &[("authorization", "Basic eDp5")]).await.expect(429);
    clock.advance(Duration::from_secs(15 * 60));
    open(&two, &shared, &value!({"password": "clave ñ"})).await.expect(200);
    open(&two, &shared, &value!({"password": "clave n"})).await.expect(403);
    let list = campus_downloads(&one, &ana).await;
    assert_eq!(list, 13, "what was refused is no download");
}

/// The downloads of the newest file's newest share.
async fn campus_downloads(replica: &Replica, user: &User) -> u64 {
    let files = get(replica, Some(user), "/api/v1/files", &[]).await.expect(200).json();
    let path = format!("/api/v1/files/{}/shares", files["items"][0]["id"].as_str().expect("an id"));
    get(replica, Some(user), &path, &[]).await.expect(200).json()["items"][0]["downloads"].as_u64().expect("a number")
}

pub(crate) async fn content_counts_first_bytes(campus: Campus) {
    let clock = Arc::new(ManualClock::at_micros(SystemClock.now().as_micros()));
    let replica = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let ana = campus.student("ana");
    let shared = share(&replica, &ana, &value!({"max_downloads": 2})).await;
    let at = format!("{}/content", path(&shared));
    let head = send(replica.address, request(None, Method::HEAD, &at, &[], empty())).await.expect(200);
    assert_eq!(head.header("content-length"), "10");
    assert_eq!(head.header("content-disposition"), "attachment; filename=\"acta final.bin\"");
    content(&replica, &shared, &[("range", "bytes=20-")]).await.expect(416);
    content(&replica, &shared, &[("if-none-match", head.header("etag"))]).await.expect(304);
    content(&replica, &shared, &[("if-match", "\"x\"")]).await.expect(412);
    assert_eq!(downloads_left(&replica, &shared).await, 2, "no byte was sent");

    let whole = content(&replica, &shared, &[]).await.expect(200);
    assert_eq!((whole.body.as_ref(), whole.header("etag")), (DATA.as_bytes(), head.header("etag")));
    assert_eq!(downloads_left(&replica, &shared).await, 1);
    for range in ["bytes=4-", "bytes=-3", "bytes=2-3,6-7"] {
        content(&replica, &shared, &[("range", range)]).await.expect(206);
    }
    assert_eq!(downloads_left(&replica, &shared).await, 1, "going on is no new download");
    assert_eq!(content(&replica, &shared, &[("range", "bytes=0-3")]).await.expect(206).body, DATA[..4]);

    // Used up, but its last download may end.
    assert_eq!(problem(&content(&replica, &shared, &[]).await.expect(410)), "share-used-up");
    content(&replica, &shared, &[("range", "bytes=5-6,0-2")]).await.expect(410);
    assert_eq!(content(&replica, &shared, &[("range", "bytes=4-")]).await.expect(206).body, DATA[4..]);
    send(replica.address, request(None, Method::HEAD, &at, &[], empty())).await.expect(200);
    clock.advance(Duration::from_secs(24 * 60 * 60));
    content(&replica, &shared, &[("range", "bytes=4-")]).await.expect(410);
    send(replica.address, request(None, Method::HEAD, &at, &[], empty())).await.expect(410);

    // All but the first byte is a download too, if none was counted before.
    let shared = share(&replica, &ana, &value!({"max_downloads": 1})).await;
    content(&replica, &shared, &[("range", "bytes=1-")]).await.expect(206);
    content(&replica, &shared, &[("range", "bytes=1-")]).await.expect(206);
    content(&replica, &shared, &[]).await.expect(410);
}

pub(crate) async fn content_takes_a_password(campus: Campus) {
    use base64::Engine as _;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let shared = share(&replica, &ana, &value!({"password": "a:ñ", "max_downloads": 1})).await;
    let basic = |password: &str| {
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("quien sea:{password}")))
    };
    for headers in [vec![], vec![("authorization", basic("wrong"))], vec![("authorization", "Bearer x".to_owned())]] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refused = content(&replica, &shared, &headers).await.expect(401);
        assert!(refused.header("www-authenticate").starts_with("Basic "), "{:?}", refused.headers);
        assert_eq!(problem(&refused), "share-password");
    }
    let right = basic("a:ñ");
    assert_eq!(content(&replica, &shared, &[("authorization", &right)]).await.expect(200).body, DATA);
    // Each part of a broken download proves itself again, and none of that is a guess.
    for _ in 0..12 {
        let headers = [("authorization", right.as_str()), ("range", "bytes=5-")];
        assert_eq!(content(&replica, &shared, &headers).await.expect(206).body, DATA[5..]);
    }
    content(&replica, &shared, &[("range", "bytes=5-")]).await.expect(401);
}

pub(crate) async fn a_link_ends(campus: Campus) {
    let clock = Arc::new(ManualClock::at_micros(SystemClock.now().as_micros()));
    let replica = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let ana = campus.student("ana");
    let end = clock.now().plus(Duration::from_secs(60));
    let shared = share(&replica, &ana, &value!({"expires_at": end.to_string()})).await;
    let opened = open(&replica, &shared, &value!({})).await.expect(200).json();
    assert_eq!(opened["expires_at"], end.to_string(), "an address does not outlast its link");
    content(&replica, &shared, &[]).await.expect(200);
    clock.advance(Duration::from_secs(60));
    assert_eq!(problem(&get(&replica, None, &path(&shared), &[]).await.expect(410)), "share-expired");
    assert_eq!(problem(&open(&replica, &shared, &value!({})).await.expect(410)), "share-expired");
    content(&replica, &shared, &[("range", "bytes=4-")]).await.expect(410);

    // Why it opens nothing is known for a while.
    let endless = share(&replica, &ana, &value!({})).await;
    clock.advance(Duration::from_secs(90 * 86_400 - 1));
    replica.jobs.forget_ended().await;
    get(&replica, None, &path(&shared), &[]).await.expect(410);
    clock.advance(Duration::from_secs(1));
    replica.jobs.forget_ended().await;
    get(&replica, None, &path(&shared), &[]).await.expect(404);
    get(&replica, None, &path(&endless), &[]).await.expect(200);
}

pub(crate) async fn bad_links(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let (_, shares) = file(&replica, &ana).await;
    for (asked, field) in [
        (value!({"expires_at": "2020-01-01T00:00:00Z"}), "/expires_at"),
        (value!({"expires_at": "tomorrow"}), "/expires_at"),
        (value!({"expires_at": 7}), "/expires_at"),
        (value!({"max_downloads": 0}), "/max_downloads"),
        (value!({"max_downloads": -1}), "/max_downloads"),
        (value!({"max_downloads": 1.5}), "/max_downloads"),
        (value!({"max_downloads": u64::MAX}), "/max_downloads"),
        (value!({"password": ""}), "/password"),
        (value!({"password": "x".repeat(257)}), "/password"),
        (value!({"password": 7}), "/password"),
        (value!({"note": "x".repeat(1001)}), "/note"),
        (value!({"note": "a\u{7}"}), "/note"),
        (value!({"colour": "red"}), "/colour"),
    ] {
        let refused = json(&replica, Some(&ana), Method::POST, &shares, &asked).await.expect(422).json();
        assert_eq!(refused["errors"][0]["field"], field, "{asked}: {refused}");
    }
    assert_eq!(get(&replica, Some(&ana), &shares, &[]).await.expect(200).json()["items"], value!([]));
    get(&replica, Some(&ana), &format!("{shares}?cursor=x"), &[]).await.expect(422);
    let shared = share(&replica, &ana, &value!({"password": "x"})).await;
    let refused = open(&replica, &shared, &value!({"pass": "x"})).await.expect(422).json();
    assert_eq!(refused["errors"][0]["field"], "/pass");
    open(&replica, &shared, &value!({"password": "x".repeat(100_000)})).await.expect(403);
    for token in ["x", "00000000000000000000000000000000", "%00", "..%2F..%2Fx"] {
        get(&replica, None, &format!("/api/v1/shares/{token}"), &[]).await.expect(404);
        get(&replica, None, &format!("/api/v1/shares/{token}/content"), &[]).await.expect(404);
        call(&replica, None, Method::POST, &format!("/api/v1/shares/{token}/open"), &[], "").await.expect(404);
    }
}

pub(crate) async fn asked_twice(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let (_, shares) = file(&one, &ana).await;
    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let body = "{\"password\":\"x\"}";
    let asked =
        join_all([&one, &two, &one].map(|replica| call(replica, Some(&ana), Method::POST, &shares, &headers, body)))
            .await;
    let made: Vec<Value> = asked.into_iter().map(|answer| answer.expect(201).json()).collect();
    assert!(made.iter().all(|other| other["token"] == made[0]["token"] && other["id"] == made[0]["id"]), "{made:?}");
    let again = call(&two, Some(&ana), Method::POST, &shares, &headers, body).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json()["token"], made[0]["token"]);
    call(&two, Some(&ana), Method::POST, &shares, &headers, "{\"password\":\"y\"}").await.expect(422);
    let list = get(&one, Some(&ana), &shares, &[]).await.expect(200).json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    open(&one, &made[0], &value!({"password": "x"})).await.expect(200);
}
