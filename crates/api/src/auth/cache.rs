//! Tokens whose signature was found good, so that a client's thousandth request costs a look-up and not a curve.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Caller, Claims};

/// Two generations of at most this many tokens: about 2 MB when full.
const GENERATION: usize = 1024;

/// A token that was verified once. Expiry and revocation are looked at every time, since they change.
pub(super) struct Known {
    pub(super) claims: Claims,
    pub(super) caller: Caller,
}

#[derive(Default)]
pub(super) struct Cache(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<Box<str>, Arc<Known>>,
    old: HashMap<Box<str>, Arc<Known>>,
}

impl Cache {
    pub(super) fn get(&self, token: &str) -> Option<Arc<Known>> {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = generations.young.get(token) {
            return Some(Arc::clone(known));
        }
        let (token, known) = generations.old.remove_entry(token)?;
        generations.keep(token, Arc::clone(&known));
        Some(known)
    }

    pub(super) fn insert(&self, token: &str, known: Arc<Known>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keep(token.into(), known);
    }
}

impl Generations {
    fn keep(&mut self, token: Box<str>, known: Arc<Known>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(token, known);
    }
}
