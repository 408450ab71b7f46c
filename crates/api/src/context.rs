//! What accompanies a request through its handlers.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::HeaderName;
use http::request::Parts;

use crate::auth::Verifier;

/// Put into every request's extensions by [`crate::Service`].
#[derive(Clone)]
pub(crate) struct Context(Arc<(Arc<Verifier>, String)>);

impl Context {
    pub(crate) fn new(verifier: Arc<Verifier>, request_id: String) -> Self {
        Self(Arc::new((verifier, request_id)))
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.0.0
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.0.1
    }
}

/// The header request ids come and go in.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request's id, for logs; empty outside [`crate::Service`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let id = parts.extensions.get::<Context>().map(|context| context.request_id().to_owned());
        Ok(Self(id.unwrap_or_default()))
    }
}

/// Whether a client's request id is kept: 1–128 of `[A-Za-z0-9._-]`.
pub(crate) fn acceptable(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// The client's address: the last hop of `X-Forwarded-For`, which the gateway writes. `None` if nobody wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl ClientAddress {
    /// The address that these headers name.
    #[must_use]
    pub fn of(headers: &http::HeaderMap) -> Self {
        let last = headers.get_all("x-forwarded-for").iter().next_back();
        let hop = last.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        Self(hop.and_then(|hop| hop.trim().parse().ok()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_that_could_forge_log_lines_are_not_kept() {
        assert!(acceptable("a-B.9_"));
        assert!(acceptable(&"a".repeat(128)));
        for bad in ["", "a b", "a\n", "ñ", &"a".repeat(129)] {
            assert!(!acceptable(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn only_the_last_hop_is_believed() {
        let request = http::Request::get("/")
            .header("x-forwarded-for", "6.6.6.6")
            .header("x-forwarded-for", "7.7.7.7, 10.0.0.9")
            .body(())
            .expect("builds");
        let (mut parts, ()) = request.into_parts();
        let address = ClientAddress::from_request_parts(&mut parts, &()).await;
        assert_eq!(address, Ok(ClientAddress(Some("10.0.0.9".parse().expect("an address")))));
    }
}
