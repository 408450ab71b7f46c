//! Signed addresses: what they open, for ten minutes, with no header needed. Whoever has the key can check one alone.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::clock::Timestamp;
use ring::hmac;

/// How long an address is good.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// Signs addresses (HMAC-SHA-256), and checks them. What an address opens is a text; no text may stand for two things.
#[derive(Debug, Clone)]
pub struct AddressSigner(hmac::Key);

impl AddressSigner {
    /// A signer with that secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The signature of an address that opens `what` until then: `SECONDS.TAG`, of letters that need no escaping.
    #[must_use]
    pub fn sign(&self, what: &str, until: Timestamp) -> String {
        let seconds = until.as_seconds();
        let tag = hmac::sign(&self.0, message(what, seconds).as_bytes());
        format!("{seconds}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether `signature` opens `what` now.
    #[must_use]
    pub fn verify(&self, what: &str, signature: &str, now: Timestamp) -> bool {
        let Some((seconds, tag)) = signature.split_once('.') else { return false };
        let (Ok(until), Ok(tag)) = (seconds.parse::<i64>(), URL_SAFE_NO_PAD.decode(tag)) else { return false };
        hmac::verify(&self.0, message(what, until).as_bytes(), &tag).is_ok() && now.as_seconds() <= until
    }
}

fn message(what: &str, until_seconds: i64) -> String {
    format!("bedel {what} until {until_seconds}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_opens_one_thing_for_a_while() {
        let signer = AddressSigner::new(b"secret");
        let now = Timestamp::from_micros(1_000_000_000);
        let until = now.plus(LIFETIME);
        let signature = signer.sign("file 1", until);
        assert!(signer.verify("file 1", &signature, now));
        assert!(signer.verify("file 1", &signature, until));
        assert!(!signer.verify("file 1", &signature, until.plus(Duration::from_secs(1))));
        assert!(!signer.verify("file 2", &signature, now));
        assert!(!AddressSigner::new(b"another").verify("file 1", &signature, now));
        let later = signature.replacen(&until.as_seconds().to_string(), "99999999999", 1);
        assert!(!signer.verify("file 1", &later, now), "the end cannot be moved");
        for bad in ["", ".", "1600", "x.y", "1600.", "99999999999."] {
            assert!(!signer.verify("file 1", bad, now), "{bad}");
        }
    }
}
