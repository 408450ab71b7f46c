//! Bodies that are verified before any of them counts (tus checksum and checksum-trailer).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method};
use hyper::body::Frame;
use sha1::Digest as _;
use testkit::files::random_bytes;

use crate::support::*;

const ANNOUNCED: (&str, &str) = ("trailer", "Upload-Checksum");

/// The checksums of some bytes, by each algorithm.
fn checksums(data: &[u8]) -> [String; 3] {
    [
        format!("sha1 {}", STANDARD.encode(sha1::Sha1::digest(data))),
        format!("sha256 {}", STANDARD.encode(sha2::Sha256::digest(data))),
        format!("blake3 {}", STANDARD.encode(blake3::hash(data).as_bytes())),
    ]
}

/// A chunked body with a trailer behind it, if there is one.
fn with_trailer(data: &[u8], value: Option<&str>) -> Body {
    let mut frames: Vec<Result<Frame<bytes::Bytes>, std::io::Error>> = vec![frame(data.to_vec())];
    if let Some(value) = value {
        let value = HeaderValue::from_str(value).expect("a value");
        let trailers: HeaderMap = [(http::HeaderName::from_static("upload-checksum"), value)].into_iter().collect();
        frames.push(Ok(Frame::trailers(trailers)));
    }
    Body::new(Box::pin(futures::stream::iter(frames)))
}

pub(crate) async fn in_the_header(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(1_500_000, 40);
    let path = create(&replica, &ana, 4_500_000, "").await;
    let mut at = 0;
    for checksum in checksums(&data) {
        let offset_header = at.to_string();
        let headers = |value: &str| {
            let pairs = [TUS, OFFSET_STREAM, ("upload-offset", offset_header.as_str()), ("upload-checksum", value)];
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let send = async |value: &str, body: Vec<u8>| {
            let headers = headers(value);
            let headers = headers.each_ref().map(|(name, value)| (name.as_str(), value.as_str()));
            call(&replica, Some(&ana), Method::PATCH, &path, &headers, body).await
        };
        let mut other = data.to_vec();
        other[7] ^= 1;
        let refused = send(&checksum, other).await.expect(460);
        assert_eq!(refused.json()["type"], "/problems/checksum-mismatch");
        for bad in ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1 %%%", "sha1", "sha1 YQ==", "SHA1 YQ=="] {
            send(bad, data.to_vec()).await.expect(400);
        }
        assert_eq!(offset(&replica, &ana, &path).await, at, "nothing of what was refused is kept");
        let taken = send(&checksum, data.to_vec()).await.expect(204);
        at += 1_500_000;
        assert_eq!(taken.header("upload-offset"), at.to_string());
    }
    let content = format!("{}/content", path.replace("uploads", "files"));
    let whole = [data.to_vec(), data.to_vec(), data.to_vec()].concat();
    let answer = get(&replica, Some(&ana), &content, &[]).await.expect(200);
    assert_eq!(answer.body, whole);
    let digest = STANDARD.encode(sha2::Sha256::digest(&whole));
    assert_eq!(answer.header("repr-digest"), format!("sha-256=:{digest}:"), "thrown away bytes are in no hash");
    assert_eq!(campus.blobs().await.len(), 3, "and on no disk");
}

pub(crate) async fn in_the_trailer(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(100_000, 41);
    for checksum in checksums(&data) {
        let path = create(&replica, &ana, 100_000, "").await;
        let headers = [TUS, OFFSET_STREAM, ("upload-offset", "0"), ANNOUNCED];
        let send_with = async |trailer: Option<&str>| {
            let body = with_trailer(&data, trailer);
            send(replica.address, request(Some(&ana), Method::PATCH, &path, &headers, body)).await
        };
        send_with(None).await.expect(400);
        send_with(Some("sha1 nonsense")).await.expect(400);
        send_with(Some("crc32 AAAAAA==")).await.expect(400);
        send_with(Some(&checksums(b"another")[0])).await.expect(460);
        assert_eq!(offset(&replica, &ana, &path).await, 0);
        let done = send_with(Some(&checksum)).await.expect(204);
        let content = format!("{}/content", done.header("content-location"));
        assert_eq!(get(&replica, Some(&ana), &content, &[]).await.expect(200).body, data);
    }
    // Once is enough.
    let path = create(&replica, &ana, 100_000, "").await;
    let value = checksums(&data)[0].clone();
    let both = [TUS, OFFSET_STREAM, ("upload-offset", "0"), ANNOUNCED, ("upload-checksum", value.as_str())];
    let body = with_trailer(&data, Some(&value));
    send(replica.address, request(Some(&ana), Method::PATCH, &path, &both, body)).await.expect(400);
}

pub(crate) async fn with_the_creation(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let good = checksums(b"hola")[2].clone();
    let with = |value| [TUS, OFFSET_STREAM, ("upload-length", "4"), ("upload-checksum", value)];
    let path = "/api/v1/uploads";
    call(&replica, Some(&ana), Method::POST, path, &with("md5 AAAA"), "hola").await.expect(400);
    let begun = call(&replica, Some(&ana), Method::POST, path, &with(&good), "hole").await.expect(460);
    assert_eq!(offset(&replica, &ana, begun.header("location")).await, 0, "there is an upload, and nothing in it");
    let done = call(&replica, Some(&ana), Method::POST, path, &with(&good), "hola").await.expect(201);
    assert!(!done.header("content-location").is_empty());
    let headers = [TUS, OFFSET_STREAM, ("upload-length", "4"), ANNOUNCED];
    for (trailer, status) in [(None, 400), (Some(good.as_str()), 201)] {
        let body = with_trailer(b"hola", trailer);
        send(replica.address, request(Some(&ana), Method::POST, path, &headers, body)).await.expect(status);
    }
    let list = get(&replica, Some(&ana), "/api/v1/files", &[]).await.expect(200).json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
}

pub(crate) async fn nothing_counts_before_the_end(mut campus: Campus) {
    // Any other body would be committed with each byte.
    campus.settings.checkpoint = 1;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(3_000_000, 42);
    let value = checksums(&data)[0].clone();
    let path = create(&replica, &ana, 3_000_000, "").await;
    let headers = [TUS, OFFSET_STREAM, ("upload-offset", "0"), ("upload-checksum", value.as_str())];
    let (sender, body) = slowly();
    let request = request(Some(&ana), Method::PATCH, &path, &headers, body);
    let answer = AbortOnDrop(tokio::spawn(try_send(replica.address, request)));
    for at in [0, 1_000_000] {
        sender.send(frame(data[at..at + 1_000_000].to_vec())).await.expect("sends");
    }
    until("bytes are on disk", async || !campus.blobs().await.is_empty()).await;
    drop(answer);
    drop(sender);
    assert_eq!(offset(&replica, &ana, &path).await, 0);
    until("they are gone", async || campus.blobs().await.is_empty()).await;
    // The same from another replica that takes over.
    let (sender, body) = slowly();
    let request = crate::support::request(Some(&ana), Method::PATCH, &path, &headers, body);
    let answer = AbortOnDrop(tokio::spawn(try_send(replica.address, request)));
    sender.send(frame(data[..1_000_000].to_vec())).await.expect("sends");
    until("bytes are on disk", async || !campus.blobs().await.is_empty()).await;
    let other = campus.replica("files-2").await;
    assert_eq!(offset(&other, &ana, &path).await, 0);
    drop(answer);
    let headers = headers.to_vec();
    let done = call(&other, Some(&ana), Method::PATCH, &path, &headers, data.to_vec()).await.expect(204);
    let content = format!("{}/content", done.header("content-location"));
    assert_eq!(get(&other, Some(&ana), &content, &[]).await.expect(200).body, data);
}
