//! Keys as the ZeroMQ crate takes them.

use omq_tokio::{CurveKeypair, CurvePublicKey, CurveSecretKey};

use crate::keys::{KeyPair, PublicKey};

/// The public key that belongs to a secret one.
pub(crate) fn public_half(secret: &[u8; 32]) -> [u8; 32] {
    *CurveSecretKey::from_bytes(*secret).derive_public().as_bytes()
}

pub(super) fn pair(keys: &KeyPair) -> CurveKeypair {
    CurveKeypair { public: public(keys.public()), secret: CurveSecretKey::from_bytes(*keys.secret().expose()) }
}

pub(super) fn public(key: PublicKey) -> CurvePublicKey {
    CurvePublicKey::from_bytes(key.0)
}
