//! What can go wrong over HTTP, and how each of it is answered.

use std::error::Error;
use std::time::Duration;

use api::{FieldError, Problem};
use kernel::error::{Kind, chain};
use store::StoreError;
use vault::repository::RepositoryError;

use crate::authority::AuthorityError;
use crate::model::Invalid;
use crate::server::shelf::ShelfError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The packs.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A field is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such target, backup or attempt.
    #[error("not found")]
    NotFound,
    /// The backup was dropped: ten newer ones are kept.
    #[error("the backup was dropped")]
    Dropped,
    /// The path of this node is registered.
    #[error("registered already")]
    Registered,
    /// An alert that clears by itself was to be dismissed.
    #[error("not to be dismissed")]
    NotAnEvent,
    /// A signed address has expired, or is none.
    #[error("the signature is not good")]
    BadSignature,
    /// The token is unknown, used up, expired, or its bearer does not know its secret.
    #[error("the token is not good")]
    BadToken,
    /// The request for a certificate is none.
    #[error("not a request for a certificate")]
    BadRequest(#[source] AuthorityError),
    /// No server leads.
    #[error("no server leads")]
    NoLeader,
}

impl From<ShelfError> for BackupError {
    fn from(error: ShelfError) -> Self {
        match error {
            ShelfError::Repository(error) => Self::Repository(error),
            ShelfError::Store(error) => Self::Store(error),
        }
    }
}

impl From<BackupError> for Problem {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => of(error.kind, &error),
            BackupError::Repository(RepositoryError::NoBackup(_)) => BackupError::Dropped.into(),
            BackupError::Repository(RepositoryError::NoEntry) => Self::not_found(),
            BackupError::Repository(error) => of(error.kind(), &error),
            BackupError::Invalid(Invalid { field, detail }) => {
                Self::unprocessable(vec![FieldError::new(format!("/{field}"), "value", detail)])
            }
            BackupError::NotFound => Self::not_found(),
            BackupError::Dropped => Self::new(
                Kind::NotFound,
                "This backup is no longer kept, because newer ones took its place: GET /api/v1/backups shows which are.",
            ),
            BackupError::Registered => {
                Self::new(Kind::Conflict, "This path of this node is registered already: unregister it to change it.")
            }
            BackupError::NotAnEvent => Self::new(
                Kind::Conflict,
                "Only `shrunk` and `changed` can be dismissed: others end when their reason does.",
            ),
            BackupError::BadSignature => Self::new(
                Kind::Unauthenticated,
                "This address has expired or is not one of ours: ask for a new one with POST /backups/{id}/url.",
            ),
            BackupError::BadToken => Self::new(
                Kind::Forbidden,
                "This enrolment token is unknown, used up or expired: `bedel backup enroll-token` prints another.",
            ),
            BackupError::BadRequest(_) => Self::unprocessable(vec![FieldError::new(
                "/request",
                "value",
                "a certificate request in PEM is expected, signed by its own key",
            )]),
            BackupError::NoLeader => Self::new(Kind::Unavailable, "No backup server leads at the moment: try again.")
                .retry_after(Duration::from_secs(1)),
        }
    }
}

fn of(kind: Kind, error: &(dyn Error + 'static)) -> Problem {
    let error = chain(error);
    match kind {
        Kind::Unavailable => {
            tracing::warn!(error, "the records of backups are away");
            Problem::new(Kind::Unavailable, "The records of the backups are away: try again.")
        }
        Kind::NoSpace => {
            tracing::error!(error, "the disk of the backups is full");
            Problem::new(Kind::NoSpace, "The disk of the backups is full.")
        }
        _ => {
            tracing::error!(error, "a request failed");
            Problem::new(Kind::Internal, "The server failed to answer; the fault is logged.")
        }
    }
}
