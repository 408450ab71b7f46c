//! What went wrong below a service, in the kernel's kinds.

use std::error::Error;
use std::sync::Arc;

use kernel::error::Kind;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr, SqlxError, SqlxMySqlError, SqlxSqliteError};

use crate::sql::scope;

/// A failure of SQL: its kind, what was being done, and the cause. Clones share the cause, because one failed commit is
/// told to everyone who shared it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("sql failed: {context}")]
pub struct StoreError {
    /// The kind callers tell apart.
    pub kind: Kind,
    /// What was being done.
    context: &'static str,
    #[source]
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// A failure with its cause.
    pub fn new(kind: Kind, context: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, context, source: Some(Arc::from(source.into())) }
    }

    /// A failure that is its own cause.
    #[must_use]
    pub const fn bare(kind: Kind, context: &'static str) -> Self {
        Self { kind, context, source: None }
    }

    pub(crate) fn of(context: &'static str, error: DbErr) -> Self {
        scope::note(&error);
        Self::new(kind_of(&error), context, error)
    }

    /// What was being done.
    #[must_use]
    pub const fn context(&self) -> &'static str {
        self.context
    }
}

/// Turns a database's error into ours, naming what was being done.
pub trait DbContext<T> {
    /// Names what was being done.
    ///
    /// # Errors
    /// The database's, with its kind: full disk → [`Kind::NoSpace`], lost connection, deadlock or time-out →
    /// [`Kind::Unavailable`], unique or foreign key → [`Kind::Conflict`], anything else → [`Kind::Internal`].
    fn context(self, what: &'static str) -> Result<T, StoreError>;
}

impl<T> DbContext<T> for Result<T, DbErr> {
    fn context(self, what: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::of(what, error))
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        Self::of("statement", error)
    }
}

/// Whether a statement failed because a row with that key exists. The enclosing transaction goes on.
#[must_use]
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// MySQL's deadlock (1213) and lock wait time-out (1205): the transaction is gone and may be run again.
pub(crate) fn is_conflict(error: &DbErr) -> bool {
    matches!(mysql_number(error), Some(1213 | 1205))
}

fn sqlx_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

fn mysql_number(error: &DbErr) -> Option<u16> {
    match sqlx_error(error)? {
        SqlxError::Database(error) => error.try_downcast_ref::<SqlxMySqlError>().map(SqlxMySqlError::number),
        _ => None,
    }
}

/// SQLite's primary result code (the extended code's low byte).
fn sqlite_code(error: &SqlxError) -> Option<u32> {
    let SqlxError::Database(error) = error else { return None };
    error.try_downcast_ref::<SqlxSqliteError>()?;
    Some(error.code()?.parse::<u32>().ok()? & 0xff)
}

pub(crate) fn kind_of(error: &DbErr) -> Kind {
    if error.sql_err().is_some() {
        return Kind::Conflict;
    }
    if let DbErr::ConnectionAcquire(ConnAcquireErr::Timeout | ConnAcquireErr::ConnectionClosed) = error {
        return Kind::Unavailable;
    }
    if let Some(number) = mysql_number(error) {
        return match number {
            // Table full, disk full, error on write.
            1114 | 1021 | 3 => Kind::NoSpace,
            // Too many connections, shutting down, interrupted, lock wait, deadlock, read-only, killed, not yet
            // a cluster member.
            1040 | 1053 | 1317 | 1205 | 1213 | 1290 | 1836 | 1927 | 1203 | 1047 => Kind::Unavailable,
            // Access denied and unknown database: the settings are wrong, and an operator can set them right.
            1044 | 1045 | 1049 => Kind::Unavailable,
            _ => Kind::Internal,
        };
    }
    match sqlx_error(error) {
        Some(SqlxError::Io(io)) if crate::blobs::is_no_space(io) => Kind::NoSpace,
        Some(
            SqlxError::Io(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::WorkerCrashed,
        ) => Kind::Unavailable,
        Some(other) => match sqlite_code(other) {
            // SQLITE_FULL
            Some(13) => Kind::NoSpace,
            // BUSY, LOCKED, READONLY, IOERR, CANTOPEN
            Some(5 | 6 | 8 | 10 | 14) => Kind::Unavailable,
            _ => Kind::Internal,
        },
        None => Kind::Internal,
    }
}

/// A DDL statement met what it was to make: MySQL's table (1050), column (1060) or index (1061).
pub(crate) fn already_exists(error: &DbErr) -> bool {
    matches!(mysql_number(error), Some(1050 | 1060 | 1061))
}
