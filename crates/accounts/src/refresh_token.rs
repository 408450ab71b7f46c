//! Refresh tokens: opaque, made of the session's id, 128 random bits and a tag that only we can make.
//!
//! The tag tells a token that was ours once from one that never was: only the former, used a second time, ends its
//! session. Without it anybody who has seen a session's id (it is in every access token) could end the session.

use std::fmt::Write as _;

use kernel::id::{Id, IdSource};
use ring::hmac;
use sha2::{Digest, Sha256};

use crate::guard::hex;

/// Makes and reads refresh tokens.
#[derive(Clone)]
pub(crate) struct RefreshTokens {
    key: hmac::Key,
}

/// What of a tag travels: 128 bits.
const TAG: usize = 16;

impl RefreshTokens {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// A new token of a session: `bdr_SESSION.RANDOM.TAG`.
    pub(crate) fn make(&self, session: Id, ids: &IdSource) -> String {
        let mut random = [0; 16];
        ids.fill(&mut random);
        let body = format!("{session}.{}", hex(&random));
        let tag = hmac::sign(&self.key, body.as_bytes());
        let mut token = format!("bdr_{body}.");
        for byte in &tag.as_ref()[..TAG] {
            // Writing to a String cannot fail.
            let _ = write!(token, "{byte:02x}");
        }
        token
    }

    /// The session of a token that we made, at some time.
    pub(crate) fn session(&self, token: &str) -> Option<Id> {
        let (body, tag) = token.strip_prefix("bdr_")?.rsplit_once('.')?;
        let made = hmac::sign(&self.key, body.as_bytes());
        let expected = hex(&made.as_ref()[..TAG]);
        // The comparison of hashes gives nothing away about where two tags differ.
        if Sha256::digest(expected.as_bytes()) != Sha256::digest(tag.as_bytes()) {
            return None;
        }
        body.split_once('.')?.0.parse().ok()
    }
}

/// How a token is kept. It has 128 random bits, so a plain hash cannot be turned around.
pub(crate) fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::clock::ManualClock;

    use super::*;

    #[test]
    fn only_what_we_made_is_read() {
        let ids = IdSource::seeded(Arc::new(ManualClock::default()), 1);
        let tokens = RefreshTokens::new(&[7; 32]);
        let session = ids.next();
        let token = tokens.make(session, &ids);
        assert_eq!(tokens.session(&token), Some(session));
        assert_ne!(tokens.make(session, &ids), token);
        let other = ids.next();
        for bad in [
            String::new(),
            "bdr_".to_owned(),
            token.replace("bdr_", ""),
            token[..token.len() - 1].to_owned(),
            token.replace(&session.to_string(), &other.to_string()),
            RefreshTokens::new(&[8; 32]).make(session, &ids),
        ] {
            assert_eq!(tokens.session(&bad), None, "{bad}");
        }
    }
}
