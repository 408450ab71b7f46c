//! The second door: the IETF's draft, interop versions 6 and 8.

use http::Method;
use testkit::files::random_bytes;

use crate::support::*;

const UPLOADS: &str = "/api/v1/uploads";
const PARTIAL: (&str, &str) = ("content-type", "application/partial-upload");
const MORE: (&str, &str) = ("upload-complete", "?0");
const LAST: (&str, &str) = ("upload-complete", "?1");
const V6: (&str, &str) = ("upload-draft-interop-version", "6");
const V8: (&str, &str) = ("upload-draft-interop-version", "8");

pub(crate) async fn from_beginning_to_end(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(600_000, 70);
    for version in [V6, V8] {
        let headers = [
            version,
            MORE,
            ("upload-length", "600000"),
            ("content-disposition", "attachment; filename*=UTF-8''clase%20a%C3%B1o.mp4"),
            ("content-type", "video/mp4"),
        ];
        let begun = call(&replica, Some(&ana), Method::POST, UPLOADS, &headers, data[..100_000].to_vec()).await;
        let begun = begun.expect(201);
        assert_eq!(begun.header("upload-draft-interop-version"), version.1);
        assert_eq!((begun.header("upload-offset"), begun.header("upload-complete")), ("100000", "?0"));
        assert!(begun.header("upload-limit").starts_with("max-size="), "{:?}", begun.headers);
        assert_eq!(begun.header("tus-resumable"), "");
        let path = begun.header("location").to_owned();

        let ask = async || send(replica.address, request(Some(&ana), Method::HEAD, &path, &[version], empty())).await;
        let asked = ask().await.expect(204);
        assert_eq!((asked.header("upload-offset"), asked.header("upload-complete")), ("100000", "?0"));
        assert_eq!((asked.header("upload-length"), asked.header("cache-control")), ("600000", "no-store"));
        assert!(asked.header("upload-limit").contains("max-age="));

        let at = |offset, complete| [version, PARTIAL, complete, ("upload-offset", offset)];
        let wrong = call(&replica, Some(&ana), Method::PATCH, &path, &at("7", MORE), "x").await.expect(409);
        assert_eq!((wrong.header("upload-offset"), wrong.header("upload-complete")), ("100000", "?0"));
        let problem = wrong.json();
        assert_eq!(problem["type"], "https://iana.org/assignments/http-problem-types#mismatching-upload-offset");
        assert_eq!((&problem["expected-offset"], &problem["provided-offset"]), (&100_000.into(), &7.into()));

        let middle = data[100_000..400_000].to_vec();
        let more = call(&replica, Some(&ana), Method::PATCH, &path, &at("100000", MORE), middle).await.expect(204);
        assert_eq!((more.header("upload-offset"), more.header("upload-complete")), ("400000", "?0"));
        // All bytes, and still not the end: only the client knows that.
        let rest = data[400_000..].to_vec();
        let all = call(&replica, Some(&ana), Method::PATCH, &path, &at("400000", MORE), rest).await.expect(204);
        assert_eq!((all.header("upload-complete"), all.header("content-location")), ("?0", ""));
        let last = call(&replica, Some(&ana), Method::PATCH, &path, &at("600000", LAST), "").await.expect(204);
        assert_eq!((last.header("upload-offset"), last.header("upload-complete")), ("600000", "?1"));
        let file = last.header("content-location").to_owned();
        let found = get(&replica, Some(&ana), &file, &[]).await.expect(200).json();
        assert_eq!((&found["name"], &found["type"]), (&"clase año.mp4".into(), &"video/mp4".into()));
        assert_eq!(found["sha256"], sha256(&data));

        let done = ask().await.expect(204);
        assert_eq!((done.header("upload-complete"), done.header("content-location")), ("?1", file.as_str()));
        let again = call(&replica, Some(&ana), Method::PATCH, &path, &at("600000", LAST), "").await.expect(400);
        assert_eq!(again.json()["type"], "https://iana.org/assignments/http-problem-types#completed-upload");
        assert_eq!(again.header("upload-complete"), "?1");
        let beyond = call(&replica, Some(&ana), Method::PATCH, &path, &at("600000", LAST), "x").await.expect(400);
        assert_eq!(beyond.json()["type"], "https://iana.org/assignments/http-problem-types#inconsistent-upload-length");
    }
}

pub(crate) async fn in_one_request(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let headers = [V6, LAST, ("content-disposition", "inline; filename=\"a.txt\"")];
    let done = call(&replica, Some(&ana), Method::POST, UPLOADS, &headers, "hola").await.expect(201);
    assert_eq!((done.header("upload-offset"), done.header("upload-complete")), ("4", "?1"));
    let content = format!("{}/content", done.header("content-location"));
    let answer = get(&replica, Some(&ana), &content, &[]).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.body, "hola");
    // Without a length, as a stream has none; and an empty file.
    let chunked = request(Some(&ana), Method::POST, UPLOADS, &headers, bytes("stream"));
    let done = send(replica.address, chunked).await.expect(201);
    assert_eq!((done.header("upload-offset"), done.header("upload-complete")), ("6", "?1"));
    let done = call(&replica, Some(&ana), Method::POST, UPLOADS, &[V8, LAST], "").await.expect(201);
    assert_eq!(get(&replica, Some(&ana), done.header("content-location"), &[]).await.expect(200).json()["size"], 0);
    // Broken off, it goes on; the length is known from the first request.
    let data = random_bytes(2_000_000, 71);
    let (sender, body) = slowly();
    let begin = request(Some(&ana), Method::POST, UPLOADS, &[V6, LAST, ("content-length", "2000000")], body);
    let answer = AbortOnDrop(tokio::spawn(try_send(replica.address, begin)));
    sender.send(frame(data[..1_000_000].to_vec())).await.expect("sends");
    let known = async || get(&replica, Some(&ana), "/api/v1/transfers", &[]).await.expect(200).json();
    let find = |list: &serde_json::Value| {
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.into_iter().find(|item| item["size"] == 2_000_000)
    };
    until("it has begun", async || find(&known().await).is_some()).await;
    drop(answer);
    drop(sender);
    let path = find(&known().await).expect("an upload")["resume"]["url"].as_str().expect("a path").to_owned();
    let asked = send(replica.address, request(Some(&ana), Method::HEAD, &path, &[V6], empty())).await.expect(204);
    assert_eq!((asked.header("upload-complete"), asked.header("upload-length")), ("?0", "2000000"));
    let reached: usize = asked.header("upload-offset").parse().expect("a number");
    let headers = [V6, PARTIAL, LAST, ("upload-offset", asked.header("upload-offset"))];
    let done = call(&replica, Some(&ana), Method::PATCH, &path, &headers, data[reached..].to_vec()).await.expect(204);
    let content = format!("{}/content", done.header("content-location"));
    assert_eq!(get(&replica, Some(&ana), &content, &[]).await.expect(200).body, data);
}

pub(crate) async fn refusals_of_the_draft(mut campus: Campus) {
    campus.settings.max_size = 100;
    let replica = campus.replica("files-1").await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let unequal = "https://iana.org/assignments/http-problem-types#inconsistent-upload-length";
    for (headers, body, status) in [
        (vec![("upload-draft-interop-version", "5"), MORE], "x", 400),
        (vec![("upload-draft-interop-version", "six"), MORE], "x", 400),
        (vec![V6], "x", 400),
        (vec![V6, ("upload-complete", "true")], "x", 400),
        (vec![V6, LAST, ("content-disposition", "attachment; filename=\"")], "x", 400),
        (vec![V6, LAST, ("content-disposition", "attachment; filename=\"../x\"")], "x", 422),
        (vec![V6, LAST, ("content-type", "nonsense")], "x", 422),
        (vec![V6, LAST, ("upload-length", "7")], "x", 400),
        (vec![V6, MORE, ("upload-length", "1")], "xy", 400),
        (vec![V6, MORE, ("upload-length", "101")], "", 413),
    ] {
        let answer = call(&replica, Some(&ana), Method::POST, UPLOADS, &headers, body).await.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        if status == 413 {
            assert_eq!(answer.header("upload-limit"), "max-size=100");
        }
    }
    assert!(campus.blobs().await.is_empty(), "nothing half-kept");
    let begun = call(&replica, Some(&ana), Method::POST, UPLOADS, &[V6, MORE, ("upload-length", "10")], "").await;
    let path = begun.expect(201).header("location").to_owned();
    for (headers, body, status) in [
        (vec![V6, MORE, ("upload-offset", "0"), ("content-type", "text/plain")], "x", 415),
        (vec![V6, PARTIAL, MORE], "x", 400),
        (vec![V6, PARTIAL, MORE, ("upload-offset", "-1")], "x", 400),
        (vec![V6, PARTIAL, ("upload-offset", "0")], "x", 400),
        (vec![V6, PARTIAL, MORE, ("upload-offset", "0"), ("upload-length", "11")], "x", 400),
        (vec![V6, PARTIAL, LAST, ("upload-offset", "0")], "x", 400),
        (vec![V6, PARTIAL, MORE, ("upload-offset", "0")], "0123456789x", 400),
    ] {
        call(&replica, Some(&ana), Method::PATCH, &path, &headers, body).await.expect(status);
    }
    let chunked = [V6, PARTIAL, MORE, ("upload-offset", "0")];
    let long = request(Some(&ana), Method::PATCH, &path, &chunked, bytes("0123456789x"));
    assert_eq!(send(replica.address, long).await.expect(400).json()["type"], unequal);
    // A stream that says it was the last and is too short leaves what it brought.
    let chunked = [V6, PARTIAL, LAST, ("upload-offset", "0")];
    let short = request(Some(&ana), Method::PATCH, &path, &chunked, bytes("01234"));
    assert_eq!(send(replica.address, short).await.expect(400).json()["type"], unequal);
    let ask = async |user: &User| send(replica.address, request(Some(user), Method::HEAD, &path, &[V6], empty())).await;
    let asked = ask(&ana).await.expect(204);
    assert_eq!((asked.header("upload-offset"), asked.header("upload-complete")), ("5", "?0"));
    ask(&eva).await.expect(404);
    let ended = call(&replica, Some(&ana), Method::DELETE, &path, &[V6], "").await.expect(204);
    assert_eq!(ended.header("upload-draft-interop-version"), "6");
    ask(&ana).await.expect(410);
    let list = get(&replica, Some(&ana), "/api/v1/files", &[]).await.expect(200).json();
    assert_eq!(list["items"], serde_json::json!([]));
}

pub(crate) async fn both_doors_lead_to_one_store(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let path = create(&replica, &ana, 10, "").await;
    patch(&replica, &ana, &path, 0, "01234").await.expect(204);
    let headers = [V8, PARTIAL, MORE, ("upload-offset", "5")];
    call(&replica, Some(&ana), Method::PATCH, &path, &headers, "567").await.expect(204);
    let done = patch(&replica, &ana, &path, 8, "89").await.expect(204);
    let content = format!("{}/content", done.header("content-location"));
    assert_eq!(get(&replica, Some(&ana), &content, &[]).await.expect(200).body, "0123456789");
    // Whoever names both speaks tus.
    let both = send(replica.address, request(Some(&ana), Method::HEAD, &path, &[TUS, V6], empty())).await.expect(200);
    assert_eq!((both.header("tus-resumable"), both.header("upload-complete")), ("1.0.0", ""));
}
