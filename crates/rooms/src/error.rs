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
    /// There is a member of that name.
    #[error("the member's name is taken")]
    NameTaken,
    /// Another member has that key.
    #[error("another member has that key")]
    KeyTaken,
    /// Links are open, so there are no keys.
    #[error("there are no keys")]
    NoKeys,
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
            RoomsError::Store(error) => {
                Self::of_database(error.kind, &error, "The database of the rooms is away: try again.")
            }
            RoomsError::Invalid(Invalid { field, detail }) => {
                Self::unprocessable(vec![FieldError::new(format!("/{field}"), "value", detail)])
            }
            RoomsError::NotFound => Self::not_found(),
            RoomsError::KeyReused => Self::new(Kind::Conflict, "This request_id was used for another request.").field(
                "/request_id",
                "taken",
                "choose another, or leave it out",
            ),
            RoomsError::NameTaken => Self::new(Kind::Conflict, "There is a faculty or a programme of this name.")
                .field("/name", "taken", "choose another"),
            RoomsError::KeyTaken => Self::new(Kind::Conflict, "Another faculty or programme has this key.").field(
                "/public_key",
                "taken",
                "each has a key of its own: make one with `bedel rooms keygen`, or leave it out",
            ),
            RoomsError::NoKeys => {
                Self::new(Kind::Conflict, "Links of this campus are open (rooms.security is none): there are no keys.")
            }
            RoomsError::NoSuccessor => {
                Self::new(Kind::Conflict, "No other server is there to lead: start a second replica of rooms-server.")
            }
            RoomsError::NoLeader => Self::new(Kind::Unavailable, "No server of rooms leads at the moment: try again.")
                .retry_after(Duration::from_secs(1)),
        }
    }
}
