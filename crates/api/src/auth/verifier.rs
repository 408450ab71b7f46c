//! Believing tokens without asking anybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use kernel::clock::{Clock, Timestamp};
use ring::signature::{ED25519, UnparsedPublicKey};

use super::cache::{Cache, Known};
use super::token::{self, Claims, TokenError, TokenKind};
use super::{Caller, KeyError, Revocations, keys};

/// Verifies tokens with the campus's public keys, the time and the last known list of revocations. No I/O.
pub struct Verifier {
    keys: Vec<(String, UnparsedPublicKey<Vec<u8>>)>,
    clock: Arc<dyn Clock>,
    revocations: ArcSwap<Revocations>,
    cache: Cache,
    uses: Mutex<HashMap<String, Timestamp>>,
}

impl Verifier {
    /// A verifier with the keys of a JWKS; nothing is revoked yet.
    ///
    /// # Errors
    /// If there is no Ed25519 key in it.
    pub fn new(jwks_json: &str, clock: Arc<dyn Clock>) -> Result<Self, KeyError> {
        let keys = keys::parse_jwks(jwks_json)?
            .into_iter()
            .map(|(kid, public)| (kid, UnparsedPublicKey::new(&ED25519, public)))
            .collect();
        Ok(Self { keys, clock, revocations: ArcSwap::default(), cache: Cache::default(), uses: Mutex::default() })
    }

    /// Who the bearer of `token` is.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify(&self, token: &str) -> Result<Caller, TokenError> {
        let known = match self.cache.get(token) {
            Some(known) => known,
            None => {
                let claims = self.believe(token)?;
                let known = Arc::new(Known { caller: claims.caller(), claims });
                self.cache.insert(token, Arc::clone(&known));
                known
            }
        };
        self.alive(&known.claims)?;
        if known.claims.kind == TokenKind::Api {
            let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
            match uses.get_mut(&known.claims.jti) {
                Some(last) => *last = self.clock.now(),
                None => drop(uses.insert(known.claims.jti.clone(), self.clock.now())),
            }
        }
        Ok(known.caller.clone())
    }

    /// The API tokens used since this was last asked, and when each was last used.
    pub fn take_uses(&self) -> HashMap<String, Timestamp> {
        std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the list of revocations.
    pub fn set_revocations(&self, revocations: Revocations) {
        self.revocations.store(Arc::new(revocations));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn believe(&self, token: &str) -> Result<Claims, TokenError> {
        let parts = token::split(token)?;
        let mut candidates = self.keys.iter().filter(|(kid, _)| parts.kid.is_empty() || *kid == parts.kid);
        if !candidates.any(|(_, key)| key.verify(parts.signed.as_bytes(), &parts.signature).is_ok()) {
            return Err(TokenError::Forged);
        }
        token::decode(parts.claims)
    }

    fn alive(&self, claims: &Claims) -> Result<(), TokenError> {
        if self.clock.now().as_seconds() >= claims.exp {
            return Err(TokenError::Expired);
        }
        let revoked = self.revocations.load();
        let user_revoked = revoked.users.get(&claims.sub).is_some_and(|at| claims.iat <= at.as_seconds());
        let revoked_id = |id: &String| revoked.tokens.contains(id);
        if user_revoked || revoked_id(&claims.jti) || claims.sid.as_ref().is_some_and(revoked_id) {
            return Err(TokenError::Revoked);
        }
        Ok(())
    }
}
