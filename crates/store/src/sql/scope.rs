//! What is known about the write an op runs in. It travels as a task-local because ops get only the transaction, and a
//! transaction of ours exists nowhere but inside [`Sql::write`](super::Sql::write).

use std::cell::Cell;
use std::future::Future;

use kernel::error::Kind;
use sea_orm::DbErr;

use crate::error::{StoreError, is_conflict};

#[derive(Clone, Copy)]
struct Scope {
    service: &'static str,
}

tokio::task_local! {
    static SCOPE: Scope;
    static REPEAT: Cell<bool>;
}

/// Runs `op` as a write of `service`; the flag tells whether the database wants the transaction run again.
pub(super) async fn enter<O: Future>(service: &'static str, op: O) -> (O::Output, bool) {
    SCOPE
        .scope(
            Scope { service },
            REPEAT.scope(Cell::new(false), async {
                let output = op.await;
                (output, REPEAT.with(Cell::get))
            }),
        )
        .await
}

/// Remembers that the transaction must be run again, if this error says so.
pub(crate) fn note(error: &DbErr) {
    if is_conflict(error) {
        ask_repeat();
    }
}

/// Asks for the transaction to be run again: another one committed between our read and our write.
pub(crate) fn ask_repeat() {
    let _ = REPEAT.try_with(|repeat| repeat.set(true));
}

/// The service whose write this is.
pub(crate) fn service() -> Result<&'static str, StoreError> {
    SCOPE.try_with(|scope| scope.service).map_err(|_| StoreError::bare(Kind::Internal, "called outside Sql::write"))
}
