//! What can go wrong in this service, and how each of it is answered.

use std::time::Duration;

use api::{FieldError, Problem};
use kernel::error::Kind;
use store::StoreError;

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountsError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Fields are wrong.
    #[error("{} fields are not valid", .0.len())]
    Invalid(Vec<FieldError>),
    /// There is no such thing, or the caller may not know of it.
    #[error("not found")]
    NotFound,
    /// The caller may not.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Another user has this username.
    #[error("the username is taken")]
    UsernameTaken,
    /// Another user has this carnet.
    #[error("the carnet is taken")]
    CarnetTaken,
    /// Somebody must be left to administer the campus.
    #[error("the last administrator stays one")]
    LastAdmin,
    /// The user has as many API tokens as there may be.
    #[error("too many API tokens")]
    TooManyTokens,
    /// Username or password are wrong; which of them is not told.
    #[error("wrong username or password")]
    BadCredentials,
    /// The refresh token is not one, has expired, or was used before.
    #[error("the session is over")]
    SessionOver,
    /// Too many wrong passwords.
    #[error("too many failed attempts")]
    TooManyFailures {
        /// When the next attempt may be made.
        wait: Duration,
    },
    /// More passwords are waiting to be checked than can be in reasonable time.
    #[error("too many log-ins at once")]
    Busy,
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used with another body")]
    KeyReused,
    /// A bug.
    #[error("{0}")]
    Fault(&'static str),
}

impl AccountsError {
    /// One wrong field.
    pub(crate) fn field(field: &str, code: &str, message: &str) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, message)])
    }
}

impl From<AccountsError> for Problem {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::Store(error) => {
                Self::of_database(error.kind, &error, "The database of the accounts is away: try again.")
            }
            AccountsError::Invalid(fields) => Self::unprocessable(fields),
            AccountsError::NotFound => Self::not_found(),
            AccountsError::Forbidden(why) => Self::new(Kind::Forbidden, why),
            AccountsError::UsernameTaken => Self::new(Kind::Conflict, "Another user has this username.").field(
                "/username",
                "taken",
                "choose another",
            ),
            AccountsError::CarnetTaken => {
                Self::new(Kind::Conflict, "Another user has this carnet.").field("/carnet", "taken", "choose another")
            }
            AccountsError::LastAdmin => Self::new(
                Kind::Conflict,
                "This is the last administrator: make another one first, or nobody could administer the campus.",
            ),
            AccountsError::TooManyTokens => {
                Self::new(Kind::Conflict, "There are too many API tokens: revoke one that is not used any more.")
            }
            AccountsError::BadCredentials => Self::new(Kind::Unauthenticated, "Wrong username or password."),
            AccountsError::SessionOver => Self::new(Kind::Unauthenticated, "This session is over: log in again."),
            AccountsError::TooManyFailures { wait } => {
                Self::new(Kind::Exhausted, "Too many failed attempts: wait before the next one.").retry_after(wait)
            }
            AccountsError::Busy => Self::new(Kind::Unavailable, "Too many people are logging in at once: try again.")
                .retry_after(Duration::from_secs(2)),
            AccountsError::KeyReused => api::idempotency::other_body(),
            AccountsError::Fault(what) => {
                tracing::error!(fault = what, "a request failed");
                Self::new(Kind::Internal, "The server failed to answer; the fault is logged.")
            }
        }
    }
}
