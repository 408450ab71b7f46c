//! What is refused, how, and that nothing of it is kept.

use api::auth::{TokenKind, UserRole};
use http::Method;

use crate::support::*;

pub(crate) async fn names_and_metadata(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let long = "x".repeat(256);
    for (key, value, code) in [
        ("filename", "../etc/passwd", "path"),
        ("filename", "a/b", "path"),
        ("filename", "a\\b", "path"),
        ("filename", "a\0b", "control"),
        ("filename", "a\nb", "control"),
        ("filename", long.as_str(), "too_long"),
        ("filename", "", "missing"),
        ("title", long.as_str(), "too_long"),
        ("filetype", "<script>", "type"),
        ("visibility", "everyone", "value"),
    ] {
        let metadata = meta(&[(key, value)]);
        let headers = [TUS, ("upload-length", "1"), ("upload-metadata", metadata.as_str())];
        let answer = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(422).json();
        assert_eq!(answer["errors"][0]["field"], format!("/{key}"), "{answer}");
        assert_eq!(answer["errors"][0]["code"], code, "{answer}");
    }
    for metadata in ["filename ***", "filename YQ==,filename YQ==", ",,", "title /w=="] {
        let headers = [TUS, ("upload-length", "1"), ("upload-metadata", metadata)];
        let answer = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(400).json();
        assert!(answer["detail"].as_str().is_some_and(|text| text.contains("Upload-Metadata")), "{answer}");
    }
    for (query, field) in [
        ("name=..%2Fx", "/name"),
        ("name=a%00b", "/name"),
        ("name=", "/name"),
        ("name=x&visibility=all", "/visibility"),
        ("name=x&colour=red", ""),
        ("", ""),
    ] {
        let path = format!("/api/v1/files?{query}");
        let answer = call(&replica, Some(&ana), Method::PUT, &path, &[], "x").await.expect(422).json();
        if !field.is_empty() {
            assert_eq!(answer["errors"][0]["field"], field, "{query}: {answer}");
        }
    }
    assert!(campus.blobs().await.is_empty());
}

pub(crate) async fn sizes_and_offsets(mut campus: Campus) {
    campus.settings.max_size = 1_000_000;
    campus.settings.checkpoint = 1;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    for (length, status) in
        [("-1", 400), ("x", 400), ("1.5", 400), ("99999999999999999999", 400), ("1000001", 413), ("", 400)]
    {
        let headers = [TUS, ("upload-length", length)];
        call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(status);
    }
    call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &[TUS], "").await.expect(400);
    let deferred = [TUS, ("upload-defer-length", "2")];
    call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &deferred, "").await.expect(400);

    let path = create(&replica, &ana, 10, "").await;
    for (at, status) in [(11, 409), (u64::MAX / 2, 409)] {
        patch(&replica, &ana, &path, at, "x").await.expect(status);
    }
    let negative = [TUS, OFFSET_STREAM, ("upload-offset", "-1")];
    call(&replica, Some(&ana), Method::PATCH, &path, &negative, "x").await.expect(400);

    // Longer than announced: with a length at once, without one as soon as it shows, and nothing of it is kept.
    patch(&replica, &ana, &path, 0, "0123456789x").await.expect(413);
    let headers = [TUS, OFFSET_STREAM, ("upload-offset", "0")];
    let chunked = request(Some(&ana), Method::PATCH, &path, &headers, bytes("0123456789x"));
    send(replica.address, chunked).await.expect(413);
    assert_eq!(offset(&replica, &ana, &path).await, 0);
    // The last byte alone does not complete it while the body goes on.
    let (sender, mut answer) = patch_slowly(&replica, &ana, &path, 0);
    sender.send(frame("0123456789")).await.expect("sends");
    sender.send(frame("too much")).await.expect("sends");
    assert_eq!((&mut answer.0).await.expect("ends").expect("an answer").status, 413);
    assert_eq!(offset(&replica, &ana, &path).await, 0);
    let list = get(&replica, Some(&ana), "/api/v1/files", &[]).await.expect(200).json();
    assert_eq!(list["items"], serde_json::json!([]));
    patch(&replica, &ana, &path, 0, "0123456789").await.expect(204);

    let big = vec![0_u8; 1_000_001];
    call(&replica, Some(&ana), Method::PUT, "/api/v1/files?name=x", &[], big.clone()).await.expect(413);
    let chunked = request(Some(&ana), Method::PUT, "/api/v1/files?name=x", &[], bytes(big));
    send(replica.address, chunked).await.expect(413);
    replica.jobs.pass().await;
    replica.jobs.sweep_orphans().await;
    assert_eq!(campus.blobs().await.len(), 1, "{:?}", campus.blobs().await);
}

pub(crate) async fn tokens(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let expired = campus.token("ana", UserRole::Student, TokenKind::Access, None, -10);
    let mut forged = ana.clone();
    let middle = forged.token.len() / 2;
    let other = if forged.token.as_bytes()[middle] == b'A' { "B" } else { "A" };
    forged.token.replace_range(middle..=middle, other);
    let reader = campus.token("bot", UserRole::Admin, TokenKind::Api, Some(vec!["files:read".to_owned()]), 600);
    let headers = [TUS, ("upload-length", "1")];
    for (user, status) in [(None, 401), (Some(&expired), 401), (Some(&forged), 401), (Some(&reader), 403)] {
        call(&replica, user, Method::POST, "/api/v1/uploads", &headers, "").await.expect(status);
        call(&replica, user, Method::PUT, "/api/v1/files?name=x", &[], "x").await.expect(status);
    }
    for path in ["/api/v1/transfers", "/api/v1/presence"] {
        get(&replica, None, path, &[]).await.expect(401);
        get(&replica, Some(&reader), path, &[]).await.expect(200);
    }
    // A bad token is not the same as none: whoever sends one wants to be somebody.
    get(&replica, Some(&forged), "/api/v1/files", &[]).await.expect(401);
    get(&replica, None, "/api/v1/files", &[]).await.expect(200);
    assert!(campus.blobs().await.is_empty());
}

pub(crate) async fn bodies_and_queries(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    for query in ["limit=0", "limit=501", "limit=x", "sort=colour", "colour=red", "cursor=%00"] {
        let answer = get(&replica, Some(&ana), &format!("/api/v1/files?{query}"), &[]).await.expect(422);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{query}");
    }
    for path in
        ["/api/v1/files/x", "/api/v1/files/..", "/api/v1/files/x/content", "/api/v1/files/%00", "/api/v1/nothing"]
    {
        get(&replica, Some(&ana), path, &[]).await.expect(404);
    }
    call(&replica, Some(&ana), Method::PATCH, "/api/v1/transfers", &[], "").await.expect(405);
}

pub(crate) async fn early_refusals_are_heard(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let path = create(&replica, &ana, 20_000_000, "").await;
    let body = bytes::Bytes::from(vec![1_u8; 20_000_000]);
    for _ in 0..3 {
        patch(&replica, &ana, &path, 7, body.clone()).await.expect(409);
        let headers = [TUS, ("upload-offset", "0"), ("content-type", "text/plain")];
        call(&replica, Some(&ana), Method::PATCH, &path, &headers, body.clone()).await.expect(415);
        let headers = [TUS, OFFSET_STREAM, ("upload-offset", "0")];
        call(&replica, None, Method::PATCH, &path, &headers, body.clone()).await.expect(401);
        let short = create(&replica, &ana, 10, "").await;
        patch(&replica, &ana, &short, 0, body.clone()).await.expect(413);
    }
    assert_eq!(offset(&replica, &ana, &path).await, 0);
}
