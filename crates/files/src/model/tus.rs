//! The headers of tus 1.0.0 (protocol text of 2016-03-25), parsed and judged.

use http::{HeaderMap, HeaderName, Method};

/// The one version spoken.
pub const VERSION: &str = "1.0.0";
/// The extensions, as OPTIONS lists them.
pub const EXTENSIONS: &str = "creation,creation-defer-length,creation-with-upload,expiration,checksum,checksum-trailer,\
                              termination,concatenation,concatenation-unfinished";
/// The only content type of bytes.
pub const OFFSET_STREAM: &str = "application/offset+octet-stream";

/// `Tus-Resumable`.
pub const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
/// `Tus-Version`.
pub const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
/// `Tus-Extension`.
pub const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
/// `Tus-Max-Size`.
pub const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
/// `Tus-Checksum-Algorithm`.
pub const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
/// `Upload-Offset`.
pub const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// `Upload-Length`.
pub const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// `Upload-Defer-Length`.
pub const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
/// `Upload-Metadata`.
pub const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
/// `Upload-Expires`.
pub const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
/// `X-HTTP-Method-Override`.
pub const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// Why the headers of a tus request are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTus {
    /// 412: another version, or none.
    #[error("Tus-Resumable: 1.0.0 is expected")]
    Version,
    /// 415.
    #[error("Content-Type: application/offset+octet-stream is expected")]
    ContentType,
    /// 400: a header is missing or no number.
    #[error("{0}: a whole number of bytes is expected")]
    Number(&'static str),
    /// 400: neither a length nor the promise of one.
    #[error("Upload-Length is expected, or Upload-Defer-Length: 1")]
    NoLength,
    /// 400: a promise of a length that is no promise.
    #[error("Upload-Defer-Length: 1 is expected")]
    Defer,
    /// 400: a length and the promise of one.
    #[error("Upload-Length and Upload-Defer-Length exclude each other")]
    TwoLengths,
}

/// Checks `Tus-Resumable`.
///
/// # Errors
/// [`BadTus::Version`].
pub fn check_version(headers: &HeaderMap) -> Result<(), BadTus> {
    if headers.get(TUS_RESUMABLE).is_some_and(|value| value == VERSION) { Ok(()) } else { Err(BadTus::Version) }
}

/// Checks the content type of a request with bytes.
///
/// # Errors
/// [`BadTus::ContentType`].
pub fn check_content_type(headers: &HeaderMap) -> Result<(), BadTus> {
    let declared = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(OFFSET_STREAM) { Ok(()) } else { Err(BadTus::ContentType) }
}

/// `Upload-Offset`.
///
/// # Errors
/// [`BadTus::Number`].
pub fn offset(headers: &HeaderMap) -> Result<u64, BadTus> {
    number(headers, &UPLOAD_OFFSET)?.ok_or(BadTus::Number("Upload-Offset"))
}

/// The length of a new upload; `None` if it was put off.
///
/// # Errors
/// [`BadTus`]: neither of the two, both, or not what they should be.
pub fn length(headers: &HeaderMap) -> Result<Option<u64>, BadTus> {
    let mut deferred = headers.get_all(UPLOAD_DEFER_LENGTH).iter();
    match (number(headers, &UPLOAD_LENGTH)?, deferred.next(), deferred.next()) {
        (Some(length), None, _) => Ok(Some(length)),
        (Some(_), Some(_), _) => Err(BadTus::TwoLengths),
        (None, Some(value), None) if value == "1" => Ok(None),
        (None, Some(_), _) => Err(BadTus::Defer),
        (None, None, _) => Err(BadTus::NoLength),
    }
}

/// The length that was put off, if a PATCH brings it.
///
/// # Errors
/// [`BadTus::Number`].
pub fn late_length(headers: &HeaderMap) -> Result<Option<u64>, BadTus> {
    number(headers, &UPLOAD_LENGTH)
}

/// The method a client means that may only send POST.
#[must_use]
pub fn overridden(headers: &HeaderMap) -> Option<Method> {
    let name = headers.get(METHOD_OVERRIDE)?.to_str().ok()?;
    Method::from_bytes(name.trim().to_ascii_uppercase().as_bytes()).ok()
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, BadTus> {
    let bad = BadTus::Number(if *name == UPLOAD_LENGTH { "Upload-Length" } else { "Upload-Offset" });
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(bad);
    }
    let text = value.to_str().map_err(|_| bad)?.trim();
    // What SQL's signed integers cannot hold is no length either.
    let parsed = text.parse::<i64>().ok().and_then(|value| u64::try_from(value).ok());
    if text.bytes().all(|byte| byte.is_ascii_digit()) { parsed.map(Some).ok_or(bad) } else { Err(bad) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).clone(), value.parse().expect("a header"))).collect()
    }

    #[test]
    fn numbers_are_digits() {
        for (text, wanted) in [("0", 0), ("9223372036854775807", i64::MAX.unsigned_abs()), (" 12 ", 12)] {
            assert_eq!(offset(&headers(&[(&UPLOAD_OFFSET, text)])), Ok(wanted), "{text}");
        }
        for bad in ["", "-1", "+1", "1.0", "0x10", "1e3", "9223372036854775808", "99999999999999999999", "1 2"] {
            assert_eq!(offset(&headers(&[(&UPLOAD_OFFSET, bad)])), Err(BadTus::Number("Upload-Offset")), "{bad:?}");
            assert_eq!(length(&headers(&[(&UPLOAD_LENGTH, bad)])), Err(BadTus::Number("Upload-Length")), "{bad:?}");
        }
        assert_eq!(length(&HeaderMap::new()), Err(BadTus::NoLength));
    }

    #[test]
    fn a_length_is_given_or_put_off() {
        let defer = &UPLOAD_DEFER_LENGTH;
        assert_eq!(length(&headers(&[(&UPLOAD_LENGTH, "7")])), Ok(Some(7)));
        assert_eq!(length(&headers(&[(defer, "1")])), Ok(None));
        assert_eq!(length(&headers(&[(&UPLOAD_LENGTH, "7"), (defer, "1")])), Err(BadTus::TwoLengths));
        for bad in ["0", "2", "", "true", "1, 1"] {
            assert_eq!(length(&headers(&[(defer, bad)])), Err(BadTus::Defer), "{bad:?}");
        }
        let mut twice = headers(&[(defer, "1")]);
        twice.append(defer, "1".parse().expect("a header"));
        assert_eq!(length(&twice), Err(BadTus::Defer));
    }

    #[test]
    fn versions_and_types() {
        assert_eq!(check_version(&headers(&[(&TUS_RESUMABLE, "1.0.0")])), Ok(()));
        assert_eq!(check_version(&headers(&[(&TUS_RESUMABLE, "0.2.2")])), Err(BadTus::Version));
        assert_eq!(check_version(&HeaderMap::new()), Err(BadTus::Version));
        let kind = http::header::CONTENT_TYPE;
        assert_eq!(check_content_type(&headers(&[(&kind, "Application/Offset+Octet-Stream")])), Ok(()));
        assert_eq!(check_content_type(&headers(&[(&kind, "application/json")])), Err(BadTus::ContentType));
        assert_eq!(overridden(&headers(&[(&METHOD_OVERRIDE, "patch")])), Some(Method::PATCH));
    }

    proptest! {
        #[test]
        fn no_header_panics(text in "[ -~]{0,40}") {
            for name in [&UPLOAD_OFFSET, &UPLOAD_LENGTH, &UPLOAD_DEFER_LENGTH, &TUS_RESUMABLE, &METHOD_OVERRIDE] {
                let headers = headers(&[(name, &text)]);
                let _ = (offset(&headers), length(&headers), late_length(&headers));
                let _ = (check_version(&headers), check_content_type(&headers), overridden(&headers));
            }
        }
    }
}
