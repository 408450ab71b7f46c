//! A selection of files as one archive.

use std::process::Command;

use http::Method;
use serde_json::Value;
use testkit::files::random_bytes;
use tokio_util::sync::CancellationToken;

use crate::audit::entries;
use crate::support::*;

fn id(file: &Value) -> &str {
    file["id"].as_str().expect("an id")
}

fn address(files: &[&Value]) -> String {
    format!("/api/v1/files/archive.zip?ids={}", files.iter().map(|file| id(file)).collect::<Vec<_>>().join(","))
}

/// What other people's programs find in an archive: names and SHA-256 of the contents.
fn unpack(archive: &[u8]) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.zip");
    std::fs::write(&path, archive).expect("writes");
    let tested = Command::new("unzip").arg("-tqq").arg(&path).output().expect("unzip runs");
    assert!(tested.status.success(), "{tested:?}");
    let script = "import hashlib, sys, zipfile\n\
                  z = zipfile.ZipFile(sys.argv[1])\n\
                  assert z.testzip() is None\n\
                  for i in z.infolist():\n\
                  \x20   assert i.compress_type == 0 and not i.flag_bits & 8 and i.external_attr >> 16 == 0o100644\n\
                  \x20   print(hashlib.sha256(z.read(i)).hexdigest(), i.filename)\n";
    let read = Command::new("python3").args(["-X", "utf8", "-c", script]).arg(&path).output().expect("python runs");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let text = String::from_utf8(read.stdout).expect("text");
    let pair = |line: &str| line.split_once(' ').map(|(digest, name)| (name.to_owned(), digest.to_owned()));
    text.lines().map(|line| pair(line).expect("a pair")).collect()
}

pub(crate) async fn a_selection_in_one_archive(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let contents = [random_bytes(700_000, 70), random_bytes(300, 71), Vec::new(), random_bytes(90_000, 72)];
    let first = put(&one, &ana, "name=a%C3%B1o.txt&visibility=campus", contents[0].clone()).await;
    let second = put(&one, &ana, "name=a%C3%B1o.txt", contents[1].clone()).await;
    let third = put(&one, &ana, "name=vac%C3%ADo", contents[2].clone()).await;
    // Of several segments, so that the checksum went on from one request to the next.
    let path = create(&one, &ana, 90_000, &meta(&[("filename", "AÑO.TXT")])).await;
    patch(&one, &ana, &path, 0, contents[3][..50_000].to_vec()).await.expect(204);
    let last = patch(&two, &ana, &path, 50_000, contents[3][50_000..].to_vec()).await.expect(204);
    let fourth = get(&one, Some(&ana), last.header("content-location"), &[]).await.expect(200).json();
    let files = [&first, &second, &third, &fourth];
    let path = address(&files);

    let whole = get(&one, Some(&ana), &path, &[]).await.expect(200);
    assert_eq!(whole.header("content-type"), "application/zip");
    assert_eq!(whole.header("content-disposition"), "attachment; filename=\"files.zip\"");
    assert_eq!(whole.header("content-length"), whole.body.len().to_string());
    assert_eq!((whole.header("accept-ranges"), whole.header("last-modified")), ("bytes", ""));
    assert!(whole.header("etag").starts_with("\"zip-"), "{:?}", whole.headers);
    let names = ["año.txt", "año (2).txt", "vacío", "AÑO (3).TXT"];
    let expected: Vec<_> =
        names.iter().zip(&contents).map(|(name, bytes)| ((*name).to_owned(), sha256(bytes))).collect();
    assert_eq!(unpack(&whole.body), expected);

    let head = send(two.address, request(Some(&ana), Method::HEAD, &path, &[], empty())).await.expect(200);
    for header in ["content-length", "etag", "content-type", "accept-ranges"] {
        assert_eq!(head.header(header), whole.header(header));
    }
    let same = get(&two, Some(&ana), &path, &[]).await.expect(200);
    assert_eq!((same.body, same.headers["etag"].clone()), (whole.body.clone(), whole.headers["etag"].clone()));
    let twice = get(&one, Some(&ana), &format!("{path},{},", id(&first)), &[]).await.expect(200);
    assert_eq!(twice.body, whole.body, "what is named twice counts once");

    // Any range is the same slice, from any replica.
    let dice = random_bytes(64, 73);
    for pair in dice.chunks(4) {
        let point = |low: u8, high: u8| usize::from(u16::from_be_bytes([high, low])) * whole.body.len() / 65_536;
        let (a, b) = (point(pair[0], pair[1]), point(pair[2], pair[3]));
        let (from, to) = (a.min(b), a.max(b));
        let range = format!("bytes={from}-{to}");
        let answer = get(&two, Some(&ana), &path, &[("range", &range)]).await.expect(206);
        assert_eq!(answer.body, whole.body[from..=to], "{range}");
        assert_eq!(answer.header("content-range"), format!("bytes {from}-{to}/{}", whole.body.len()));
    }
    let tail = get(&one, Some(&ana), &path, &[("range", "bytes=-22")]).await.expect(206);
    assert_eq!(tail.body[..4], *b"PK\x05\x06");
    let several = get(&one, Some(&ana), &path, &[("range", "bytes=0-3,-22")]).await.expect(206);
    assert!(several.header("content-type").starts_with("multipart/byteranges; boundary="));
    assert_eq!(several.header("content-length"), several.body.len().to_string());
    assert!(several.body.windows(8).any(|window| window == b"\r\n\r\nPK\x03\x04"));

    let etag = whole.header("etag");
    get(&one, Some(&ana), &path, &[("if-none-match", etag)]).await.expect(304);
    get(&one, Some(&ana), &path, &[("if-match", "\"other\"")]).await.expect(412);
    get(&one, Some(&ana), &path, &[("range", "bytes=99999999-")]).await.expect(416);
    let range = ("range", "bytes=5-9");
    assert_eq!(get(&one, Some(&ana), &path, &[range, ("if-range", etag)]).await.expect(206).body, whole.body[5..10]);

    // A name that was corrected is another archive: what was begun is not gone on with.
    let name = serde_json::json!({"name": "otro.txt"});
    json(&one, Some(&ana), Method::PATCH, &format!("/api/v1/files/{}", id(&second)), &name).await.expect(200);
    let renamed = get(&one, Some(&ana), &path, &[range, ("if-range", etag)]).await.expect(200);
    assert_ne!(renamed.headers["etag"], whole.headers["etag"]);
    assert_eq!(unpack(&renamed.body)[1], ("otro.txt".to_owned(), sha256(&contents[1])));
    get(&one, Some(&eva), &path, &[]).await.expect(404);
    get(&one, Some(&eva), &address(&[&first]), &[]).await.expect(200);

    // A browser's download has an address instead of a token.
    let sign = "/api/v1/files/archive";
    let all = serde_json::json!({"ids": files.map(id)});
    let signed = json(&one, Some(&ana), Method::POST, sign, &all).await.expect(200).json();
    let url = signed["url"].as_str().expect("an address");
    let opened = get(&two, None, url, &[]).await.expect(200);
    assert_eq!(opened.body, renamed.body);
    assert_eq!(get(&two, None, url, &[("range", "bytes=5-9")]).await.expect(206).body, renamed.body[5..10]);
    get(&two, None, &url.replacen(id(&second), id(&third), 1), &[]).await.expect(401);
    json(&one, Some(&eva), Method::POST, sign, &all).await.expect(404);
    let nothing = json(&one, Some(&ana), Method::POST, sign, &serde_json::json!({"ids": []})).await.expect(422);
    assert_eq!(nothing.json()["errors"][0]["field"], "/ids");
    send(one.address, request(Some(&ana), Method::DELETE, &format!("/api/v1/files/{}", id(&first)), &[], empty()))
        .await
        .expect(204);
    get(&two, None, url, &[]).await.expect(404);
}

pub(crate) async fn a_broken_archive_goes_on(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let ana = campus.student("ana");
    let admin = campus.user("admin", api::auth::UserRole::Admin);
    let mut files = Vec::new();
    // More than the sockets hold, so that the end of the first answer is in the second file.
    for (number, size) in [(0, 2_000_000), (1, 24 << 20), (2, 1_000)] {
        files.push(put(&one, &ana, &format!("name={number}.bin"), random_bytes(size, 80 + number)).await);
    }
    let path = address(&files.iter().collect::<Vec<_>>());
    let (status, mut body, connection) = begin_to_read(&one, Some(&ana), &path, &[]).await;
    assert_eq!(status, 200);
    let mut got = Vec::new();
    while got.len() < 2_500_000 {
        use http_body_util::BodyExt as _;
        let frame = body.frame().await.expect("a frame").expect("no error");
        got.extend_from_slice(&frame.into_data().expect("data"));
    }
    until("an archive is a transfer", async || {
        let all = get(&two, Some(&admin), "/api/v1/transfers", &[]).await.expect(200).json();
        let shown = all["items"].as_array().expect("items").iter().find(|one| one["name"] == "files.zip").cloned();
        shown.is_some_and(|one| one["file_id"].is_null() && one["resume"]["url"] == path.as_str())
    })
    .await;
    drop((body, connection));
    until("the break is written down", async || {
        let seen = entries(&two, &ana, "direction=download").await;
        seen.len() == 2 && seen.iter().any(|entry| entry["interruptions"] == 1)
    })
    .await;
    let range = format!("bytes={}-", got.len());
    let rest = get(&two, Some(&ana), &path, &[("range", &range)]).await.expect(206);
    got.extend_from_slice(&rest.body);
    let unpacked = unpack(&got);
    for (number, file) in files.iter().enumerate() {
        assert_eq!(unpacked[number], (format!("{number}.bin"), file["sha256"].as_str().expect("one").to_owned()));
    }
    until("each file was downloaded once", async || {
        entries(&two, &ana, "direction=download&outcome=done").await.len() == 3
    })
    .await;
    let all = entries(&two, &ana, "direction=download").await;
    let of = |file: &Value| all.iter().find(|entry| entry["file"] == file["id"]).expect("an entry").clone();
    assert_eq!((&of(&files[0])["bytes"], &of(&files[0])["interruptions"]), (&2_000_000.into(), &0.into()));
    assert_eq!((&of(&files[1])["interruptions"], &of(&files[1])["resumes"]), (&1.into(), &1.into()));
    assert_eq!((&of(&files[2])["bytes"], &of(&files[2])["interruptions"]), (&1_000.into(), &0.into()));
}

pub(crate) async fn archives_that_are_refused(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let seen = put(&replica, &ana, "name=a&visibility=public", "hola").await;
    let hidden = put(&replica, &ana, "name=b", "otra").await;
    let flood: Vec<String> = (0..501).map(|_| campus.ids.next().to_string()).collect();
    for (query, code) in [
        (String::new(), "missing"),
        ("?ids=".to_owned(), "missing"),
        ("?ids=,,".to_owned(), "missing"),
        (format!("?ids={},../x", id(&seen)), "format"),
        (format!("?ids={}%00", id(&seen)), "format"),
        (format!("?ids={}", flood.join(",")), "too_many"),
    ] {
        let answer = get(&replica, Some(&ana), &format!("/api/v1/files/archive.zip{query}"), &[]).await.expect(422);
        let error = &answer.json()["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&"/ids".into(), &code.into()), "{query}");
    }
    get(&replica, Some(&ana), "/api/v1/files/archive.zip?id=x", &[]).await.expect(422);
    let both = address(&[&seen, &hidden]);
    get(&replica, Some(&eva), &both, &[]).await.expect(404);
    get(&replica, None, &both, &[]).await.expect(404);
    let alone = get(&replica, None, &address(&[&seen]), &[]).await.expect(200);
    assert_eq!(alone.header("cache-control"), "public, no-cache");
    let path = format!("/api/v1/files/{}", id(&hidden));
    get(&replica, Some(&ana), &both, &[]).await.expect(200);
    call(&replica, Some(&ana), Method::DELETE, &path, &[], "").await.expect(204);
    let gone = get(&replica, Some(&ana), &both, &[("range", "bytes=4-")]).await.expect(404);
    assert!(gone.json()["detail"].as_str().is_some_and(|detail| detail.contains(id(&hidden))), "it says which");
}

pub(crate) async fn checksums_that_are_not_known_yet(mut campus: Campus) {
    campus.settings.scrub_bytes_per_second = 0;
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(40_000, 90);
    let old = put(&replica, &ana, "name=old.bin", data.clone()).await;
    let lost = put(&replica, &ana, "name=lost.bin", "hola").await;
    // As an older release has left them.
    execute(&replica, "UPDATE files_file SET crc32 = NULL").await;
    let waits = get(&replica, Some(&ana), &address(&[&old]), &[]).await.expect(503);
    assert_eq!((problem(&waits).as_str(), waits.header("retry-after")), ("archive-not-ready", "5"));
    until("somebody has read it", async || {
        replica.jobs.hash_joined(&CancellationToken::new()).await;
        get(&replica, Some(&ana), &address(&[&old]), &[]).await.status == 200
    })
    .await;
    let answer = get(&replica, Some(&ana), &address(&[&old]), &[]).await.expect(200);
    assert_eq!(unpack(&answer.body), [("old.bin".to_owned(), sha256(&data))]);

    std::fs::remove_file(campus.data.blobs().join(format!("uploads/{}/1.part", id(&lost)))).expect("removes");
    until("its loss is known", async || {
        replica.jobs.hash_joined(&CancellationToken::new()).await;
        let answer = get(&replica, Some(&ana), &address(&[&old, &lost]), &[]).await;
        answer.status == 409 && problem(&answer) == "damaged"
    })
    .await;
}
