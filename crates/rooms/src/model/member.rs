//! Faculties and programmes, and what is decided about their keys.

use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Invalid;
use crate::keys::{PublicKey, check_name};

/// The version of a member that was found on a machine; each decision about it adds one.
pub(crate) const FOUND: i64 = 1;
/// The longest title, in characters.
const LONGEST_TITLE: usize = 200;

/// A faculty, or a programme of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Whose programme it is; `None`: it is a faculty.
    pub(crate) faculty: Option<String>,
    /// For people.
    pub(crate) title: String,
    /// The last key that was decided on, admitted or not.
    pub(crate) public_key: Option<PublicKey>,
    pub(crate) state: Admittance,
    /// [`FOUND`], and one more with each decision.
    pub(crate) version: i64,
    pub(crate) changed_at: Timestamp,
    /// The name of the user who decided last; empty while nobody has.
    pub(crate) changed_by: String,
}

/// What was decided about a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admittance {
    /// Its key is admitted.
    Admitted,
    /// Its key was taken away.
    Revoked,
    /// It is no member any more.
    Removed,
}

impl Admittance {
    pub(crate) const ALL: [Self; 3] = [Self::Admitted, Self::Revoked, Self::Removed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Revoked => "revoked",
            Self::Removed => "removed",
        }
    }
}

/// What an administrator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// A member came.
    Create,
    /// Its title changed.
    Rename,
    /// It went.
    Remove,
    /// A key was admitted.
    Admit,
    /// Its key was taken away.
    Revoke,
}

impl Action {
    pub(crate) const ALL: [Self; 5] = [Self::Create, Self::Rename, Self::Remove, Self::Admit, Self::Revoke];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::Admit => "admit",
            Self::Revoke => "revoke",
        }
    }
}

/// One decision, as it is kept for good.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    pub(crate) id: Id,
    pub(crate) user: Id,
    pub(crate) user_name: String,
    pub(crate) action: Action,
    pub(crate) member: String,
    pub(crate) detail: String,
    pub(crate) at: Timestamp,
}

/// Checks a new member's name, and whether it can be a programme of that faculty.
///
/// # Errors
/// The first field that is wrong.
pub(crate) fn check_member(name: &str, faculty: Option<&str>) -> Result<(), Invalid> {
    if name == "server" {
        return Err(Invalid::new("name", "server is the name of the servers' own key"));
    }
    check_name(name).map_err(|error| Invalid::new("name", error.to_string()))?;
    let Some(faculty) = faculty else { return Ok(()) };
    super::request::check_programme(faculty, name).map_err(|invalid| Invalid { field: "name", ..invalid })
}

/// Checks a title.
///
/// # Errors
/// It is too long, or not of one line.
pub(crate) fn check_title(title: &str) -> Result<(), Invalid> {
    if title.chars().count() > LONGEST_TITLE || title.chars().any(char::is_control) {
        return Err(Invalid::new("title", format!("one line of at most {LONGEST_TITLE} characters is expected")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_keys_and_programmes_fit_their_faculty() {
        for (name, faculty) in
            [("faculty-11", None), ("program-11-1", Some("faculty-11")), ("architecture", Some("faculty-11"))]
        {
            assert_eq!(check_member(name, faculty), Ok(()), "{name}");
        }
        for (name, faculty) in
            [("server", None), ("", None), ("../x", None), (".x", None), ("program-02-1", Some("faculty-01"))]
        {
            assert_eq!(check_member(name, faculty).map_err(|invalid| invalid.field), Err("name"), "{name}");
        }
        assert_eq!(check_title(&"é".repeat(200)), Ok(()));
        for title in ["x".repeat(201), "two\nlines".to_owned()] {
            assert!(check_title(&title).is_err(), "{title}");
        }
    }
}
