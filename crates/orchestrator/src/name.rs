//! What a replica is called.

use std::fmt;
use std::str::FromStr;

use kernel::role::Role;

/// A role and a number from 1: `files-2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    pub(crate) role: Role,
    pub(crate) ordinal: u32,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.role, self.ordinal)
    }
}

/// The text is not `ROLE-N`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} does not name a replica")]
pub(crate) struct BadName(String);

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName(text.to_owned());
        let (role, ordinal) = text.rsplit_once('-').ok_or_else(bad)?;
        let ordinal = ordinal.parse().map_err(|_| bad())?;
        if ordinal == 0 {
            return Err(bad());
        }
        Ok(Self { role: role.parse().map_err(|_| bad())?, ordinal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        let name = Name { role: Role::Files, ordinal: 2 };
        assert_eq!(name.to_string(), "files-2");
        assert_eq!("files-2".parse(), Ok(name));
        for text in ["files", "files-", "files-0", "nobody-1", "files-x"] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
    }
}
