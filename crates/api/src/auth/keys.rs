//! The keys tokens are signed and verified with: Ed25519, PKCS #8 in PEM and JWKS (RFC 7517, RFC 8037).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kernel::id::IdSource;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};

use super::token::{self, API_TOKEN_PREFIX, Claims, TokenKind};

/// A key file is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The private key.
    #[error("the signing key is not an Ed25519 key in PKCS #8 PEM")]
    Private,
    /// The public keys.
    #[error("the verifying keys are not a JWKS with Ed25519 keys")]
    Public,
}

/// Signs tokens; only `accounts` has one. Clones share the key.
#[derive(Clone)]
pub struct Signer {
    pair: Arc<Ed25519KeyPair>,
    kid: Arc<str>,
}

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
/// PKCS #8 version 1 (RFC 5958, RFC 8410) up to the 32 bytes of an Ed25519 seed.
const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

impl Signer {
    /// Reads a private key.
    ///
    /// # Errors
    /// If it is not one of [`generate_keys`], OpenSSL's or ring's.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let text = pem.split_once(PEM_BEGIN).and_then(|(_, rest)| rest.split_once(PEM_END)).ok_or(KeyError::Private)?;
        let base64: String = text.0.split_whitespace().collect();
        let der = STANDARD.decode(base64).map_err(|_| KeyError::Private)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| KeyError::Private)?;
        let kid = thumbprint(pair.public_key().as_ref()).into();
        Ok(Self { pair: Arc::new(pair), kid })
    }

    /// The token that says `claims`. The same claims always give the same token.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        let signed = token::to_sign(&self.kid, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()));
        let prefix = match claims.kind {
            TokenKind::Access => "",
            TokenKind::Api => API_TOKEN_PREFIX,
        };
        format!("{prefix}{signed}.{signature}")
    }

    /// A secret that only holders of the signing key can compute; each `purpose` has its own. EdDSA signatures do not
    /// vary, so all replicas and all restarts get the same one.
    #[must_use]
    pub fn derive_key(&self, purpose: &str) -> [u8; 32] {
        // No JWT begins with a NUL: what is signed here can never be one.
        let signature = self.pair.sign(format!("\0bedel key for {purpose}").as_bytes());
        let mut key = [0; 32];
        key.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, signature.as_ref()).as_ref());
        key
    }

    /// The public half, as a JWKS.
    #[must_use]
    pub fn jwks(&self) -> String {
        jwks(self.pair.public_key().as_ref())
    }
}

/// Makes a new key: the private half in PEM, the public half as a JWKS.
#[must_use]
pub fn generate_keys(ids: &IdSource) -> (String, String) {
    let mut der = PKCS8_HEAD.to_vec();
    let mut seed = [0_u8; 32];
    ids.fill(&mut seed);
    der.extend_from_slice(&seed);
    let pem = format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", STANDARD.encode(&der));
    let jwks = Signer::from_pem(&pem).map(|signer| signer.jwks()).unwrap_or_default();
    (pem, jwks)
}

/// One public key.
#[derive(Debug, Serialize, Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    kid: String,
    #[serde(default, rename = "use", skip_serializing_if = "String::is_empty")]
    purpose: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    alg: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// The key's name: its JWK thumbprint (RFC 7638).
fn thumbprint(public: &[u8]) -> String {
    let canonical = format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{}\"}}", URL_SAFE_NO_PAD.encode(public));
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes()))
}

fn jwks(public: &[u8]) -> String {
    let key = Jwk {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: URL_SAFE_NO_PAD.encode(public),
        kid: thumbprint(public),
        purpose: "sig".to_owned(),
        alg: "EdDSA".to_owned(),
    };
    serde_json::to_string(&Jwks { keys: vec![key] }).unwrap_or_default()
}

/// The Ed25519 keys of a JWKS as (kid, 32 bytes); keys of other types are passed over, as RFC 7517 asks.
pub(super) fn parse_jwks(text: &str) -> Result<Vec<(String, Vec<u8>)>, KeyError> {
    let set: Jwks = serde_json::from_str(text).map_err(|_| KeyError::Public)?;
    let keys: Vec<(String, Vec<u8>)> = set
        .keys
        .into_iter()
        .filter(|key| key.kty == "OKP" && key.crv == "Ed25519")
        .filter_map(|key| Some((key.kid, URL_SAFE_NO_PAD.decode(key.x).ok().filter(|x| x.len() == 32)?)))
        .collect();
    if keys.is_empty() { Err(KeyError::Public) } else { Ok(keys) }
}
