//! The head of a request on its way to a replica.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

use super::headers::{
    FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO, REQUEST_ID, host_value, is_hop_by_hop, names, strip_hop_by_hop,
    words,
};
use super::request_body::RequestBody;
use crate::door::connection::{Client, Door};

/// A request's head, to be sent any number of times: the client's own, and what the gateway has to say. The two are
/// put together when they are written, so that an attempt copies no fields.
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// As the client sent them: what a replica gets is [`Self::fields`].
    pub(crate) headers: HeaderMap,
    trusted: bool,
    host: Option<HeaderValue>,
    request_id: HeaderValue,
    forwarded_for: HeaderValue,
    /// `None`: what the trusted proxy says counts.
    proto: Option<HeaderValue>,
    believed_host: bool,
}

impl Head {
    /// What `client` asks for.
    pub(crate) fn new(parts: Parts, client: &Client, request_id: HeaderValue) -> Self {
        let host = host_value(&parts);
        let Parts { method, uri, mut headers, .. } = parts;
        if headers.get_all(CONNECTION).iter().any(|value| !names_nothing(value)) {
            strip_hop_by_hop(&mut headers);
        }
        let trusted = client.trusted;
        let forwarded_for = if trusted { chain(&headers, client) } else { None };
        let proto = if trusted && headers.contains_key(&FORWARDED_PROTO) { None } else { Some(proto(client.door)) };
        Self {
            trusted,
            host,
            request_id,
            forwarded_for: forwarded_for.unwrap_or_else(|| client.peer_value.clone()),
            proto,
            believed_host: trusted && headers.contains_key(&FORWARDED_HOST),
            method,
            uri,
            headers,
        }
    }

    /// What follows the method: the target without scheme and authority, as an origin wants it.
    pub(crate) fn target(&self) -> &str {
        self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
    }

    /// Hands out the fields that a replica gets, one after the other: the host, the client's that are meant for it, and
    /// the gateway's.
    pub(crate) fn fields(&self, mut give: impl FnMut(&HeaderName, &HeaderValue)) {
        if let Some(host) = &self.host {
            give(&HOST, host);
        }
        let mut trailers = false;
        for (name, value) in &self.headers {
            if !self.keeps_back(name.as_str()) {
                give(name, value);
            } else if name == TE {
                trailers |= words(value).any(|word| word.eq_ignore_ascii_case("trailers"));
            }
        }
        // gRPC asks for it, and hyper sends no trailers without it.
        if trailers {
            give(&TE, &HeaderValue::from_static("trailers"));
        }
        give(&REQUEST_ID, &self.request_id);
        give(&FORWARDED_FOR, &self.forwarded_for);
        if let Some(proto) = &self.proto {
            give(&FORWARDED_PROTO, proto);
        }
        if let Some(host) = self.host.as_ref().filter(|_| !self.believed_host) {
            give(&FORWARDED_HOST, host);
        }
    }

    /// The client's word on this is for this hop only, or not believed.
    fn keeps_back(&self, name: &str) -> bool {
        match name {
            "x-request-id" | "x-forwarded-for" => true,
            "host" => self.host.is_some(),
            "x-forwarded-proto" => self.proto.is_some(),
            "x-forwarded-host" => !self.believed_host,
            "forwarded" | "x-forwarded-port" | "x-real-ip" => !self.trusted,
            name => is_hop_by_hop(name),
        }
    }

    /// The fields as a map.
    pub(crate) fn to_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 6);
        self.fields(|name, value| {
            headers.append(name.clone(), value.clone());
        });
        if self.headers.contains_key(TRANSFER_ENCODING) {
            headers.remove(CONTENT_LENGTH);
        }
        headers
    }

    /// The request as HTTP/2 has it.
    pub(crate) fn to_http2(&self, body: RequestBody) -> Request<RequestBody> {
        let mut request = Request::new(body);
        *request.version_mut() = Version::HTTP_2;
        *request.method_mut() = self.method.clone();
        let mut headers = self.to_headers();
        let host = headers.remove(HOST);
        *request.headers_mut() = headers;
        let authority = host.as_ref().and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        *request.uri_mut() = Uri::builder()
            .scheme("http")
            .authority(authority)
            .path_and_query(self.target())
            .build()
            .unwrap_or_else(|_| self.origin_form());
        request
    }

    /// The target without scheme and authority.
    pub(crate) fn origin_form(&self) -> Uri {
        self.uri.path_and_query().cloned().map_or_else(|| Uri::from_static("/"), Uri::from)
    }
}

/// The usual words, which name no other field.
fn names_nothing(value: &HeaderValue) -> bool {
    let value = value.as_bytes();
    value.eq_ignore_ascii_case(b"keep-alive") || value.eq_ignore_ascii_case(b"close")
}

fn proto(door: Door) -> HeaderValue {
    HeaderValue::from_static(if door == Door::Https { "https" } else { "http" })
}

/// Those before the trusted proxy, and the proxy.
fn chain(headers: &HeaderMap, client: &Client) -> Option<HeaderValue> {
    let last = client.peer.ip().to_canonical().to_string();
    let before = names(headers, &FORWARDED_FOR).map(str::to_owned);
    HeaderValue::try_from(before.chain([last]).collect::<Vec<_>>().join(", ")).ok()
}
