//! Addresses for browsers, which cannot send a header: the archive of a backup, or one file of it, for ten minutes.

use std::sync::Arc;

use api::Problem;
use api::auth::MaybeCaller;
use api::signed::AddressSigner;
use kernel::clock::{Clock, Timestamp};
use kernel::id::Id;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::BackupError;

/// Signs addresses, and checks them.
#[derive(Clone)]
pub(crate) struct Signs {
    pub(crate) signer: AddressSigner,
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
    fn text(self) -> String {
        match self {
            Self::Archive(id) => format!("backup archive {id}"),
            Self::Content(id, name) => format!("backup content {id} {name}"),
        }
    }

    /// The signature of an address that is good until then.
    pub(super) fn sign(self, signer: &AddressSigner, until: Timestamp) -> String {
        signer.sign(&self.text(), until)
    }

    /// Whether whoever asks may have it: with a signature, or as an administrator.
    ///
    /// # Errors
    /// 401, 403.
    pub(super) fn may(self, signs: &Signs, caller: &MaybeCaller, signature: Option<&str>) -> Result<(), Problem> {
        let now = signs.clock.now();
        if signature.is_some_and(|signature| signs.signer.verify(&self.text(), signature, now)) {
            return Ok(());
        }
        super::may(caller.0.as_ref().ok_or(BackupError::BadSignature)?, "backups:read")
    }
}

#[cfg(test)]
mod tests {
    use api::signed::LIFETIME;

    use super::*;

    #[test]
    fn what_an_address_opens_is_one_thing() {
        let signer = AddressSigner::new(b"secret");
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let until = now.plus(LIFETIME);
        let id: Id = "01arz3ndektsv4rrffq69g5fav".parse().expect("an id");
        let other: Id = "01arz3ndektsv4rrffq69g5faw".parse().expect("an id");
        let things = [
            Opens::Archive(id),
            Opens::Archive(other),
            Opens::Content(id, "a"),
            Opens::Content(id, "a b"),
            Opens::Content(other, "a"),
        ];
        for (place, signed) in things.into_iter().enumerate() {
            let signature = signed.sign(&signer, until);
            for (at, opened) in things.into_iter().enumerate() {
                assert_eq!(signer.verify(&opened.text(), &signature, now), at == place, "{signed:?} {opened:?}");
            }
        }
    }
}
