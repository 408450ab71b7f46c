//! Views for players.

use http::Method;

use crate::audit::entries;
use crate::support::*;

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).expect("small");
    [&length.to_be_bytes(), kind.as_slice(), content].concat()
}

/// An MP4 of one chunk, its `moov` in front or behind.
fn movie(front: bool, chunk: &[u8]) -> Vec<u8> {
    let ftyp = boxed(b"ftyp", b"isom\0\0\0\0isom");
    let moov = |at: usize| {
        let at = u32::try_from(at).expect("small").to_be_bytes();
        let stco = boxed(b"stco", &[[0, 0, 0, 0, 0, 0, 0, 1].as_slice(), &at].concat());
        let nested: [&[u8; 4]; 5] = [b"stbl", b"minf", b"mdia", b"trak", b"moov"];
        nested.iter().fold(stco, |inner, kind| boxed(kind, &inner))
    };
    let mdat = boxed(b"mdat", chunk);
    if front {
        let at = ftyp.len() + moov(0).len() + 8;
        [ftyp, moov(at), mdat].concat()
    } else {
        let at = ftyp.len() + 8;
        [ftyp, mdat, moov(at)].concat()
    }
}

pub(crate) async fn fast_start(campus: Campus) {
    let (one, two) = (campus.replica("files-1").await, campus.replica("files-2").await);
    let (ana, eva) = (campus.student("ana"), campus.student("eva"));
    let chunk = testkit::files::random_bytes(300_000, 95);
    let (file, wanted) = (movie(false, &chunk), movie(true, &chunk));
    let stored = put(&one, &ana, "name=clase.mp4", file.clone()).await;
    let path = format!("/api/v1/files/{}", stored["id"].as_str().expect("an id"));
    let (content, stream) = (format!("{path}/content"), format!("{path}/stream"));
    let whole = get(&one, Some(&ana), &stream, &[]).await.expect(200);
    assert!(whole.body == wanted, "as if it had been made so");
    assert_eq!(whole.header("content-type"), "video/mp4");
    assert_eq!(whole.header("repr-digest"), "", "the digest is that of other bytes");
    let original = get(&one, Some(&ana), &content, &[]).await.expect(200);
    assert!(original.body == file);
    assert_ne!(original.header("repr-digest"), "");
    assert_ne!(original.header("etag"), whole.header("etag"));
    let etag = whole.header("etag");
    assert!(etag.starts_with('"') && etag.ends_with("-stream\""), "{etag}");
    // What players ask: the beginning, somewhere in the middle, and the end; of any replica.
    for (from, to) in [(0, 1), (0, 200), (20, 30), (100, 250_000), (299_000, wanted.len() - 1)] {
        let range = format!("bytes={from}-{to}");
        let part = get(&two, Some(&ana), &stream, &[("range", &range), ("if-range", etag)]).await.expect(206);
        assert!(part.body == wanted[from..=to], "{range}");
    }
    let head = send(two.address, request(Some(&ana), Method::HEAD, &stream, &[], empty())).await.expect(200);
    assert_eq!((head.header("content-length"), head.header("etag")), (whole.header("content-length"), etag));
    get(&two, Some(&ana), &stream, &[("if-none-match", etag)]).await.expect(304);
    get(&two, Some(&ana), &stream, &[("range", "bytes=0-1,9-10")]).await.expect(206);
    let range = ("range", "bytes=0-1");
    get(&two, Some(&ana), &stream, &[range, ("if-range", original.header("etag"))]).await.expect(200);
    get(&two, Some(&eva), &stream, &[]).await.expect(404);
    get(&two, None, &stream, &[]).await.expect(404);
    let signed = call(&one, Some(&ana), Method::POST, &format!("{path}/url"), &[], "").await.expect(200).json();
    let query = signed["url"].as_str().and_then(|url| url.split_once('?')).expect("a query").1;
    assert!(get(&two, None, &format!("{stream}?{query}"), &[]).await.expect(200).body == wanted);
    until("the trail counts a view as the file", async || {
        !entries(&one, &ana, "direction=download&outcome=done").await.is_empty()
    })
    .await;
}

pub(crate) async fn what_is_no_movie_is_served_as_it_is(campus: Campus) {
    let replica = campus.replica("files-1").await;
    let ana = campus.student("ana");
    let mut broken = movie(false, b"chunk");
    broken.pop();
    for (name, bytes) in [
        ("front.mp4", movie(true, b"chunk")),
        ("broken.mp4", broken),
        ("a.txt", b"hola".to_vec()),
        ("empty.mp4", Vec::new()),
    ] {
        let file = put(&replica, &ana, &format!("name={name}"), bytes.clone()).await;
        let path = format!("/api/v1/files/{}/stream", file["id"].as_str().expect("an id"));
        assert_eq!(get(&replica, Some(&ana), &path, &[]).await.expect(200).body, bytes, "{name}");
    }
}
