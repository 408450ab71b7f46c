//! Hashing and checking the passwords of shares: Argon2id, 19 MiB, two passes, one lane, two at once.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::error::Kind;
use kernel::id::IdSource;
use kernel::secret::Secret;
use tokio::sync::Semaphore;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashed at the same time, at most.
const AT_ONCE: usize = 2;
/// How long a request waits for its turn. The gateway waits 30 s for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a password could not be hashed or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Too many wait.
    #[error("too many passwords are being checked")]
    Busy,
    /// A stored hash is damaged, or hashing failed.
    #[error("a password could not be hashed: {0}")]
    Fault(&'static str),
}

impl PasswordError {
    /// What it means to whoever asked.
    #[must_use]
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Busy => Kind::Unavailable,
            Self::Fault(_) => Kind::Internal,
        }
    }
}

/// Hashes a bounded number of passwords at once, off the async threads. Clones share the bound.
#[derive(Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    ids: IdSource,
}

impl Passwords {
    /// Nothing is hashed yet.
    #[must_use]
    pub(crate) fn new(ids: IdSource) -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), ids }
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub(crate) async fn hash(&self, password: Secret<String>) -> Result<Secret<String>, PasswordError> {
        let mut salt = [0; 16];
        self.ids.fill(&mut salt);
        self.off_thread(move || {
            let fault = |_| PasswordError::Fault("the hash failed");
            let salt = SaltString::encode_b64(&salt).map_err(fault)?;
            let phc = argon2()?.hash_password(password.expose().as_bytes(), &salt).map_err(fault)?;
            Ok(Secret::new(phc.to_string()))
        })
        .await
    }

    /// Whether `password` is the one behind `phc`.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub(crate) async fn verify(&self, password: Secret<String>, phc: Secret<String>) -> Result<bool, PasswordError> {
        self.off_thread(move || {
            let parsed =
                PasswordHash::new(phc.expose()).map_err(|_| PasswordError::Fault("a stored hash is damaged"))?;
            Ok(argon2()?.verify_password(password.expose().as_bytes(), &parsed).is_ok())
        })
        .await
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(PasswordError::Busy) };
        // The turn lasts as long as the thread works, also when nobody waits for it any more.
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        working.await.map_err(|_| PasswordError::Fault("the thread panicked"))?
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|_| PasswordError::Fault("the parameters of Argon2 are not valid"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use kernel::clock::ManualClock;

    use super::*;

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let passwords = Passwords::new(IdSource::seeded(Arc::new(ManualClock::default()), 1));
        let of = |text: &str| Secret::new(text.to_owned());
        let phc = passwords.hash(of("clave ñ")).await.expect("hashes");
        assert!(phc.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", phc.expose());
        assert!(phc.expose().len() <= 255);
        assert_eq!(passwords.verify(of("clave ñ"), phc.clone()).await, Ok(true));
        assert_eq!(passwords.verify(of("clave n"), phc).await, Ok(false));
        assert!(matches!(passwords.verify(of("x"), of("damaged")).await, Err(PasswordError::Fault(_))));
    }
}
