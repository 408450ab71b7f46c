//! Bytes out.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use http::Method;
use kernel::clock::{Clock, ManualClock, SystemClock};
use testkit::files::random_bytes;

use crate::support::*;

fn content(file: &serde_json::Value) -> String {
    format!("/api/v1/files/{}/content", file["id"].as_str().expect("an id"))
}

pub(crate) async fn whole_and_described(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(1_500_000, 10);
    let file = put(&replica, &ana, "name=informe%20a%C3%B1o.pdf", data.clone()).await;
    let path = content(&file);
    let answer = get(&replica, Some(&ana), &path, &[]).await.expect(200);
    assert_eq!(answer.body, data);
    assert_eq!(answer.header("content-length"), "1500000");
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert_eq!(answer.header("accept-ranges"), "bytes");
    assert_eq!(answer.header("etag"), format!("\"{}-1\"", file["id"].as_str().expect("an id")));
    let digest = files::model::digest::unhex(&sha256(&data)).expect("hex");
    let digest = base64::engine::general_purpose::STANDARD.encode(digest);
    assert_eq!(answer.header("repr-digest"), format!("sha-256=:{digest}:"));
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"informe a_o.pdf\"; filename*=UTF-8''informe%20a%C3%B1o.pdf"
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").starts_with("sandbox"));
    let head =
        send(replica.address, request(Some(&ana), Method::HEAD, &path, &[("range", "bytes=0-1")], empty())).await;
    let head = head.expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), ("1500000", 0));
    assert_eq!(head.header("repr-digest"), answer.header("repr-digest"));
    assert_eq!(head.header("etag"), answer.header("etag"));
}

pub(crate) async fn ranges(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(700_000, 11);
    let path = content(&put(&replica, &ana, "name=a.bin", data.clone()).await);
    for (range, shown, wanted) in [
        ("bytes=0-1", "bytes 0-1/700000", &data[..2]),
        ("bytes=100-", "bytes 100-699999/700000", &data[100..]),
        ("bytes=-500", "bytes 699500-699999/700000", &data[699_500..]),
        ("bytes=-9999999", "bytes 0-699999/700000", &data[..]),
        ("bytes=5-9999999", "bytes 5-699999/700000", &data[5..]),
        ("bytes=5-6,7-9", "bytes 5-9/700000", &data[5..10]),
    ] {
        let answer = get(&replica, Some(&ana), &path, &[("range", range)]).await.expect(206);
        assert_eq!(answer.header("content-range"), shown, "{range}");
        assert_eq!(answer.header("content-length"), wanted.len().to_string(), "{range}");
        assert_eq!(answer.body, wanted, "{range}");
        assert!(answer.header("repr-digest").starts_with("sha-256=:"));
    }
    for ignored in ["bytes=9-5", "lines=1-2", "bytes=x"] {
        assert_eq!(get(&replica, Some(&ana), &path, &[("range", ignored)]).await.expect(200).body, data, "{ignored}");
    }
    let beyond = get(&replica, Some(&ana), &path, &[("range", "bytes=700000-")]).await.expect(416);
    assert_eq!(beyond.header("content-range"), "bytes */700000");
    let flood = format!("bytes={}", (0..100).map(|n| format!("{0}-{0}", n * 3)).collect::<Vec<_>>().join(","));
    get(&replica, Some(&ana), &path, &[("range", &flood)]).await.expect(416);

    let several = get(&replica, Some(&ana), &path, &[("range", "bytes=-3,0-1,200000-600000")]).await.expect(206);
    assert_eq!(several.header("content-length"), several.body.len().to_string());
    let boundary = several.header("content-type").strip_prefix("multipart/byteranges; boundary=").expect("one");
    let mut expected = Vec::new();
    for (from, to) in [(699_997, 700_000), (0, 2), (200_000, 600_001)] {
        expected.extend_from_slice(
            format!(
                "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {from}-{}/700000\r\n\r\n",
                to - 1
            )
            .as_bytes(),
        );
        expected.extend_from_slice(&data[from..to]);
    }
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert_eq!(several.body, expected);
}

pub(crate) async fn conditions(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(100_000, 12);
    let path = content(&put(&replica, &ana, "name=a.bin", data.clone()).await);
    let etag = get(&replica, Some(&ana), &path, &[]).await.header("etag").to_owned();
    let range = ("range", "bytes=10-19");
    for (headers, status) in [
        (vec![("if-none-match", etag.as_str())], 304),
        (vec![("if-none-match", etag.as_str()), range], 304),
        (vec![("if-none-match", "\"other\"")], 200),
        (vec![("if-match", etag.as_str()), range], 206),
        (vec![("if-match", "\"other\"")], 412),
        (vec![("if-range", etag.as_str()), range], 206),
        (vec![("if-range", "\"other\""), range], 200),
        (vec![("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT")], 412),
        (vec![("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")], 200),
    ] {
        let answer = get(&replica, Some(&ana), &path, &headers).await.expect(status);
        match status {
            200 => assert_eq!(answer.body, data, "{headers:?}"),
            206 => assert_eq!(answer.body, data[10..20], "{headers:?}"),
            304 => assert_eq!((answer.header("etag"), answer.body.len()), (etag.as_str(), 0), "{headers:?}"),
            _ => assert_eq!(answer.header("content-type"), "application/problem+json", "{headers:?}"),
        }
    }
}

pub(crate) async fn across_segments(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(900, 13);
    let path = create(&replica, &ana, 900, "").await;
    let mut file = String::new();
    for at in (0..900).step_by(100) {
        let answer =
            patch(&replica, &ana, &path, at, data[usize::try_from(at).expect("small")..][..100].to_vec()).await;
        file = answer.expect(204).header("content-location").to_owned();
    }
    assert_eq!(campus.blobs().await.len(), 9, "nothing is copied together");
    for (from, to) in [(0, 900), (99, 101), (100, 200), (250, 751), (899, 900)] {
        let range = format!("bytes={from}-{}", to - 1);
        let answer = get(&replica, Some(&ana), &format!("{file}/content"), &[("range", &range)]).await.expect(206);
        assert_eq!(answer.body, data[from..to], "{range}");
    }
    assert_eq!(get(&replica, Some(&ana), &format!("{file}/content"), &[]).await.expect(200).body, data);
}

pub(crate) async fn signed_addresses(campus: Campus) {
    let clock = Arc::new(ManualClock::at_micros(SystemClock.now().as_micros()));
    let replica = campus.replica_at("files-1", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let other = campus.replica_at("files-2", Arc::clone(&clock) as Arc<dyn Clock>).await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let file = put(&replica, &ana, "name=a.txt", "hola").await;
    let second = put(&replica, &ana, "name=b.txt", "otra").await;
    let path = format!("/api/v1/files/{}/url", file["id"].as_str().expect("an id"));
    call(&replica, Some(&eva), Method::POST, &path, &[], "").await.expect(404);
    call(&replica, None, Method::POST, &path, &[], "").await.expect(404);
    let signed = call(&replica, Some(&ana), Method::POST, &path, &[], "").await.expect(200).json();
    let url = signed["url"].as_str().expect("an address");
    assert_eq!(get(&other, None, url, &[]).await.expect(200).body, "hola", "any replica checks it alone");
    assert_eq!(get(&other, None, url, &[("range", "bytes=1-2")]).await.expect(206).body, "ol");
    assert_eq!(get(&other, Some(&eva), url, &[]).await.expect(200).body, "hola");
    let query = url.split_once('?').expect("a query").1;
    get(&other, None, &format!("{}?{query}", content(&second)), &[]).await.expect(401);
    get(&other, None, &format!("{}?signature=1.x", content(&file)), &[]).await.expect(401);
    get(&other, Some(&eva), &format!("{}?signature=1.x", content(&file)), &[]).await.expect(404);
    clock.advance(Duration::from_secs(601));
    get(&other, None, url, &[]).await.expect(401);
}

pub(crate) async fn what_could_run_is_not_shown(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    for (name, declared, shown, way) in [
        ("a.html", None, "text/html", "attachment"),
        ("a.svg", None, "image/svg+xml", "attachment"),
        ("a.png", None, "image/png", "inline"),
        ("a.png", Some("text/html"), "text/html", "attachment"),
        ("a.mp4", None, "video/mp4", "inline"),
        ("a.txt", None, "text/plain; charset=utf-8", "inline"),
        ("a", None, "application/octet-stream", "attachment"),
    ] {
        let headers: Vec<(&str, &str)> = declared.map(|kind| ("content-type", kind)).into_iter().collect();
        let answer =
            call(&replica, Some(&ana), Method::PUT, &format!("/api/v1/files?name={name}"), &headers, "x").await;
        let answer = get(&replica, Some(&ana), &content(&answer.expect(201).json()), &[]).await.expect(200);
        assert_eq!(answer.header("content-type"), shown, "{name}");
        assert!(answer.header("content-disposition").starts_with(way), "{name}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}
