//! Tokens that are their own right: whoever has one may use what it opens. Only their hash is kept.

use ring::digest::{SHA256, digest};

use super::digest::hex;

/// Bytes of a token: 128 bits nobody can guess.
pub const LENGTH: usize = 16;

/// A token as it travels: 32 hexadecimal characters.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken(String);

impl SecretToken {
    /// The token of these unpredictable bytes.
    #[must_use]
    pub fn new(bytes: [u8; LENGTH]) -> Self {
        Self(hex(&bytes))
    }

    /// The token itself, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(&self.0)
    }
}

/// What is kept of the token that a client sent: SHA-256 in hexadecimal. Any text has one; that of no token is unknown.
#[must_use]
pub fn hash(token: &str) -> String {
    hex(digest(&SHA256, token.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_not_what_is_shown() {
        let token = SecretToken::new([7; LENGTH]);
        assert_eq!(token.expose().len(), 32);
        assert_eq!(token.hash(), hash(token.expose()));
        assert_eq!(token.hash().len(), 64);
        assert_ne!(token.hash(), SecretToken::new([8; LENGTH]).hash());
    }
}
