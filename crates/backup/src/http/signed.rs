//! Addresses for browsers, which cannot send a header: the archive of a backup, or one file of it, for ten minutes.

use std::sync::Arc;
use std::time::Duration;

use api::Problem;
use api::auth::MaybeCaller;
use kernel::clock::{Clock, Timestamp};
use kernel::id::Id;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::authority::Authority;
use crate::error::BackupError;
use crate::token::{proof, proves};

/// How long an address is good.
pub(super) const LIFETIME: Duration = Duration::from_secs(600);

/// Signs addresses, and checks them.
#[derive(Clone)]
pub(crate) struct Signs {
    pub(crate) authority: Arc<Authority>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Instead of a token.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Signed {
    /// From `POST /backups/{id}/url`.
    pub(super) signature: Option<String>,
}

/// What an address opens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Opens<'o> {
    Archive(Id),
    /// A file by its name.
    Content(Id, &'o str),
}

impl Opens<'_> {
    fn until(self, seconds: i64) -> String {
        match self {
            Self::Archive(id) => format!("archive {id} {seconds}"),
            Self::Content(id, name) => format!("content {id} {seconds} {name}"),
        }
    }

    /// The signature of an address that is good until then.
    pub(super) fn sign(self, authority: &Authority, until: Timestamp) -> String {
        let seconds = until.as_seconds();
        format!("{seconds}.{}", proof(authority.addresses(), &self.until(seconds)))
    }

    fn is_signed(self, authority: &Authority, signature: &str, now: Timestamp) -> bool {
        let Some((seconds, shown)) = signature.split_once('.') else { return false };
        let Ok(seconds) = seconds.parse() else { return false };
        now.as_seconds() <= seconds && proves(authority.addresses(), &self.until(seconds), shown)
    }

    /// Whether whoever asks may have it: with a signature, or as an administrator.
    ///
    /// # Errors
    /// 401, 403.
    pub(super) fn may(self, signs: &Signs, caller: &MaybeCaller, signature: Option<&str>) -> Result<(), Problem> {
        let now = signs.clock.now();
        if signature.is_some_and(|signature| self.is_signed(&signs.authority, signature, now)) {
            return Ok(());
        }
        super::may(caller.0.as_ref().ok_or(BackupError::BadSignature)?, "backups:read")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_opens_one_thing_for_a_while() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let authority = Authority::ensure(folder.path(), now).expect("an authority");
        let same = Authority::ensure(folder.path(), now).expect("the same");
        let id: Id = "01arz3ndektsv4rrffq69g5fav".parse().expect("an id");
        let other: Id = "01arz3ndektsv4rrffq69g5faw".parse().expect("an id");
        let until = now.plus(LIFETIME);
        let signature = Opens::Archive(id).sign(&authority, until);
        assert!(Opens::Archive(id).is_signed(&same, &signature, now));
        assert!(!Opens::Archive(other).is_signed(&authority, &signature, now));
        assert!(!Opens::Content(id, "a").is_signed(&authority, &signature, now));
        assert!(!Opens::Archive(id).is_signed(&authority, &signature, until.plus(Duration::from_secs(1))));
        let (_, shown) = signature.split_once('.').expect("two parts");
        let longer = format!("{}.{shown}", until.as_seconds() + 1000);
        assert!(!Opens::Archive(id).is_signed(&authority, &longer, now));
        for bad in ["", ".", "x.y", "99999999999."] {
            assert!(!Opens::Archive(id).is_signed(&authority, bad, now), "{bad}");
        }
        let one = Opens::Content(id, "a b").sign(&authority, until);
        assert!(Opens::Content(id, "a b").is_signed(&authority, &one, now));
        assert!(!Opens::Content(id, "a").is_signed(&authority, &one, now));
    }
}
