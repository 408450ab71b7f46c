//! Share links: one file, for whoever has the token, within limits.

use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::id::Id;
use kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::metadata::{self, BadMetadata};
use super::name;

/// Longest note, in bytes.
pub const MAX_NOTE: usize = 1000;
/// Longest password, in bytes.
pub const MAX_PASSWORD: usize = 256;
/// Most downloads a limit can allow.
pub const MAX_DOWNLOADS: u64 = 1_000_000;
/// How long after a counted download its rest may be fetched without counting again.
pub const RESUMABLE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the row of an ended share or voucher is kept: until then its token is told why it opens nothing.
pub const KEPT: Duration = Duration::from_secs(90 * 86_400);
/// Wrong passwords in [`GUESSING`] before a share asks to wait.
pub const MOST_GUESSES: u64 = 10;
/// How long wrong passwords count.
pub const GUESSING: Duration = Duration::from_secs(15 * 60);

/// A share, as SQL knows it.
#[derive(Debug, Clone)]
pub struct Share {
    /// Its id.
    pub id: Id,
    /// The file it opens.
    pub file: Id,
    /// The hash of its password (PHC), if it has one.
    pub password: Option<Secret<String>>,
    /// What its maker wrote about it.
    pub note: String,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// How often the file may be downloaded.
    pub max_downloads: Option<u64>,
    /// How often it was.
    pub downloads: u64,
    /// When it was last.
    pub counted_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why a share opens nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its time is over.
    Expired,
    /// The file was downloaded as often as it may be.
    UsedUp,
    /// Its maker revoked it, or the file is gone.
    Revoked,
}

/// Where a share stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShareState {
    /// It opens its file.
    Open,
    /// Its time is over.
    Expired,
    /// The file was downloaded as often as it may be.
    UsedUp,
}

impl Share {
    /// Why it opens nothing at `now`; `None` while it does.
    #[must_use]
    pub fn ended(&self, now: Timestamp) -> Option<Ended> {
        if self.revoked_at.is_some() {
            Some(Ended::Revoked)
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Some(Ended::Expired)
        } else if self.downloads_left() == Some(0) {
            Some(Ended::UsedUp)
        } else {
            None
        }
    }

    /// Why not even a download that was counted may go on at `now`; `None` while it may.
    #[must_use]
    pub fn ended_for_resuming(&self, now: Timestamp) -> Option<Ended> {
        match self.ended(now) {
            Some(Ended::UsedUp) if self.counted_lately(now) => None,
            other => other,
        }
    }

    /// Whether a download was counted so lately that its rest is free.
    #[must_use]
    pub fn counted_lately(&self, now: Timestamp) -> bool {
        self.counted_at.is_some_and(|at| now.since(at) < RESUMABLE)
    }

    /// How often the file may still be downloaded; `None` without a limit.
    #[must_use]
    pub fn downloads_left(&self) -> Option<u64> {
        self.max_downloads.map(|most| most.saturating_sub(self.downloads))
    }

    /// What its maker sees of it.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> ShareView {
        ShareView {
            id: self.id.to_string(),
            expires_at: self.expires_at,
            has_password: self.password.is_some(),
            max_downloads: self.max_downloads,
            downloads: self.downloads,
            note: self.note.clone(),
            created_at: self.created_at,
            state: match self.ended(now) {
                None => ShareState::Open,
                Some(Ended::UsedUp) => ShareState::UsedUp,
                Some(Ended::Expired | Ended::Revoked) => ShareState::Expired,
            },
        }
    }
}

/// A share as its maker sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Share)]
pub struct ShareView {
    /// Its id.
    pub id: String,
    /// When it ends; `null` if it does not.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Whether a password is asked for.
    pub has_password: bool,
    /// How often the file may be downloaded; `null` without a limit.
    #[schema(required)]
    pub max_downloads: Option<u64>,
    /// How often it was.
    pub downloads: u64,
    /// What its maker wrote about it.
    pub note: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Whether it still opens the file.
    pub state: ShareState,
}

/// A share that is asked for.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShare {
    /// When it ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// What whoever opens it must know.
    #[schema(value_type = Option<String>, max_length = 256)]
    pub password: Option<Secret<String>>,
    /// How often the file may be downloaded.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub max_downloads: Option<u64>,
    /// For whom or what it is.
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

impl NewShare {
    /// Checks every value; the note comes back trimmed.
    ///
    /// # Errors
    /// The first value that is out of bounds.
    pub fn check(mut self, now: Timestamp) -> Result<Self, BadMetadata> {
        future("expires_at", self.expires_at, now)?;
        if let Some(password) = &self.password {
            if password.expose().is_empty() {
                return Err(metadata::value("password", "missing", "a password is expected, or none at all"));
            }
            if password.expose().len() > MAX_PASSWORD {
                return Err(metadata::value(
                    "password",
                    "too_long",
                    format!("at most {MAX_PASSWORD} bytes are allowed"),
                ));
            }
        }
        number("max_downloads", self.max_downloads, MAX_DOWNLOADS)?;
        self.note = Some(note(self.note.as_deref().unwrap_or_default())?);
        Ok(self)
    }
}

/// A note, trimmed.
///
/// # Errors
/// It is too long or holds control characters.
pub fn note(text: &str) -> Result<String, BadMetadata> {
    if text.len() > MAX_NOTE {
        return Err(metadata::value("note", "too_long", format!("at most {MAX_NOTE} bytes are allowed")));
    }
    if name::has_control(text, true) {
        return Err(metadata::value("note", "control", "control characters are not allowed"));
    }
    Ok(text.trim().to_owned())
}

/// Passes a moment that is still to come, or none.
///
/// # Errors
/// It is not after `now`.
pub fn future(key: &'static str, moment: Option<Timestamp>, now: Timestamp) -> Result<(), BadMetadata> {
    match moment {
        Some(moment) if moment <= now => Err(metadata::value(key, "past", "a moment in the future is expected")),
        _ => Ok(()),
    }
}

/// Passes a number from 1 to `most`, or none.
///
/// # Errors
/// It is another.
pub fn number(key: &'static str, value: Option<u64>, most: u64) -> Result<(), BadMetadata> {
    match value {
        Some(number) if !(1..=most).contains(&number) => {
            Err(metadata::value(key, "range", format!("a number from 1 to {most} is expected")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share() -> Share {
        let id: Id = "01arz3ndektsv4rrffq69g5fav".parse().expect("an id");
        Share {
            id,
            file: id,
            password: None,
            note: String::new(),
            expires_at: Some(Timestamp::from_micros(1000)),
            max_downloads: Some(2),
            downloads: 1,
            counted_at: Some(Timestamp::from_micros(10)),
            revoked_at: None,
            created_at: Timestamp::from_micros(1),
        }
    }

    #[test]
    fn each_limit_ends_it() {
        let now = Timestamp::from_micros(999);
        assert_eq!(share().ended(now), None);
        assert_eq!(share().downloads_left(), Some(1));
        assert_eq!(share().ended(Timestamp::from_micros(1000)), Some(Ended::Expired));
        let used = Share { downloads: 2, ..share() };
        assert_eq!(used.ended(now), Some(Ended::UsedUp));
        assert_eq!(used.ended_for_resuming(now), None, "its last download may still be running");
        let long_ago = Share { expires_at: None, ..used };
        let later = Timestamp::from_micros(10).plus(RESUMABLE);
        assert_eq!(long_ago.ended_for_resuming(later), Some(Ended::UsedUp));
        let revoked = Share { revoked_at: Some(now), ..long_ago };
        assert_eq!(revoked.ended_for_resuming(now), Some(Ended::Revoked));
    }

    #[test]
    fn what_is_asked_for_is_checked() {
        let now = Timestamp::from_micros(1000);
        let asked = NewShare::default;
        assert_eq!(asked().check(now).expect("good").note.as_deref(), Some(""));
        for (bad, named) in [
            (NewShare { expires_at: Some(now), ..asked() }, "expires_at"),
            (NewShare { password: Some(Secret::new(String::new())), ..asked() }, "password"),
            (NewShare { password: Some(Secret::new("x".repeat(257))), ..asked() }, "password"),
            (NewShare { max_downloads: Some(0), ..asked() }, "max_downloads"),
            (NewShare { max_downloads: Some(u64::MAX), ..asked() }, "max_downloads"),
            (NewShare { note: Some("x".repeat(1001)), ..asked() }, "note"),
            (NewShare { note: Some("a\u{7}".to_owned()), ..asked() }, "note"),
        ] {
            match bad.check(now) {
                Err(BadMetadata::Value { key, .. }) => assert_eq!(key, named),
                other => panic!("{named}: {other:?}"),
            }
        }
    }
}
