//! Which of the two protocols a request for an upload speaks. Behind the doors there is one store: an upload that was begun
//! at one may go on at the other.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::problem::Failure;
use crate::model::draft::{self, Version};
use crate::model::tus;

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// tus 1.0.0.
    Tus,
    /// The IETF's draft.
    Draft(Version),
}

impl Door {
    /// The door a request came through: the draft's if it names a version of it and none of tus.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        if headers.contains_key(tus::TUS_RESUMABLE) {
            return Ok(Self::Tus);
        }
        Ok(Version::from_headers(headers)?.map_or(Self::Tus, Self::Draft))
    }

    /// The header by which every answer tells the door it goes out through.
    pub(super) fn mark(self) -> (HeaderName, HeaderValue) {
        match self {
            Self::Tus => (tus::TUS_RESUMABLE, HeaderValue::from_static(tus::VERSION)),
            Self::Draft(version) => (draft::INTEROP_VERSION, version.number()),
        }
    }

    /// A failure as an answer through this door.
    pub(super) fn failure(self, failure: Failure) -> Failure {
        let (name, value) = self.mark();
        Failure(failure.0.header(name, value))
    }
}
