//! What comes from outside and is taken apart, tried with bytes nobody meant: five seconds each, minutes with
//! `BEDEL_TEST_FULL=1`.

use std::time::Duration;

use bolero::check;
use files::model::checksum::Check;
use files::model::concat::Concat;
use files::model::metadata::Metadata;
use files::model::mp4::Walk;
use files::model::range::{self, Wanted};
use files::model::{draft, name, tus, zip};
use http::{HeaderMap, HeaderName, HeaderValue};

fn time() -> Duration {
    let full = std::env::var_os("BEDEL_TEST_FULL").is_some_and(|value| value == "1");
    Duration::from_secs(if full { 180 } else { 5 })
}

/// Cuts an input into values for headers.
fn headers(names: &[&'static str], input: &[u8]) -> HeaderMap {
    let values = input.split(|&byte| byte == 0).map(HeaderValue::from_bytes);
    let named = names.iter().cycle().zip(values);
    named.filter_map(|(name, value)| Some((HeaderName::from_static(name), value.ok()?))).collect()
}

#[test]
fn tus_headers() {
    const NAMES: [&str; 9] = [
        "upload-length",
        "upload-offset",
        "upload-defer-length",
        "upload-concat",
        "upload-checksum",
        "upload-metadata",
        "tus-resumable",
        "upload-complete",
        "content-disposition",
    ];
    check!().with_test_time(time()).for_each(|input: &[u8]| {
        let (first, rest) = input.split_first().unwrap_or((&0, &[]));
        // From another name each time, so that every header gets the long values.
        let mut names = NAMES;
        names.rotate_left(usize::from(*first) % NAMES.len());
        let headers = headers(&names, rest);
        let declared = headers.get("upload-length").filter(|_| headers.get_all("upload-length").iter().count() == 1);
        if let Ok(Some(length)) = tus::length(&headers) {
            let text = declared.and_then(|value| value.to_str().ok()).expect("a length that was read was sent once");
            assert_eq!(text.trim().parse(), Ok(length), "{text:?}");
        }
        if let Ok((Concat::Final(parts), _)) = Concat::from_headers(&headers) {
            assert!(!parts.is_empty() && parts.len() <= files::model::concat::MAX_PARTS);
        }
        let _ = (tus::offset(&headers), tus::late_length(&headers), tus::check_version(&headers));
        let _ = (Check::from_headers(&headers), tus::overridden(&headers));
        let _ = (draft::complete(&headers), draft::offset(&headers), draft::length(&headers));
        if let Ok(metadata) = draft::metadata(&headers) {
            assert!(metadata.name.is_empty() || name::check(&metadata.name).is_ok(), "{:?}", metadata.name);
        }
    });
}

#[test]
fn ranges() {
    check!().with_test_time(time()).for_each(|input: &[u8]| {
        let (length, header) = input.split_at(input.len().min(3));
        let length = length.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        let text = format!("bytes={}", String::from_utf8_lossy(header));
        for header in [text.as_str(), &text[6..]] {
            let Wanted::Parts(parts) = range::evaluate(Some(header), length) else { continue };
            assert!(!parts.is_empty());
            for (number, part) in parts.iter().enumerate() {
                assert!(part.start < part.end && part.end <= length, "{header:?}");
                let apart = |other: &std::ops::Range<u64>| part.end < other.start || other.end < part.start;
                assert!(parts[number + 1..].iter().all(apart), "{header:?}");
            }
        }
    });
}

#[test]
fn metadata() {
    use base64::Engine as _;
    check!().with_test_time(time()).for_each(|input: &[u8]| {
        let _ = Metadata::from_tus(std::str::from_utf8(input).ok());
        // As well-formed pairs, so that the values are reached.
        let encode = |value: &[u8]| base64::engine::general_purpose::STANDARD.encode(value);
        let keys = ["filename", "title", "tags", "visibility", "filetype", "expires_at", "description"];
        let pairs = keys.iter().zip(input.split(|&byte| byte == 0));
        let header = pairs.map(|(key, value)| format!("{key} {}", encode(value))).collect::<Vec<_>>().join(",");
        if let Ok(metadata) = Metadata::from_tus(Some(&header)) {
            assert!(metadata.name.is_empty() || name::check(&metadata.name).is_ok(), "{:?}", metadata.name);
            assert_eq!(zip::names([metadata.name.as_str(), metadata.name.as_str()]).len(), 2);
        }
    });
}

/// Boxes with true lengths around bytes that may be anything: random bytes alone would seldom be boxes.
fn boxes(input: &[u8], depth: usize) -> Vec<u8> {
    const KINDS: [&[u8; 4]; 16] = [
        b"mdat", b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stco", b"co64", b"dinf", b"dref", b"free", b"udta",
        b"meta", b"url ", b"ftyp", b"mvex",
    ];
    let mut out = Vec::new();
    let mut rest = input;
    while let [kind, length, tail @ ..] = rest {
        let (content, next) = tail.split_at(usize::from(*length).min(tail.len()));
        let content = if depth > 0 && kind & 16 != 0 { boxes(content, depth - 1) } else { content.to_vec() };
        out.extend(u32::try_from(content.len() + 8).expect("small").to_be_bytes());
        out.extend_from_slice(KINDS[usize::from(kind & 15)]);
        out.extend(content);
        rest = next;
    }
    out
}

fn rewrite(file: &[u8]) {
    let at = |offset: u64| usize::try_from(offset).expect("within the file");
    let mut walk = Walk::new(file.len() as u64);
    while let Some(wanted) = walk.wants() {
        assert!(wanted.start < wanted.end && wanted.end <= file.len() as u64);
        if walk.take(&file[at(wanted.start)..at(wanted.end)]).is_err() {
            return;
        }
    }
    let Ok(order) = walk.end() else { return };
    assert!(order.data < order.moov.start && order.moov.end <= file.len() as u64);
    let before = &file[at(order.moov.start)..at(order.moov.end)];
    let mut after = before.to_vec();
    if order.rewrite(&mut after).is_ok() {
        assert_eq!(after.len(), before.len());
    }
}

#[test]
fn mp4_files() {
    check!().with_test_time(time()).for_each(|input: &[u8]| {
        rewrite(input);
        let ftyp = b"\0\0\0\x08ftyp".as_slice();
        rewrite(&[ftyp, &boxes(input, 6)].concat());
        let (data, moov) = input.split_at(input.len() / 2);
        let inner = boxes(moov, 6);
        let length = |content: &[u8]| u32::try_from(content.len() + 8).expect("small").to_be_bytes();
        rewrite(&[ftyp, &length(data), b"mdat", data, &length(&inner), b"moov", &inner].concat());
    });
}
