//! Uploads of which nobody knows the length yet (tus creation-defer-length).

use http::Method;

use crate::support::*;

const DEFER: (&str, &str) = ("upload-defer-length", "1");

async fn begin(replica: &Replica, user: &User) -> String {
    let answer = call(replica, Some(user), Method::POST, "/api/v1/uploads", &[TUS, DEFER], "").await.expect(201);
    answer.header("location").to_owned()
}

async fn patch_with_length(replica: &Replica, user: &User, path: &str, at: &str, length: &str, body: &str) -> Answer {
    let headers = [TUS, OFFSET_STREAM, ("upload-offset", at), ("upload-length", length)];
    call(replica, Some(user), Method::PATCH, path, &headers, body.to_owned()).await
}

pub(crate) async fn a_length_comes_later(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let path = begin(&replica, &ana).await;
    let first = head(&replica, &ana, &path).await.expect(200);
    assert_eq!((first.header("upload-defer-length"), first.header("upload-length")), ("1", ""));
    patch(&replica, &ana, &path, 0, "hola ").await.expect(204);
    assert_eq!(head(&replica, &ana, &path).await.expect(200).header("upload-defer-length"), "1");
    let middle = patch_with_length(&replica, &ana, &path, "5", "11", "mun").await.expect(204);
    assert_eq!((middle.header("upload-offset"), middle.header("content-location")), ("8", ""));
    let known = head(&replica, &ana, &path).await.expect(200);
    assert_eq!((known.header("upload-defer-length"), known.header("upload-length")), ("", "11"));
    patch_with_length(&replica, &ana, &path, "8", "12", "do").await.expect(400);
    assert_eq!(offset(&replica, &ana, &path).await, 8, "another length, and nothing of its bytes");
    let done = patch_with_length(&replica, &ana, &path, "8", "11", "do!").await.expect(204);
    let content = format!("{}/content", done.header("content-location"));
    assert_eq!(get(&replica, Some(&ana), &content, &[]).await.expect(200).body, "hola mundo!");
    patch_with_length(&replica, &ana, &path, "11", "12", "").await.expect(400);
    patch_with_length(&replica, &ana, &path, "11", "11", "").await.expect(204);

    // The length may come when every byte is there already, and with the first bytes of the creation.
    let headers = [TUS, DEFER, OFFSET_STREAM];
    let begun = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "abc").await.expect(201);
    assert_eq!(begun.header("upload-offset"), "3");
    let path = begun.header("location").to_owned();
    let done = patch_with_length(&replica, &ana, &path, "3", "3", "").await.expect(204);
    let content = format!("{}/content", done.header("content-location"));
    assert_eq!(get(&replica, Some(&ana), &content, &[]).await.expect(200).body, "abc");
}

pub(crate) async fn lengths_that_are_refused(mut campus: Campus) {
    campus.settings.max_size = 100;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    for headers in [
        vec![TUS],
        vec![TUS, ("upload-defer-length", "0")],
        vec![TUS, ("upload-defer-length", "yes")],
        vec![TUS, DEFER, ("upload-length", "7")],
    ] {
        call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(400);
    }
    let path = begin(&replica, &ana).await;
    patch(&replica, &ana, &path, 0, "0123456789").await.expect(204);
    patch_with_length(&replica, &ana, &path, "10", "9", "").await.expect(400);
    patch_with_length(&replica, &ana, &path, "10", "-1", "").await.expect(400);
    patch_with_length(&replica, &ana, &path, "10", "x", "").await.expect(400);
    patch_with_length(&replica, &ana, &path, "10", "101", "").await.expect(413);
    patch_with_length(&replica, &ana, &path, "10", "12", "abc").await.expect(413);
    patch_with_length(&replica, &ana, &path, "9", "20", "abc").await.expect(409);
    let still = head(&replica, &ana, &path).await.expect(200);
    assert_eq!((still.header("upload-offset"), still.header("upload-defer-length")), ("10", "1"));
    // Without a length the largest file is the limit.
    patch(&replica, &ana, &path, 10, vec![1_u8; 91]).await.expect(413);
    patch(&replica, &ana, &path, 10, vec![1_u8; 90]).await.expect(204);
}
