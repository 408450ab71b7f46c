//! The token itself: a JWT signed with EdDSA (RFC 8037), the only algorithm that is made or believed.
//!
//! It is put together here, on `ring`, because `jsonwebtoken` without a built-in backend wants a provider that is
//! global to the process, and its built-in backends bring `rsa` or `aws-lc`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};

use super::{Caller, UserRole};

/// What API tokens begin with, so that scanners for leaked secrets find them.
pub const API_TOKEN_PREFIX: &str = "bdl_";

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// A person's session; short-lived.
    Access,
    /// A program's token; long-lived, limited to scopes.
    Api,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user's id.
    pub sub: Id,
    /// The user's name for logging in.
    pub username: String,
    /// The user's role.
    pub role: UserRole,
    /// A professor's courses.
    #[serde(default)]
    pub courses: Vec<String>,
    /// A student's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carnet: Option<i64>,
    /// What an API token may do; absent in access tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// When it was made, in seconds since the epoch.
    pub iat: i64,
    /// From when on it is void, in seconds since the epoch.
    pub exp: i64,
    /// The token's id.
    pub jti: String,
    /// The session of an access token: revoking it revokes the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// What it is for.
    pub kind: TokenKind,
}

impl Claims {
    pub(super) fn caller(&self) -> Caller {
        // An API token without scopes may do nothing, not everything.
        let scopes = match self.kind {
            TokenKind::Access => None,
            TokenKind::Api => Some(self.scopes.clone().unwrap_or_default()),
        };
        Caller {
            user: self.sub,
            username: self.username.clone(),
            role: self.role,
            scopes,
            token: self.jti.clone(),
            session: self.sid.clone(),
            courses: self.courses.clone(),
            carnet: self.carnet,
            expires: Timestamp::from_micros(self.exp.saturating_mul(1_000_000)),
        }
    }
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a JWT, or not of ours.
    #[error("this is not a token of this campus")]
    Malformed,
    /// Another key signed it, or nobody did.
    #[error("the token's signature is not valid")]
    Forged,
    /// Its time is over.
    #[error("the token has expired: log in or refresh it")]
    Expired,
    /// It was taken back.
    #[error("the token was revoked")]
    Revoked,
}

impl TokenError {
    /// A stable word for programs, as in the `error_description` of `WWW-Authenticate`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: String,
    #[serde(default)]
    kid: String,
}

/// The three parts of a JWT; nothing is verified yet.
pub(super) struct Parts<'t> {
    /// What was signed: header and claims as they travel.
    pub(super) signed: &'t str,
    /// Which key should have signed it.
    pub(super) kid: String,
    pub(super) claims: &'t str,
    pub(super) signature: Vec<u8>,
}

/// Longest token that is looked at. Ours have 300 to 1,000 bytes.
const LONGEST: usize = 8192;

pub(super) fn split(token: &str) -> Result<Parts<'_>, TokenError> {
    if token.len() > LONGEST {
        return Err(TokenError::Malformed);
    }
    let token = token.strip_prefix(API_TOKEN_PREFIX).unwrap_or(token);
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
    let header: Header = decode(header)?;
    if header.alg != "EdDSA" {
        // `none` and the HMAC-with-a-public-key trick end here.
        return Err(TokenError::Forged);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Malformed)?;
    Ok(Parts { signed, kid: header.kid, claims, signature })
}

pub(super) fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)
}

/// Header and claims, ready to be signed.
pub(super) fn to_sign(kid: &str, claims: &Claims) -> String {
    let header = Header { alg: "EdDSA".to_owned(), typ: "JWT".to_owned(), kid: kid.to_owned() };
    let encode = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
    format!(
        "{}.{}",
        encode(serde_json::to_vec(&header).unwrap_or_default()),
        encode(serde_json::to_vec(claims).unwrap_or_default())
    )
}
