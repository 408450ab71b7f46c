//! Writes that may be sent again.

use api::idempotency::{IdempotencyKey, digest};
use kernel::clock::Timestamp;
use ring::hmac;
use sea_orm::DatabaseTransaction;
use serde::Serialize;
use store::idempotency::{self, Answer, Seen};

use crate::error::AccountsError;

/// What was done, or that it had been done before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome<T> {
    /// Now.
    Done(T),
    /// Before: the first answer.
    Replayed { status: u16, body: String },
}

/// One request as its repeats are recognised.
#[derive(Debug, Clone)]
pub(crate) struct Once {
    scope: String,
    key: Option<String>,
    digest: [u8; 32],
}

/// Seals digests of bodies: some hold passwords, and a plain digest of one could be guessed at.
#[derive(Clone)]
pub(crate) struct Seal(hmac::Key);

impl Seal {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub(crate) fn once(&self, scope: String, key: IdempotencyKey, body: [u8; 32]) -> Once {
        let digest = digest(hmac::sign(&self.0, &body).as_ref());
        Once { scope, key: key.0, digest }
    }
}

impl Once {
    /// The first answer, if there was one.
    pub(crate) async fn find<T>(&self, transaction: &DatabaseTransaction) -> Result<Option<Outcome<T>>, AccountsError> {
        let Some(key) = &self.key else { return Ok(None) };
        match idempotency::find(transaction, &self.scope, key, &self.digest).await? {
            Seen::New => Ok(None),
            Seen::Replay { status, body } => Ok(Some(Outcome::Replayed { status, body })),
            Seen::OtherBody => Err(AccountsError::KeyReused),
        }
    }

    /// Keeps the answer, in the transaction of what it tells of.
    pub(crate) async fn remember(
        &self,
        transaction: &DatabaseTransaction,
        status: u16,
        answer: &(impl Serialize + Sync),
        now: Timestamp,
    ) -> Result<(), AccountsError> {
        let Some(key) = &self.key else { return Ok(()) };
        let body = serde_json::to_string(answer)
            .map_err(|_| AccountsError::Fault("an answer could not be written as JSON"))?;
        let answer = Answer { status, body: &body };
        idempotency::remember(transaction, &self.scope, key, &self.digest, answer, now).await?;
        Ok(())
    }
}
