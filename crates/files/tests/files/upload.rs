//! Bytes in, when all goes well.

use http::Method;
use testkit::files::random_bytes;

use crate::support::*;

pub(crate) async fn tus_from_beginning_to_end(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(3_000_000, 1);
    let metadata = meta(&[("filename", "clase 1.mp4"), ("title", "Clase"), ("tags", "so1,redes")]);
    let path = create(&replica, &ana, 3_000_000, &metadata).await;

    let first = head(&replica, &ana, &path).await.expect(200);
    assert_eq!(first.header("upload-offset"), "0");
    assert_eq!(first.header("upload-length"), "3000000");
    assert_eq!(first.header("upload-metadata"), metadata);
    assert_eq!(first.header("cache-control"), "no-store");
    assert!(!first.header("upload-expires").is_empty());

    let half = patch(&replica, &ana, &path, 0, data[..1_700_000].to_vec()).await.expect(204);
    assert_eq!(half.header("upload-offset"), "1700000");
    assert_eq!(half.header("content-location"), "");
    assert_eq!(offset(&replica, &ana, &path).await, 1_700_000);
    let rest = patch(&replica, &ana, &path, 1_700_000, data[1_700_000..].to_vec()).await.expect(204);
    assert_eq!(rest.header("upload-offset"), "3000000");
    let file_path = rest.header("content-location").to_owned();
    assert_eq!(file_path, path.replace("uploads", "files"));

    let file = get(&replica, Some(&ana), &file_path, &[]).await.expect(200).json();
    assert_eq!(file["name"], "clase 1.mp4");
    assert_eq!(file["title"], "Clase");
    assert_eq!(file["tags"], serde_json::json!(["so1", "redes"]));
    assert_eq!(file["type"], "video/mp4");
    assert_eq!(file["size"], 3_000_000);
    assert_eq!(file["sha256"], sha256(&data));
    assert_eq!(file["owner"], ana.id.to_string());
    assert_eq!(file["visibility"], "private");
    assert_eq!(file["state"], "ready");
    let content = get(&replica, Some(&ana), &format!("{file_path}/content"), &[]).await.expect(200);
    assert_eq!(content.body, data);

    // Complete: HEAD says so, an empty PATCH may ask again, bytes are too many.
    let done = head(&replica, &ana, &path).await.expect(200);
    assert_eq!((done.header("upload-offset"), done.header("content-location")), ("3000000", file_path.as_str()));
    assert_eq!(done.header("upload-length"), "3000000");
    patch(&replica, &ana, &path, 3_000_000, "").await.expect(204);
    patch(&replica, &ana, &path, 3_000_000, "x").await.expect(413);
    patch(&replica, &ana, &path, 0, "x").await.expect(409);
}

pub(crate) async fn first_bytes_with_the_creation(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let headers = [TUS, OFFSET_STREAM, ("upload-length", "10")];
    let answer = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "hola ").await.expect(201);
    assert_eq!(answer.header("upload-offset"), "5");
    let path = answer.header("location").to_owned();
    patch(&replica, &ana, &path, 5, "mundo").await.expect(204);
    let whole = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "0123456789").await.expect(201);
    assert_eq!(whole.header("upload-offset"), "10");
    let content = get(&replica, Some(&ana), &format!("{}/content", whole.header("content-location")), &[]).await;
    assert_eq!(content.expect(200).body, "0123456789");
    call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "0123456789x").await.expect(413);
    let wrong = [TUS, ("upload-length", "10"), ("content-type", "text/plain")];
    call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &wrong, "x").await.expect(415);
}

pub(crate) async fn an_empty_file_is_complete_at_once(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let answer = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &[TUS, ("upload-length", "0")], "").await;
    let answer = answer.expect(201);
    let file = answer.header("content-location").to_owned();
    let content = get(&replica, Some(&ana), &format!("{file}/content"), &[]).await.expect(200);
    assert_eq!((content.body.len(), content.header("content-length")), (0, "0"));
    get(&replica, Some(&ana), &format!("{file}/content"), &[("range", "bytes=0-")]).await.expect(416);
    assert_eq!(get(&replica, Some(&ana), &file, &[]).await.expect(200).json()["sha256"], sha256(b""));
    assert_eq!(put(&replica, &ana, "name=empty", "").await["size"], 0);
    assert!(campus.blobs().await.is_empty(), "no bytes, no segments");
}

pub(crate) async fn codes_of_the_protocol(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let options = send(replica.address, request(None, Method::OPTIONS, "/api/v1/uploads", &[], empty())).await;
    let options = options.expect(204);
    assert_eq!(options.header("tus-version"), "1.0.0");
    let extensions: Vec<&str> = options.header("tus-extension").split(',').collect();
    assert_eq!(
        extensions,
        [
            "creation",
            "creation-defer-length",
            "creation-with-upload",
            "expiration",
            "checksum",
            "checksum-trailer",
            "termination",
            "concatenation",
            "concatenation-unfinished",
        ]
    );
    assert_eq!(options.header("tus-checksum-algorithm"), "sha1,sha256,blake3");
    assert!(options.header("accept-patch").contains("application/partial-upload"));
    assert_eq!(options.header("upload-limit"), format!("max-size={}", campus.settings.max_size));
    assert_eq!(options.header("tus-max-size"), campus.settings.max_size.to_string());

    let path = create(&replica, &ana, 10, "").await;
    for headers in [vec![("upload-length", "10")], vec![("tus-resumable", "0.2.2"), ("upload-length", "10")]] {
        let answer = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &headers, "").await.expect(412);
        assert_eq!((answer.header("tus-version"), answer.header("tus-resumable")), ("1.0.0", "1.0.0"));
    }
    send(replica.address, request(Some(&ana), Method::HEAD, &path, &[], empty())).await.expect(412);

    let conflict = patch(&replica, &ana, &path, 3, "x").await.expect(409);
    assert_eq!(conflict.header("upload-offset"), "0");
    let no_type = [TUS, ("upload-offset", "0"), ("content-type", "application/json")];
    call(&replica, Some(&ana), Method::PATCH, &path, &no_type, "x").await.expect(415);
    call(&replica, Some(&ana), Method::PATCH, &path, &[TUS, OFFSET_STREAM], "x").await.expect(400);
    assert_eq!(offset(&replica, &ana, &path).await, 0, "nothing of what was refused is kept");

    // Other people's uploads do not exist.
    head(&replica, &eva, &path).await.expect(404);
    patch(&replica, &eva, &path, 0, "x").await.expect(404);
    call(&replica, Some(&eva), Method::DELETE, &path, &[TUS], "").await.expect(404);
    let unknown = head(&replica, &ana, "/api/v1/uploads/01arz3ndektsv4rrffq69g5fav").await.expect(404);
    assert_eq!(unknown.header("upload-offset"), "");
    head(&replica, &ana, "/api/v1/uploads/..%2f..%2fetc").await.expect(404);

    call(&replica, Some(&ana), Method::DELETE, &path, &[TUS], "").await.expect(204);
    head(&replica, &ana, &path).await.expect(410);
    patch(&replica, &ana, &path, 0, "x").await.expect(410);
    call(&replica, Some(&ana), Method::DELETE, &path, &[TUS], "").await.expect(410);
}

pub(crate) async fn methods_in_disguise(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let path = create(&replica, &ana, 6, "").await;
    let patch = [TUS, OFFSET_STREAM, ("upload-offset", "0"), ("x-http-method-override", "PATCH")];
    let answer = call(&replica, Some(&ana), Method::POST, &path, &patch, "abc").await.expect(204);
    assert_eq!(answer.header("upload-offset"), "3");
    let head = [TUS, ("x-http-method-override", "HEAD")];
    assert_eq!(
        call(&replica, Some(&ana), Method::POST, &path, &head, "").await.expect(200).header("upload-offset"),
        "3"
    );
    call(&replica, Some(&ana), Method::POST, &path, &[TUS], "").await.expect(405);
    let delete = [TUS, ("x-http-method-override", "DELETE")];
    call(&replica, Some(&ana), Method::POST, &path, &delete, "").await.expect(204);
}

pub(crate) async fn one_shot(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let data = random_bytes(2_000_000, 2);
    let path = "/api/v1/files?name=a.bin&visibility=campus";
    let answer = call(&replica, Some(&ana), Method::PUT, path, &[], data.clone()).await.expect(201);
    let file = answer.json();
    assert_eq!(answer.header("location"), format!("/api/v1/files/{}", file["id"].as_str().expect("an id")));
    assert_eq!(file["sha256"], sha256(&data));
    assert_eq!(file["visibility"], "campus");
    // Without a length, as curl sends what it reads from a pipe.
    let chunked = request(Some(&ana), Method::PUT, "/api/v1/files?name=b.bin", &[], bytes(data.clone()));
    let file = send(replica.address, chunked).await.expect(201).json();
    assert_eq!((&file["sha256"], &file["size"]), (&sha256(&data).into(), &2_000_000.into()));
    let part = [("content-range", "bytes 0-1/2")];
    call(&replica, Some(&ana), Method::PUT, "/api/v1/files?name=c", &part, "ab").await.expect(400);
}

pub(crate) async fn idempotency_keys(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let key = ("idempotency-key", "k-1");
    let begin = [TUS, ("upload-length", "4"), key];
    let first = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &begin, "").await.expect(201);
    let again = call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &begin, "").await.expect(201);
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = call(&replica, Some(&eva), Method::POST, "/api/v1/uploads", &begin, "").await.expect(201);
    assert_ne!(first.header("location"), other.header("location"), "another user's key is another key");
    let longer = [TUS, ("upload-length", "5"), key];
    call(&replica, Some(&ana), Method::POST, "/api/v1/uploads", &longer, "").await.expect(422);

    let put = call(&replica, Some(&ana), Method::PUT, "/api/v1/files?name=x", &[key], "abcd").await.expect(201);
    let again = call(&replica, Some(&ana), Method::PUT, "/api/v1/files?name=x", &[key], "abcd").await.expect(201);
    assert_eq!(put.json(), again.json());
    assert_eq!(again.header("idempotency-replayed"), "true");
    call(&replica, Some(&ana), Method::PUT, "/api/v1/files?name=y", &[key], "abcd").await.expect(422);
    let list = get(&replica, Some(&ana), "/api/v1/files", &[]).await.expect(200).json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
}

pub(crate) async fn twelve_at_once(mut campus: Campus) {
    campus.settings.checkpoint = 1 << 20;
    let replicas = [campus.replica("files-1").await, campus.replica("files-2").await];
    let uploads = (0..12_u64).map(|number| {
        let (replica, user) = (&replicas[usize::from(number % 2 == 1)], campus.student(&format!("user{number}")));
        async move {
            let data = random_bytes(4_000_000 + usize::try_from(number).expect("small"), number);
            let path = create(replica, &user, data.len() as u64, "").await;
            let answer = patch(replica, &user, &path, 0, data.clone()).await.expect(204);
            let content = format!("{}/content", answer.header("content-location"));
            assert_eq!(get(replica, Some(&user), &content, &[]).await.expect(200).body, data);
        }
    });
    futures::future::join_all(uploads).await;
}
