//! The headers of "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload), interop versions 6 and 8.
//!
//! They are structured fields (RFC 9651): one that does not parse counts as absent, as that RFC and the draft ask.

use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::metadata::{BadMetadata, Change, KeyNames};
use super::{Metadata, disposition};

/// `Upload-Draft-Interop-Version`.
pub const INTEROP_VERSION: HeaderName = HeaderName::from_static("upload-draft-interop-version");
/// `Upload-Complete`.
pub const UPLOAD_COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
/// `Upload-Limit`.
pub const UPLOAD_LIMIT: HeaderName = HeaderName::from_static("upload-limit");
/// `Accept-Patch`.
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// The content type of appended bytes.
pub const PARTIAL_UPLOAD: &str = "application/partial-upload";
/// Where the draft's problem types are registered; a fragment follows.
pub const MISMATCHING_OFFSET: &str = "https://iana.org/assignments/http-problem-types#mismatching-upload-offset";
/// An upload that has all its bytes is to get more.
pub const COMPLETED: &str = "https://iana.org/assignments/http-problem-types#completed-upload";
/// Two lengths that are not the same.
pub const INCONSISTENT_LENGTH: &str = "https://iana.org/assignments/http-problem-types#inconsistent-upload-length";

/// What keys a refusal of metadata names.
const KEYS: KeyNames = KeyNames { name: "content-disposition", media_type: "content-type" };

/// A version of the draft that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// What clients of today speak.
    Six,
    /// The newest.
    Eight,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDraft {
    /// 400: another version of the draft.
    #[error("Upload-Draft-Interop-Version: 6 and 8 are spoken here")]
    Version,
    /// 400: whether these are the last bytes was not said.
    #[error("Upload-Complete: ?0 or ?1 is expected")]
    Complete,
    /// 400: where the bytes belong was not said.
    #[error("Upload-Offset: a whole number of bytes is expected")]
    Offset,
    /// 415.
    #[error("Content-Type: application/partial-upload is expected")]
    ContentType,
    /// 400: what is said about the file cannot be read.
    #[error("Content-Disposition: a type and parameters are expected")]
    Disposition,
    /// 422: what is said about the file is out of bounds.
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
}

impl Version {
    /// The number that stands in headers.
    #[must_use]
    pub fn number(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Six => "6",
            Self::Eight => "8",
        })
    }

    /// The version a request speaks; `None` if it does not speak the draft.
    ///
    /// # Errors
    /// [`BadDraft::Version`].
    pub fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, BadDraft> {
        if !headers.contains_key(INTEROP_VERSION) {
            return Ok(None);
        }
        match integer(headers, &INTEROP_VERSION) {
            Some(6) => Ok(Some(Self::Six)),
            Some(8) => Ok(Some(Self::Eight)),
            _ => Err(BadDraft::Version),
        }
    }
}

/// `Upload-Complete`.
///
/// # Errors
/// [`BadDraft::Complete`].
pub fn complete(headers: &HeaderMap) -> Result<bool, BadDraft> {
    match item(headers, &UPLOAD_COMPLETE) {
        Some("?1") => Ok(true),
        Some("?0") => Ok(false),
        _ => Err(BadDraft::Complete),
    }
}

/// `Upload-Offset`.
///
/// # Errors
/// [`BadDraft::Offset`].
pub fn offset(headers: &HeaderMap) -> Result<u64, BadDraft> {
    integer(headers, &super::tus::UPLOAD_OFFSET).ok_or(BadDraft::Offset)
}

/// `Upload-Length`, if there is one that can be read.
#[must_use]
pub fn length(headers: &HeaderMap) -> Option<u64> {
    integer(headers, &super::tus::UPLOAD_LENGTH)
}

/// Checks the content type of bytes that are appended.
///
/// # Errors
/// [`BadDraft::ContentType`].
pub fn check_content_type(headers: &HeaderMap) -> Result<(), BadDraft> {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(PARTIAL_UPLOAD) { Ok(()) } else { Err(BadDraft::ContentType) }
}

/// `Upload-Limit`: the largest file, and the seconds an upload has left.
#[must_use]
pub fn limit(max_size: u64, max_age_s: Option<u64>) -> HeaderValue {
    let text = match max_age_s {
        Some(age) => format!("max-size={max_size}, max-age={age}"),
        None => format!("max-size={max_size}"),
    };
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("min-size=0"))
}

/// What a request that begins an upload says about the file.
///
/// # Errors
/// [`BadDraft::Disposition`], [`BadDraft::Metadata`].
pub fn metadata(headers: &HeaderMap) -> Result<Metadata, BadDraft> {
    // Said by clients that know nothing of the file, or that take this request for one that appends.
    const NOTHING: [&str; 4] = ["", disposition::UNKNOWN, "application/x-www-form-urlencoded", PARTIAL_UPLOAD];
    let name = match headers.get(CONTENT_DISPOSITION) {
        Some(value) => file_name(value.as_bytes())?,
        None => None,
    };
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::trim);
    let media_type = declared.filter(|text| !NOTHING.contains(text)).map(str::to_owned);
    Ok(Metadata::default().with(Change { name, media_type, ..Change::default() }, KEYS)?)
}

/// The file's name in a `Content-Disposition` (RFC 6266): `filename*` outranks `filename`.
fn file_name(value: &[u8]) -> Result<Option<String>, BadDraft> {
    // Browsers write names in UTF-8 where the RFC wants Latin-1.
    let text = std::str::from_utf8(value).map_err(|_| BadDraft::Disposition)?;
    let (mut plain, mut extended) = (None, None);
    let (way, mut rest) = text.split_once(';').unwrap_or((text, ""));
    if way.trim().is_empty() || way.contains(['=', '"']) {
        return Err(BadDraft::Disposition);
    }
    while !rest.trim().is_empty() {
        let (name, after) = rest.split_once('=').ok_or(BadDraft::Disposition)?;
        let (value, after) = parameter(after.trim_start())?;
        rest = after;
        match name.trim().to_ascii_lowercase().as_str() {
            "filename" if plain.is_none() => plain = Some(value),
            "filename*" if extended.is_none() => extended = Some(decode(&value)?),
            "filename" | "filename*" => return Err(BadDraft::Disposition),
            _ => {}
        }
    }
    Ok(extended.or(plain))
}

/// A parameter's value, quoted or not, and what stands behind it.
fn parameter(text: &str) -> Result<(String, &str), BadDraft> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return Ok((value.trim().to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = quoted[at + 1..].trim_start();
                let rest = if rest.is_empty() { rest } else { rest.strip_prefix(';').ok_or(BadDraft::Disposition)? };
                return Ok((value, rest));
            }
            '\\' => value.push(chars.next().ok_or(BadDraft::Disposition)?.1),
            other => value.push(other),
        }
    }
    Err(BadDraft::Disposition)
}

/// A value by RFC 8187: `UTF-8'language'percent-encoded`.
fn decode(text: &str) -> Result<String, BadDraft> {
    let mut pieces = text.splitn(3, '\'');
    match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(charset), Some(_), Some(encoded)) if charset.eq_ignore_ascii_case("utf-8") => {
            let decoded = percent_decode_str(encoded).decode_utf8().map_err(|_| BadDraft::Disposition)?;
            Ok(decoded.into_owned())
        }
        _ => Err(BadDraft::Disposition),
    }
}

/// A structured field that is one item, without its parameters.
fn item<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    Some(value.split(';').next().unwrap_or_default().trim_matches(' '))
}

/// A structured field that is a number of bytes: at most 15 digits (RFC 9651, section 3.3.1).
fn integer(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let text = item(headers, name)?;
    let good = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if good { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tus::{UPLOAD_LENGTH, UPLOAD_OFFSET};
    use super::*;

    fn one(name: &HeaderName, text: &str) -> HeaderMap {
        [(name.clone(), HeaderValue::from_bytes(text.as_bytes()).expect("a value"))].into_iter().collect()
    }

    #[test]
    fn structured_fields() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("100", Some(100)),
            ("007;a=b", Some(7)),
            ("999999999999999", Some(999_999_999_999_999)),
            ("1000000000000000", None),
            ("-1", None),
            ("+1", None),
            ("1.0", None),
            ("\"1\"", None),
            ("1, 2", None),
            ("", None),
        ] {
            assert_eq!(length(&one(&UPLOAD_LENGTH, text)), wanted, "{text:?}");
            assert_eq!(offset(&one(&UPLOAD_OFFSET, text)).ok(), wanted, "{text:?}");
        }
        for (text, wanted) in [("?0", Ok(false)), ("?1;x", Ok(true)), (" ?1 ", Ok(true))] {
            assert_eq!(complete(&one(&UPLOAD_COMPLETE, text)), wanted, "{text:?}");
        }
        for bad in ["", "?", "?2", "1", "true", "?0, ?1"] {
            assert_eq!(complete(&one(&UPLOAD_COMPLETE, bad)), Err(BadDraft::Complete), "{bad:?}");
        }
        let mut twice = one(&UPLOAD_COMPLETE, "?0");
        twice.append(UPLOAD_COMPLETE, HeaderValue::from_static("?1"));
        assert_eq!(complete(&twice), Err(BadDraft::Complete));
    }

    #[test]
    fn versions_and_limits() {
        assert_eq!(Version::from_headers(&HeaderMap::new()), Ok(None));
        assert_eq!(Version::from_headers(&one(&INTEROP_VERSION, "6")), Ok(Some(Version::Six)));
        assert_eq!(Version::from_headers(&one(&INTEROP_VERSION, "8")), Ok(Some(Version::Eight)));
        for bad in ["5", "7", "9", "six", ""] {
            assert_eq!(Version::from_headers(&one(&INTEROP_VERSION, bad)), Err(BadDraft::Version), "{bad:?}");
        }
        assert_eq!(limit(9, Some(3)), "max-size=9, max-age=3");
        assert_eq!(limit(9, None), "max-size=9");
    }

    #[test]
    fn names_of_files() {
        for (text, wanted) in [
            ("attachment", None),
            ("inline; filename=a.txt", Some("a.txt")),
            ("attachment; filename=\"a b.txt\"", Some("a b.txt")),
            ("attachment; filename=\"a \\\"b\\\".txt\"; size=3", Some("a \"b\".txt")),
            ("attachment; filename*=UTF-8''informe%20a%C3%B1o.pdf; filename=\"x\"", Some("informe año.pdf")),
            ("attachment; FileName*=utf-8'es'a%3Bb", Some("a;b")),
            ("attachment; filename=\"año; uno\"", Some("año; uno")),
        ] {
            assert_eq!(file_name(text.as_bytes()), Ok(wanted.map(str::to_owned)), "{text}");
        }
        for bad in [
            "",
            "; filename=a",
            "filename=a",
            "attachment; filename",
            "attachment; filename=\"a",
            "attachment; filename=\"a\\",
            "attachment; filename=\"a\" b",
            "attachment; filename=a; filename=b",
            "attachment; filename*=a",
            "attachment; filename*=latin-1''a",
            "attachment; filename*=UTF-8''%FF",
        ] {
            assert_eq!(file_name(bad.as_bytes()), Err(BadDraft::Disposition), "{bad}");
        }
        let headers = one(&CONTENT_DISPOSITION, "attachment; filename=\"../x\"");
        assert!(matches!(metadata(&headers), Err(BadDraft::Metadata(BadMetadata::Value { code: "path", .. }))));
        let mut said = one(&CONTENT_DISPOSITION, "inline; filename=\"a.mp4\"");
        assert_eq!(metadata(&said).expect("good").media_type, "video/mp4", "guessed from the name");
        said.insert(CONTENT_TYPE, HeaderValue::from_static("video/webm"));
        assert_eq!(metadata(&said).expect("good").media_type, "video/webm", "what is said counts");
    }

    proptest! {
        #[test]
        fn no_header_panics(text in ".{0,80}") {
            let _ = file_name(text.as_bytes());
            let _ = file_name(format!("inline; filename={text}").as_bytes());
            let _ = file_name(format!("inline; filename*={text}").as_bytes());
            if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                let names =
                    [INTEROP_VERSION, UPLOAD_COMPLETE, UPLOAD_OFFSET, UPLOAD_LENGTH, CONTENT_DISPOSITION, CONTENT_TYPE];
                let headers: HeaderMap = names.into_iter().map(|name| (name, value.clone())).collect();
                let _ = (Version::from_headers(&headers), complete(&headers), offset(&headers), length(&headers));
                let _ = (check_content_type(&headers), metadata(&headers));
            }
        }
    }
}
