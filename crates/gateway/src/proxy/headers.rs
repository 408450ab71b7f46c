//! What happens to headers on the way through.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version};
use kernel::id::IdSource;

/// The request's id, in both directions.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The addresses a request came from.
pub(crate) static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// `http` or `https`, as the client sees it.
pub(crate) static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The host the client asked for.
pub(crate) static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// The longest request id that is kept.
const ID_MOST: usize = 128;

/// The client's request id if it is at most 128 of `[A-Za-z0-9._-]`.
pub(crate) fn kept_request_id(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(&REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    ((1..=ID_MOST).contains(&value.len()) && value.bytes().all(plain)).then_some(value)
}

/// The client's request id, or a new one.
pub(crate) fn request_id(headers: &HeaderMap, ids: &IdSource) -> HeaderValue {
    if kept_request_id(headers).is_some()
        && let Some(value) = headers.get(&REQUEST_ID)
    {
        return value.clone();
    }
    HeaderValue::from_maybe_shared(Bytes::from(ids.next().to_string())).unwrap_or(HeaderValue::from_static("none"))
}

/// A WebSocket handshake.
pub(crate) fn wants_upgrade<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_11
        && request.method() == Method::GET
        && request.headers().get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && names(request.headers(), &CONNECTION).any(|name| name.eq_ignore_ascii_case("upgrade"))
}

/// The comma-separated words of a header.
pub(crate) fn names<'a>(headers: &'a HeaderMap, header: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(header).iter().flat_map(words)
}

/// The comma-separated words of a value.
pub(crate) fn words(value: &HeaderValue) -> impl Iterator<Item = &str> {
    let text = value.to_str().unwrap_or_default();
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// Removes what is meant for the next hop only (RFC 9110, section 7.6.1). `TE: trailers` stays: gRPC asks for it, and
/// hyper sends no trailers without it.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    // Most messages have none of these: one look at each name costs less than asking the map for every one.
    if !headers.keys().any(|name| is_hop_by_hop(name.as_str())) {
        return;
    }
    let named: Vec<HeaderName> = names(headers, &CONNECTION).filter_map(|name| name.parse().ok()).collect();
    for name in named {
        // A client may not have what the gateway itself vouches for taken away.
        if name != TE && name != HOST && name != AUTHORIZATION {
            headers.remove(name);
        }
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    let trailers = names(headers, &TE).any(|name| name.eq_ignore_ascii_case("trailers"));
    let present: Vec<HeaderName> = headers.keys().filter(|name| is_hop_by_hop(name.as_str())).cloned().collect();
    for name in present {
        headers.remove(name);
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Meant for the next hop only.
pub(crate) fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "transfer-encoding"
            | "te"
            | "upgrade"
            | "http2-settings"
    )
}

/// The host asked for: the authority of an absolute target or of HTTP/2, else the `Host` header.
pub(crate) fn host_value(parts: &Parts) -> Option<HeaderValue> {
    match parts.uri.authority() {
        Some(authority) => HeaderValue::try_from(authority.as_str()).ok(),
        None => parts.headers.get(HOST).cloned(),
    }
}

/// The same, as text.
pub(crate) fn host(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(HOST)?.to_str().ok(),
    }
}

/// A host without its port; an IPv6 address keeps its brackets.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

/// A browser is asking for a page.
pub(crate) fn accepts_html(headers: &HeaderMap) -> bool {
    names(headers, &ACCEPT).any(|name| name.starts_with("text/html"))
}

/// The bearer token.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn what_the_connection_header_names_goes_and_trailers_stay() {
        let mut headers = map(&[
            ("connection", "keep-alive, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "gzip, trailers"),
            ("trailer", "Upload-Checksum"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
            ("upgrade", "h2c"),
            ("traceparent", "00-x"),
        ]);
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers, map(&[("te", "trailers"), ("trailer", "Upload-Checksum"), ("traceparent", "00-x")]));
    }

    #[test]
    fn a_request_id_is_kept_only_if_it_is_harmless() {
        assert_eq!(kept_request_id(&map(&[("x-request-id", "abc-1.2_3")])), Some("abc-1.2_3"));
        for bad in ["", "a b", "a\"b", "ñ"] {
            let mut headers = HeaderMap::new();
            headers.insert(&REQUEST_ID, HeaderValue::from_bytes(bad.as_bytes()).expect("a value"));
            assert_eq!(kept_request_id(&headers), None, "{bad}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(&REQUEST_ID, HeaderValue::try_from("a".repeat(129)).expect("a value"));
        assert_eq!(kept_request_id(&headers), None);
    }

    #[test]
    fn ports_are_taken_off_hosts() {
        assert_eq!(without_port("campus.example:8080"), "campus.example");
        assert_eq!(without_port("[::1]:8080"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
        assert_eq!(without_port("campus.example"), "campus.example");
    }
}
