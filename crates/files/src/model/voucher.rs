//! Guest vouchers: somebody without an account uploads for a member, within limits.

use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::metadata::BadMetadata;
use super::transfer::{Resume, resume_upload};
use super::{Owner, share};

/// How long a voucher lasts unless its maker says otherwise.
pub const LASTS: Duration = Duration::from_secs(14 * 86_400);
/// How many files it takes unless its maker says otherwise.
pub const FILES: u64 = 10;
/// Most files a voucher can take.
pub const MAX_FILES: u64 = 1000;

/// A voucher, as SQL knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// Its id.
    pub id: Id,
    /// For whom is uploaded.
    pub owner: Owner,
    /// What its maker wrote to the guest.
    pub note: String,
    /// After this no upload is begun with it.
    pub expires_at: Timestamp,
    /// How many files it takes.
    pub max_files: u64,
    /// How many bytes they may have together.
    pub max_bytes: Option<u64>,
    /// How many were begun, less those that were given up.
    pub files: u64,
    /// Their declared lengths.
    pub bytes: u64,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why no upload can be begun with a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its maker revoked it.
    #[error("the voucher was revoked")]
    Revoked,
    /// Its time is over.
    #[error("the voucher has expired")]
    Expired,
    /// It has taken all its files.
    #[error("the voucher takes no more files")]
    Files,
    /// Nobody said how long the file is, so it could not be counted.
    #[error("what a guest uploads has its length declared from the beginning")]
    Length,
    /// The file is larger than what is left.
    #[error("the voucher takes no more than {left} bytes")]
    Bytes {
        /// How many bytes it still takes.
        left: u64,
    },
}

/// Where a voucher stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VoucherState {
    /// It takes uploads.
    Open,
    /// Its time is over; what was begun may be finished.
    Expired,
    /// Its maker revoked it.
    Revoked,
}

impl Voucher {
    /// Why an upload of `length` bytes cannot be begun at `now`; `None` if it can.
    #[must_use]
    pub fn refusal(&self, length: u64, now: Timestamp) -> Option<Refusal> {
        if self.revoked_at.is_some() {
            Some(Refusal::Revoked)
        } else if self.expires_at <= now {
            Some(Refusal::Expired)
        } else if self.files >= self.max_files {
            Some(Refusal::Files)
        } else {
            self.bytes_left().filter(|left| length > *left).map(|left| Refusal::Bytes { left })
        }
    }

    /// How many bytes it still takes; `None` without a limit.
    #[must_use]
    pub fn bytes_left(&self) -> Option<u64> {
        self.max_bytes.map(|most| most.saturating_sub(self.bytes))
    }

    /// How many files it still takes.
    #[must_use]
    pub const fn files_left(&self) -> u64 {
        self.max_files.saturating_sub(self.files)
    }

    /// Where it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> VoucherState {
        match (self.revoked_at.is_some(), self.expires_at <= now) {
            (true, _) => VoucherState::Revoked,
            (false, true) => VoucherState::Expired,
            (false, false) => VoucherState::Open,
        }
    }

    /// What its maker sees of it.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> VoucherView {
        VoucherView {
            id: self.id.to_string(),
            owner: self.owner.id.to_string(),
            owner_name: self.owner.name.clone(),
            note: self.note.clone(),
            expires_at: self.expires_at,
            max_files: self.max_files,
            max_bytes: self.max_bytes,
            files: self.files,
            bytes: self.bytes,
            created_at: self.created_at,
            state: self.state(now),
        }
    }
}

/// A voucher as its maker sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Voucher)]
pub struct VoucherView {
    /// Its id.
    pub id: String,
    /// The member's id.
    pub owner: String,
    /// The member's user name.
    pub owner_name: String,
    /// What its maker wrote to the guest.
    pub note: String,
    /// After this no upload is begun with it.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// How many files it takes.
    pub max_files: u64,
    /// How many bytes they may have together; `null` without a limit.
    #[schema(required)]
    pub max_bytes: Option<u64>,
    /// How many were begun, less those that were given up.
    pub files: u64,
    /// Their declared lengths.
    pub bytes: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Whether it takes uploads.
    pub state: VoucherState,
}

/// A voucher that is asked for.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVoucher {
    /// What the guest should know.
    #[schema(max_length = 1000)]
    pub note: String,
    /// After this no upload is begun with it; in 14 days unless said.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// How many files it takes; 10 unless said.
    #[schema(minimum = 1, maximum = 1000)]
    pub max_files: Option<u64>,
    /// How many bytes they may have together.
    #[schema(minimum = 1)]
    pub max_bytes: Option<u64>,
}

impl NewVoucher {
    /// Checks every value and fills in what was not said.
    ///
    /// # Errors
    /// The first value that is out of bounds.
    pub fn check(&self, id: Id, owner: Owner, now: Timestamp) -> Result<Voucher, BadMetadata> {
        share::future("expires_at", self.expires_at, now)?;
        share::number("max_files", self.max_files, MAX_FILES)?;
        share::number("max_bytes", self.max_bytes, i64::MAX.unsigned_abs())?;
        Ok(Voucher {
            id,
            owner,
            note: share::note(&self.note)?,
            expires_at: self.expires_at.unwrap_or_else(|| now.plus(LASTS)),
            max_files: self.max_files.unwrap_or(FILES),
            max_bytes: self.max_bytes,
            files: 0,
            bytes: 0,
            revoked_at: None,
            created_at: now,
        })
    }
}

/// Something that was begun with a voucher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The upload's id, and the file's.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// How long it is; `None` until that is known.
    pub size: Option<u64>,
    /// Where it stands.
    pub stands: Stands,
}

/// Where something that was begun with a voucher stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// Bytes are missing.
    Open {
        /// How many are there.
        offset: u64,
    },
    /// It is a file, or was.
    Done {
        /// Its digest.
        sha256: String,
        /// When it was complete.
        at: Timestamp,
        /// Whether it is still there.
        kept: bool,
    },
}

/// Where something that was begun with a voucher stands, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Bytes are missing.
    Open,
    /// Every byte arrived.
    Done,
    /// Every byte arrived, and the member has removed it since.
    Removed,
}

/// Something that was begun with a voucher, as the guest sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ReceiptItem)]
pub struct ItemView {
    /// Its id.
    id: String,
    /// What it is called.
    name: String,
    /// How long it is; `null` until that is known.
    #[schema(required)]
    size: Option<u64>,
    /// How many bytes are there.
    offset: u64,
    /// Where it stands.
    state: ItemState,
    /// The digest of the whole; `null` until it is complete.
    #[schema(required)]
    sha256: Option<String>,
    /// When it was complete.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    /// How to go on; `null` once everything arrived.
    #[schema(required)]
    resume: Option<Resume>,
}

impl Item {
    /// What the guest sees of it.
    #[must_use]
    pub fn view(&self) -> ItemView {
        let id = self.id.to_string();
        let (offset, state, sha256, completed_at, resume) = match &self.stands {
            Stands::Open { offset } => (*offset, ItemState::Open, None, None, Some(resume_upload(&id, *offset))),
            Stands::Done { sha256, at, kept } => {
                let state = if *kept { ItemState::Done } else { ItemState::Removed };
                (self.size.unwrap_or_default(), state, (!sha256.is_empty()).then(|| sha256.clone()), Some(*at), None)
            }
        };
        ItemView { id, name: self.name.clone(), size: self.size, offset, state, sha256, completed_at, resume }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voucher(now: Timestamp, asked: &NewVoucher) -> Result<Voucher, BadMetadata> {
        let id: Id = "01arz3ndektsv4rrffq69g5fav".parse().expect("an id");
        asked.check(id, Owner { id, name: "ana".to_owned() }, now)
    }

    #[test]
    fn each_limit_refuses_by_its_name() {
        let now = Timestamp::from_micros(1000);
        let asked = NewVoucher { max_files: Some(2), max_bytes: Some(10), ..NewVoucher::default() };
        let fresh = voucher(now, &asked).expect("good");
        assert_eq!(fresh.refusal(10, now), None, "exactly what is left fits");
        assert_eq!(fresh.refusal(11, now), Some(Refusal::Bytes { left: 10 }));
        assert_eq!(fresh.refusal(1, now.plus(LASTS)), Some(Refusal::Expired));
        let full = Voucher { files: 2, bytes: 10, ..fresh.clone() };
        assert_eq!((full.files_left(), full.bytes_left()), (0, Some(0)));
        assert_eq!(full.refusal(0, now), Some(Refusal::Files));
        let revoked = Voucher { revoked_at: Some(now), ..fresh };
        assert_eq!(revoked.refusal(0, now), Some(Refusal::Revoked));
        assert_eq!(revoked.state(now), VoucherState::Revoked);
    }

    #[test]
    fn what_is_asked_for_is_checked() {
        let now = Timestamp::from_micros(1000);
        let asked = NewVoucher::default;
        for (bad, named) in [
            (NewVoucher { expires_at: Some(now), ..asked() }, "expires_at"),
            (NewVoucher { max_files: Some(0), ..asked() }, "max_files"),
            (NewVoucher { max_files: Some(1001), ..asked() }, "max_files"),
            (NewVoucher { max_bytes: Some(0), ..asked() }, "max_bytes"),
            (NewVoucher { max_bytes: Some(u64::MAX), ..asked() }, "max_bytes"),
            (NewVoucher { note: "x".repeat(1001), ..asked() }, "note"),
        ] {
            match voucher(now, &bad) {
                Err(BadMetadata::Value { key, .. }) => assert_eq!(key, named),
                other => panic!("{named}: {other:?}"),
            }
        }
    }
}
