//! The log of an attempt while it is under way, and its end.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::error::Kind;
use sea_orm::DatabaseTransaction;
use store::StoreError;

use super::leading::Term;
use crate::model::Attempt;
use crate::store::log;

/// How often the log tells how far an attempt has come.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// While SQL is away an end waits to be written.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// How far an attempt has come.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) sent: AtomicU64,
    pub(super) entries: AtomicU64,
}

impl Counts {
    fn now(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.entries.load(Ordering::Relaxed))
    }

    /// Into its line.
    pub(super) fn note(&self, attempt: &mut Attempt) {
        (attempt.sent, attempt.entries) = self.now();
    }
}

/// Writes an attempt as it stands. That the log is late harms nobody.
pub(super) async fn told(term: &Term, attempt: &Attempt) {
    if let Err(error) = write(term, attempt.clone()).await {
        tracing::debug!(error = %error, "the log was not told how far an attempt is");
    }
}

/// Writes an attempt as it stands.
///
/// # Errors
/// As [`Term::write`].
pub(super) async fn write(term: &Term, line: Attempt) -> Result<(), StoreError> {
    let written = term.write(move |transaction| {
        let line = line.clone();
        async move { log::write(transaction, &line).await }.boxed()
    });
    written.await
}

/// Tells the log now and then how far it is; never ends by itself.
pub(super) async fn tell(term: &Term, mut attempt: Attempt, counts: &Counts) -> Infallible {
    loop {
        tokio::time::sleep(TELL_EVERY).await;
        if counts.now() != (attempt.sent, attempt.entries) {
            counts.note(&mut attempt);
            told(term, &attempt).await;
        }
    }
}

/// Writes an end, for as long as it takes SQL to answer: what it tells of is durable already.
pub(super) async fn ended<F>(term: &Term, op: F)
where
    F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<(), StoreError>> + Clone + Send + Sync + 'static,
{
    loop {
        match term.write(op.clone()).await {
            Err(error) if matches!(error.kind, Kind::Unavailable | Kind::NoSpace) && term.holds() => {
                tracing::warn!(error = %error, "the end of an attempt waits to be noted");
                tokio::time::sleep(WRITE_AGAIN).await;
            }
            Err(error) => {
                tracing::warn!(error = %error, "the end of an attempt was not noted: whoever leads next finds it");
                return;
            }
            Ok(()) => return,
        }
    }
}
