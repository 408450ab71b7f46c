//! Enrolment tokens: what an administrator carries to a node once. Who has one can prove it without sending it, so a
//! token is safe on any link; and it pins the authority, so the answer is too.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::id::Id;
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::authority::hex;

/// What a token holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollToken {
    /// Where the campus is: `http://HOST:PORT` or `https://…`.
    pub url: String,
    /// The SHA-256 of the authority's certificate, in hex.
    pub ca: String,
    /// Which token it is.
    pub id: Id,
    /// What only its bearer and the server know, in hex.
    pub secret: String,
}

/// The text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an enrolment token: `bedel backup enroll-token` prints one")]
pub struct BadToken;

impl EnrollToken {
    /// As one word.
    #[must_use]
    pub fn encode(&self) -> String {
        format!("bedel-{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default()))
    }

    /// Reads the word.
    ///
    /// # Errors
    /// [`BadToken`].
    pub fn decode(text: &str) -> Result<Self, BadToken> {
        let word = text.trim().strip_prefix("bedel-").ok_or(BadToken)?;
        let json = URL_SAFE_NO_PAD.decode(word).map_err(|_| BadToken)?;
        serde_json::from_slice(&json).map_err(|_| BadToken)
    }
}

/// Shows that whoever says `request` knows `secret`.
pub(crate) fn proof(secret: &str, request: &str) -> String {
    hex(hmac::sign(&key(secret), request.as_bytes()).as_ref())
}

/// Whether `proof` is that of `request`; takes the same time for every answer.
pub(crate) fn proves(secret: &str, request: &str, proof: &str) -> bool {
    let bytes: Option<Vec<u8>> = (0..proof.len() / 2)
        .map(|place| proof.get(place * 2..place * 2 + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()))
        .collect();
    bytes.is_some_and(|bytes| hmac::verify(&key(secret), request.as_bytes(), &bytes).is_ok())
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::clock::ManualClock;
    use kernel::id::IdSource;

    use super::*;

    #[test]
    fn a_token_is_read_back_and_proves_one_request_alone() {
        let ids = IdSource::seeded(Arc::new(ManualClock::at_micros(0)), 1);
        let (url, ca, secret) = ("http://campus:8080".to_owned(), "ab".to_owned(), "cd".to_owned());
        let token = EnrollToken { url, ca, id: ids.next(), secret };
        assert_eq!(EnrollToken::decode(&format!(" {}\n", token.encode())), Ok(token.clone()));
        for bad in ["", "bedel-", "bedel-%", "x"] {
            assert_eq!(EnrollToken::decode(bad), Err(BadToken), "{bad:?}");
        }
        let shown = proof(&token.secret, "request");
        assert!(proves("cd", "request", &shown));
        for (secret, request, proof) in [("ce", "request", &*shown), ("cd", "other", &shown), ("cd", "request", "zz")] {
            assert!(!proves(secret, request, proof), "{secret} {request} {proof}");
        }
    }
}
