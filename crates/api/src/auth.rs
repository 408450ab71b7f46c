//! Who is calling: tokens, verified offline.

mod cache;
mod extract;
mod keys;
mod revocations;
mod token;
mod verifier;

pub use extract::MaybeCaller;
pub use keys::{KeyError, Signer, generate_keys};
pub use revocations::{REVOCATIONS_KEY, Revocations, TOKEN_USES_PREFIX, follow_revocations};
pub use token::{API_TOKEN_PREFIX, Claims, TokenError, TokenKind};
pub use verifier::Verifier;

use kernel::error::Kind;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;

/// What a user is on the campus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserRole {
    /// Everything, for everybody.
    Admin,
    /// Runs the campus day to day.
    Staff,
    /// Teaches.
    Professor,
    /// Studies.
    Student,
}

impl UserRole {
    /// The role's name in tokens, databases and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Staff => "staff",
            Self::Professor => "professor",
            Self::Student => "student",
        }
    }
}

/// No user role has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no user role is called {0:?}: admin, staff, professor and student are known")]
pub struct UnknownUserRole(pub String);

impl std::str::FromStr for UserRole {
    type Err = UnknownUserRole;

    fn from_str(text: &str) -> Result<Self, UnknownUserRole> {
        [Self::Admin, Self::Staff, Self::Professor, Self::Student]
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownUserRole(text.to_owned()))
    }
}

/// What an API token may be limited to. A token without the scope an endpoint asks for gets 403.
pub const SCOPES: [&str; 10] = [
    "backups:read",
    "backups:write",
    "files:read",
    "files:write",
    "grades:read",
    "grades:write",
    "rooms:read",
    "rooms:write",
    "users:read",
    "users:write",
];

/// Who is calling. As an extractor it answers 401 if nobody is, believably.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user's id.
    pub user: Id,
    /// The user's name for logging in.
    pub username: String,
    /// The user's role when the token was made.
    pub role: UserRole,
    /// `None`: a person's session, which may do all that its role may. Otherwise an API token, which may do no more
    /// than these.
    pub scopes: Option<Vec<String>>,
    /// The token's id (`jti`).
    pub token: String,
    /// The session it belongs to; `None` for an API token.
    pub session: Option<String>,
    /// The courses of a professor.
    pub courses: Vec<String>,
    /// The number of a student: whose grades are the caller's own.
    pub carnet: Option<i64>,
    /// When the token ends. What outlives a request (a socket) ends with it.
    pub expires: kernel::clock::Timestamp,
}

impl Caller {
    /// Whether the caller is an administrator.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == UserRole::Admin
    }

    /// Whether the caller's token covers `scope`: one of [`SCOPES`].
    #[must_use]
    pub fn covers(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|known| known == scope))
    }

    /// Passes if the token covers `scope`.
    ///
    /// # Errors
    /// 403, naming the scope.
    pub fn need_scope(&self, scope: &str) -> Result<(), Problem> {
        if self.covers(scope) {
            return Ok(());
        }
        Err(Problem::new(Kind::Forbidden, format!("This token lacks the scope {scope}.")))
    }

    /// Passes if the caller has one of these roles.
    ///
    /// # Errors
    /// 403.
    pub fn need_role(&self, roles: &[UserRole]) -> Result<(), Problem> {
        if roles.contains(&self.role) {
            return Ok(());
        }
        let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        Err(Problem::new(Kind::Forbidden, format!("Only for: {}.", names.join(", "))))
    }

    /// Passes if the caller is a person who logged in, not a program with an API token.
    ///
    /// # Errors
    /// 403.
    pub fn need_session(&self) -> Result<(), Problem> {
        if self.scopes.is_none() {
            return Ok(());
        }
        Err(Problem::new(Kind::Forbidden, "API tokens may not do this: log in."))
    }
}

#[cfg(test)]
mod tests;
