//! What can go wrong over HTTP, and how each of it is answered.

use std::time::Duration;

use api::{FieldError, Problem};
use kernel::error::Kind;
use store::StoreError;

use crate::model::Invalid;

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RoomsError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A field is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such request.
    #[error("not found")]
    NotFound,
    /// The name of the request was used for another one.
    #[error("the request's name was used for another one")]
    KeyReused,
    /// There is no other server.
    #[error("no other server is there to lead")]
    NoSuccessor,
    /// No server leads, or its records cannot be written.
    #[error("no server leads")]
    NoLeader,
}

impl From<RoomsError> for Problem {
    fn from(error: RoomsError) -> Self {
        match error {
            RoomsError::Store(error) => of_store(&error),
            RoomsError::Invalid(Invalid { field, detail }) => {
                Self::unprocessable(vec![FieldError::new(format!("/{field}"), "value", detail)])
            }
            RoomsError::NotFound => Self::not_found(),
            RoomsError::KeyReused => Self::new(Kind::Conflict, "This request_id was used for another request.").field(
                "/request_id",
                "taken",
                "choose another, or leave it out",
            ),
            RoomsError::NoSuccessor => {
                Self::new(Kind::Conflict, "No other server is there to lead: start a second replica of rooms-server.")
            }
            RoomsError::NoLeader => Self::new(Kind::Unavailable, "No server of rooms leads at the moment: try again.")
                .retry_after(Duration::from_secs(1)),
        }
    }
}

fn of_store(error: &StoreError) -> Problem {
    let mut chain = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    match error.kind {
        Kind::Unavailable => {
            tracing::warn!(error = chain, "the database is away");
            Problem::new(Kind::Unavailable, "The database of the rooms is away: try again.")
        }
        Kind::NoSpace => {
            tracing::error!(error = chain, "the database is full");
            Problem::new(Kind::NoSpace, "The database's disk is full.")
        }
        _ => {
            tracing::error!(error = chain, "a request failed in the database");
            Problem::new(Kind::Internal, "The server failed to answer; the fault is logged.")
        }
    }
}
