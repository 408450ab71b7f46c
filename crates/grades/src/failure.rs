//! What can go wrong, and how each of it is answered over HTTP.

use std::time::Duration;

use api::{FieldError, Problem};
use kernel::error::Kind;
use store::StoreError;

use crate::model::Fault;

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The database. Nothing was acknowledged; sending it again is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Fields of the record are wrong.
    #[error("the record is not valid")]
    Invalid(Vec<Fault>),
    /// Too many records wait already; nothing was taken.
    #[error("too many records wait to be written")]
    Busy,
    /// What the record would be given to does not answer, or this process ends. Sending it again is safe.
    #[error("{0}")]
    Away(&'static str),
    /// The `Idempotency-Key` was used with another body.
    #[error("the key was used with another body")]
    KeyReused,
    /// The next hop of a route does not let the caller: its token ended on the way.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such grade, or it is not the caller's to see.
    #[error("not found")]
    NotFound,
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => {
                Self::of_database(error.kind, &error, "The database of the grades is away: try again.")
            }
            Failure::Invalid(faults) => Self::unprocessable(
                faults
                    .into_iter()
                    .map(|fault| FieldError::new(format!("/{}", fault.field), fault.code, fault.detail))
                    .collect(),
            ),
            Failure::Busy => Self::new(Kind::Unavailable, "Too many grades wait to be written: try again.")
                .retry_after(Duration::from_secs(1)),
            Failure::Away(detail) => Self::new(Kind::Unavailable, detail).retry_after(Duration::from_secs(1)),
            Failure::KeyReused => api::idempotency::other_body(),
            Failure::Forbidden(detail) => Self::new(Kind::Forbidden, detail),
            Failure::NotFound => Self::not_found(),
        }
    }
}
