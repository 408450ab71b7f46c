//! Hashing and checking passwords: Argon2id, 19 MiB, two passes, one lane (OWASP's minimum).

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::id::IdSource;
use kernel::secret::Secret;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::AccountsError;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How long a log-in waits for its turn. The gateway waits 30 s for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Hashes a bounded number of passwords at once, off the async threads. Clones share the bound.
#[derive(Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    ids: IdSource,
    /// What passwords of users that do not exist are checked against, so that they take as long.
    nobody: Arc<OnceLock<String>>,
}

/// Leave to hash one password. It is held through a whole attempt, so that attempts beyond the limits cannot overtake
/// the record of those before them.
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Passwords {
    pub(crate) fn new(concurrent: u32, ids: IdSource) -> Self {
        let turns = Arc::new(Semaphore::new(usize::try_from(concurrent).unwrap_or(1)));
        Self { turns, ids, nobody: Arc::default() }
    }

    pub(crate) async fn turn(&self) -> Result<Turn, AccountsError> {
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit }),
            Ok(Err(_)) => Err(AccountsError::Fault("the semaphore of password hashing was closed")),
            Err(_) => Err(AccountsError::Busy),
        }
    }

    /// The PHC string of a password.
    pub(crate) async fn hash(&self, turn: &Turn, password: &Secret<String>) -> Result<String, AccountsError> {
        let salt = self.salt();
        let password = password.clone();
        off_thread(turn, move || hash(&password, &salt)).await?
    }

    /// Whether `password` is the one behind `known`; without a known one it takes as long and is not.
    pub(crate) async fn verify(
        &self,
        turn: &Turn,
        password: &Secret<String>,
        known: Option<String>,
    ) -> Result<bool, AccountsError> {
        let (password, salt, nobody) = (password.clone(), self.salt(), Arc::clone(&self.nobody));
        off_thread(turn, move || {
            let exists = known.is_some();
            let phc = match known {
                Some(phc) => phc,
                None => match nobody.get() {
                    Some(phc) => phc.clone(),
                    None => {
                        let phc = hash(&Secret::new(String::new()), &salt)?;
                        nobody.get_or_init(|| phc).clone()
                    }
                },
            };
            let parsed = PasswordHash::new(&phc).map_err(|_| AccountsError::Fault("a password hash is damaged"))?;
            let matches = argon2()?.verify_password(password.expose().as_bytes(), &parsed).is_ok();
            Ok(matches && exists)
        })
        .await?
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.ids.fill(&mut salt);
        salt
    }
}

async fn off_thread<T: Send + 'static>(
    _turn: &Turn,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AccountsError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| AccountsError::Fault("hashing a password panicked"))
}

fn argon2() -> Result<Argon2<'static>, AccountsError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|_| AccountsError::Fault("the parameters of Argon2 are not valid"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &Secret<String>, salt: &[u8]) -> Result<String, AccountsError> {
    let fault = |_| AccountsError::Fault("a password could not be hashed");
    let salt = SaltString::encode_b64(salt).map_err(fault)?;
    Ok(argon2()?.hash_password(password.expose().as_bytes(), &salt).map_err(fault)?.to_string())
}

/// Hashes without waiting for a turn: for the first users, before there is any request.
pub(crate) async fn hash_alone(password: &Secret<String>, ids: &IdSource) -> Result<String, AccountsError> {
    let passwords = Passwords::new(1, ids.clone());
    let turn = passwords.turn().await?;
    passwords.hash(&turn, password).await
}

#[cfg(test)]
mod tests {
    use kernel::clock::ManualClock;

    use super::*;

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let passwords = Passwords::new(1, IdSource::seeded(Arc::new(ManualClock::default()), 1));
        let turn = passwords.turn().await.expect("a turn");
        let right = Secret::new("correcta ñ".to_owned());
        let phc = passwords.hash(&turn, &right).await.expect("hashes");
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(phc.len() <= 255);
        assert!(passwords.verify(&turn, &right, Some(phc.clone())).await.expect("checks"));
        let wrong = Secret::new("correcta n".to_owned());
        assert!(!passwords.verify(&turn, &wrong, Some(phc)).await.expect("checks"));
        let empty = Secret::new(String::new());
        assert!(!passwords.verify(&turn, &empty, None).await.expect("checks"), "nobody has no password");
        assert_ne!(
            passwords.hash(&turn, &right).await.expect("hashes"),
            passwords.hash(&turn, &right).await.expect("hashes")
        );
    }
}
