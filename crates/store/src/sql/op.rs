//! An op without its types, so that what runs it is built once and not once for each of them.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::error::Kind;
use sea_orm::DatabaseTransaction;

use super::scope;
use crate::error::StoreError;

/// Runs in a transaction, leaves its result for its caller, and says whether it is to be kept.
pub(super) type Op = dyn for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, bool> + Send + Sync;

/// Why nothing was written.
#[derive(Debug, Clone)]
pub(super) enum Failed {
    /// The op says why.
    Op,
    /// The transaction could not begin or commit, or the op did not end by itself.
    Store(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Where an op leaves what came out.
pub(super) struct Outcome<T, E>(Arc<Mutex<Option<Result<T, E>>>>);

impl<T, E: From<StoreError>> Outcome<T, E> {
    fn keep(&self, result: Result<T, E>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    /// What the op's last run left.
    pub(super) fn take(self) -> Result<T, E> {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        left.unwrap_or_else(|| Err(StoreError::bare(Kind::Internal, "write: the op left no result").into()))
    }
}

/// Takes an op's types away.
pub(super) fn erase<T, E, F>(op: F) -> (Box<Op>, Outcome<T, E>)
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
{
    let left = Outcome(Arc::new(Mutex::new(None)));
    let outcome = Outcome(Arc::clone(&left.0));
    (Box::new(move |transaction| leave(op(transaction), Outcome(Arc::clone(&left.0)))), outcome)
}

fn leave<'t, T, E>(running: BoxFuture<'t, Result<T, E>>, outcome: Outcome<T, E>) -> BoxFuture<'t, bool>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    async move {
        let result = running.await;
        let good = result.is_ok();
        outcome.keep(result);
        good
    }
    .boxed()
}

/// Runs an op under its limit; a panic is an error like another, because the transaction is shared. The flag tells
/// whether the database wants the transaction run again.
pub(super) async fn run(
    service: &'static str,
    limit: Duration,
    op: &Op,
    transaction: &DatabaseTransaction,
) -> (Result<(), Failed>, bool) {
    let guarded = async {
        let running = AssertUnwindSafe(async { op(transaction).await }).catch_unwind();
        match tokio::time::timeout(limit, running).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(Failed::Op),
            Ok(Err(_panic)) => Err(StoreError::bare(Kind::Internal, "write: the op panicked").into()),
            Err(_elapsed) => Err(StoreError::bare(Kind::Unavailable, "write: the op took too long").into()),
        }
    };
    scope::enter(service, guarded).await
}
