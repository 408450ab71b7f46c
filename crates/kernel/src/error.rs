//! What kind of thing went wrong, and whether asking again can help.

use std::error::Error;
use std::time::Duration;

/// The kinds of failure that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request itself is wrong; asking again changes nothing.
    Invalid,
    /// The caller did not say who they are, or not believably.
    Unauthenticated,
    /// The caller is known and may not.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The thing is in another state than the request assumes.
    Conflict,
    /// More bytes than allowed.
    TooLarge,
    /// Too many requests or transfers at once.
    Exhausted,
    /// A dependency is away.
    Unavailable,
    /// A disk or a quota is full.
    NoSpace,
    /// A bug or damaged data.
    Internal,
}

/// Whether, and when, the caller may ask again. The schedule is the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request will fail again.
    Never,
    /// The same request may succeed at once.
    Now,
    /// The same request may succeed after this long.
    After(Duration),
}

impl Kind {
    /// What asking again can do for a failure of this kind, if nothing better is known.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::Exhausted | Self::Unavailable => Retry::After(Duration::from_secs(1)),
            Self::NoSpace => Retry::After(Duration::from_secs(30)),
            Self::Invalid
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NotFound
            | Self::Conflict
            | Self::TooLarge
            | Self::Internal => Retry::Never,
        }
    }
}

/// An error with all its causes, for the log, where it is handled.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
