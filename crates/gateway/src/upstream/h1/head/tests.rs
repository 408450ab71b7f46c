use bytes::{BufMut, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::upstream::h1::framing::Step;

fn parse(text: &str, method: &Method) -> Result<Option<AnswerHead>, Malformed> {
    take_head(&mut BytesMut::from(text), method)
}

fn head(text: &str) -> AnswerHead {
    parse(text, &Method::GET).expect("is well formed").expect("is whole")
}

fn refused(text: &str) -> Malformed {
    parse(text, &Method::GET).expect_err(text)
}

#[test]
fn a_head_is_taken_and_what_follows_stays() {
    let mut inbox = BytesMut::from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: two\r\n\r\nhello");
    let head = take_head(&mut inbox, &Method::GET).expect("is well formed").expect("is whole");
    assert_eq!((head.status, head.framing.length(), head.keeps), (StatusCode::OK, Some(5), true));
    assert_eq!(head.headers.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "two"]);
    assert_eq!(inbox, "hello");
    assert!(head.extensions.is_empty());
}

#[test]
fn what_is_for_this_hop_does_not_pass() {
    let head = head(
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\n\
         Upgrade: h2c\r\nProxy-Authenticate: x\r\nTrailer: x-sum\r\ncontent-length: 0\r\n\r\n",
    );
    let mut names: Vec<_> = head.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "trailer"]);
}

#[test]
fn the_length_of_a_body_is_known_or_refused() {
    let length = |text: &str| head(text).framing.length();
    assert_eq!(length("HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-length: 7\r\n\r\n"), Some(7));
    assert_eq!(length("HTTP/1.1 200 OK\r\n\r\n"), None);
    assert_eq!(length("HTTP/1.1 204 No\r\ncontent-length: 7\r\n\r\n"), Some(0));
    assert_eq!(length("HTTP/1.1 304 No\r\ncontent-length: 7\r\n\r\n"), Some(0));
    let to_head = parse("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", &Method::HEAD);
    let to_head = to_head.expect("is well formed").expect("is whole");
    assert_eq!((to_head.framing.length(), &to_head.headers["content-length"]), (Some(0), &HeaderValue::from(7)));
    let chunked = head("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n");
    assert!(matches!(chunked.framing, Framing::Chunked(_)) && chunked.headers.is_empty());
    for bad in [
        "content-length: 7\r\ncontent-length: 8",
        "content-length: 7\r\ntransfer-encoding: chunked",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: gzip",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "content-length: +7",
        "content-length: 7, 7",
        "content-length: -1",
        "content-length: 0x7",
        "content-length:",
        "content-length: 99999999999999999999",
    ] {
        assert_eq!(refused(&format!("HTTP/1.1 200 OK\r\n{bad}\r\n\r\n")), Malformed::Length, "{bad}");
    }
    assert_eq!(refused("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), Malformed::Length);
}

#[test]
fn a_connection_is_kept_only_if_both_sides_can_tell_where_the_next_answer_begins() {
    let keeps = |version: &str, fields: &str| head(&format!("HTTP/{version} 200 OK\r\n{fields}\r\n")).keeps;
    assert!(keeps("1.1", "content-length: 1\r\n"));
    assert!(keeps("1.1", "transfer-encoding: chunked\r\n"));
    assert!(keeps("1.0", "content-length: 1\r\nconnection: Keep-Alive\r\n"));
    assert!(!keeps("1.0", "content-length: 1\r\n"));
    assert!(!keeps("1.1", "content-length: 1\r\nconnection: Close\r\n"));
    assert!(!keeps("1.1", "content-length: 1\r\nconnection: close\r\nconnection: keep-alive\r\n"));
    assert!(!keeps("1.1", ""));
}

#[test]
fn an_unusual_reason_is_kept() {
    let phrase = |text: &str| head(text).extensions.get::<ReasonPhrase>().cloned();
    assert_eq!(phrase("HTTP/1.1 200 Fine\r\n\r\n"), Some(ReasonPhrase::from_static(b"Fine")));
    assert_eq!(phrase("HTTP/1.1 200 OK\r\n\r\n"), None);
    assert_eq!(phrase("HTTP/1.1 200\r\n\r\n"), None);
}

#[test]
fn what_is_no_answer_is_refused() {
    for bad in [
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx : 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: 1\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ] {
        assert_eq!(refused(bad), Malformed::Head, "{bad:?}");
    }
    let many = "x: 1\r\n".repeat(FIELDS_MOST + 1);
    assert_eq!(refused(&format!("HTTP/1.1 200 OK\r\n{many}\r\n")), Malformed::Long);
    let long = "x".repeat(HEAD_MOST);
    assert_eq!(refused(&format!("HTTP/1.1 200 OK\r\nx: {long}")), Malformed::Long);
    assert_eq!(refused(&format!("HTTP/1.1 200 OK\r\nx: {long}\r\n\r\n")), Malformed::Long);
}

/// Everything an answer says: status, fields, body, trailers, and whether the connection is good for another.
type Read = (StatusCode, HeaderMap, Vec<u8>, HeaderMap, bool);

/// Reads one answer from bytes that come as `cuts` says; `None` if it is not whole.
fn read(bytes: &[u8], cuts: &[usize]) -> Result<Option<Read>, Malformed> {
    let mut inbox = BytesMut::new();
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for &cut in cuts {
        let (piece, after) = rest.split_at(cut.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    let mut pieces = pieces.into_iter();
    let mut more = |inbox: &mut BytesMut| pieces.next().map(|piece| inbox.put_slice(piece)).is_some();
    let mut head = loop {
        match take_head(&mut inbox, &Method::GET)? {
            Some(head) => break head,
            None if more(&mut inbox) => {}
            None => return Ok(None),
        }
    };
    let (mut body, mut trailers) = (Vec::new(), HeaderMap::new());
    loop {
        match head.framing.step(&mut inbox)? {
            Step::Data(data) => body.extend_from_slice(&data),
            Step::Trailers(fields) => trailers = fields,
            Step::End => break,
            Step::More if more(&mut inbox) => {}
            Step::More if matches!(head.framing, Framing::UntilClose) => break,
            Step::More => return Ok(None),
        }
    }
    while more(&mut inbox) {}
    Ok(Some((head.status, head.headers, body, trailers, head.keeps && inbox.is_empty())))
}

fn chunks(sizes: &[usize], trailers: &str) -> String {
    let chunks: String = sizes.iter().map(|size| format!("{size:X};ext=\"1\"\r\n{}\r\n", "z".repeat(*size))).collect();
    format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n{chunks}0\r\n{trailers}\r\n")
}

#[test]
fn chunks_are_put_together() {
    let (_, headers, body, trailers, keeps) =
        read(chunks(&[1, 300, 17], "x-sum: 318\r\n").as_bytes(), &[]).expect("is well formed").expect("is whole");
    assert_eq!((body.len(), keeps), (318, true));
    assert_eq!(
        (&headers["trailer"], &trailers["x-sum"]),
        (&HeaderValue::from_static("x-sum"), &HeaderValue::from(318))
    );
    let prefix = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for bad in [
        "x\r\n",
        "\r\n",
        ";a\r\n",
        "1\nz",
        "1\r\nzz\r\n",
        "-1\r\n",
        "1\r\nz\n",
        "11111111111111111\r\n",
        "0\r\nbad\r\n\r\n",
        "1;a\n",
    ] {
        let answer = read(format!("{prefix}{bad}").as_bytes(), &[]);
        assert_eq!(answer.expect_err(bad), Malformed::Chunk, "{bad:?}");
    }
    assert!(read(format!("{prefix}5\r\nhe").as_bytes(), &[]).expect("is well formed so far").is_none());
    let endless = format!("{prefix}1;{}", "e".repeat(20_000));
    assert_eq!(read(endless.as_bytes(), &[]).expect_err("endless"), Malformed::Chunk);
    let endless = format!("{prefix}0\r\nx: {}", "e".repeat(20_000));
    assert_eq!(read(endless.as_bytes(), &[]).expect_err("endless"), Malformed::Chunk);
}

/// Answers of every kind, some of them wrong.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let sized = (0_usize..400, 0_usize..500).prop_map(|(said, sent)| {
        format!("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: {said}\r\n\r\n{}", "b".repeat(sent))
    });
    let coded = (prop::collection::vec(1_usize..200, 0..6), any::<bool>())
        .prop_map(|(sizes, sum)| chunks(&sizes, if sum { "x-sum: 1\r\n" } else { "" }));
    let open = (0_usize..300).prop_map(|size| format!("HTTP/1.0 404 Gone Away\r\nx: y\r\n\r\n{}", "c".repeat(size)));
    let whole = prop_oneof![sized, coded, open].prop_map(String::into_bytes);
    // One byte changed: what that means may not depend on the cuts either.
    (whole, any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(|(mut bytes, place, byte, change)| {
        if change {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn cutting_an_answer_elsewhere_changes_nothing(
        bytes in answers(),
        cuts in prop::collection::vec(0_usize..60, 0..40),
    ) {
        prop_assert_eq!(read(&bytes, &cuts), read(&bytes, &[]));
        prop_assert_eq!(read(&bytes, &vec![1; bytes.len()]), read(&bytes, &[]));
    }

    #[test]
    fn garbage_is_refused_or_read_and_never_more_than_there_is(
        begins in any::<bool>(),
        noise in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b':'), b'0'..=b'9'], 0..300),
    ) {
        let mut bytes = if begins { b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec() } else { Vec::new() };
        bytes.extend_from_slice(&noise);
        if let Ok(Some((_, headers, body, ..))) = read(&bytes, &[]) {
            prop_assert!(body.len() <= bytes.len());
            for value in headers.values() {
                prop_assert!(!value.as_bytes().iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
            }
        }
    }
}
