//! Quotas: how many bytes a user's files and open uploads may have together.

use api::auth::UserRole;
use kernel::config;
use serde::Serialize;
use utoipa::ToSchema;

/// What the roles may have, in bytes; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    student: u64,
    professor: u64,
    staff: u64,
}

impl Quotas {
    /// Those of the settings.
    #[must_use]
    pub const fn new(settings: &config::Files) -> Self {
        Self { student: settings.quota_student, professor: settings.quota_professor, staff: settings.quota_staff }
    }

    /// How many bytes a user may have; `None` without a limit. What an administrator granted outranks the role; of a user
    /// whose role is not known yet the least is believed.
    #[must_use]
    pub fn limit(&self, role: Option<UserRole>, granted: Option<u64>) -> Option<u64> {
        let bytes = granted.unwrap_or(match role {
            Some(UserRole::Admin) => 0,
            Some(UserRole::Staff) => self.staff,
            Some(UserRole::Professor) => self.professor,
            Some(UserRole::Student) | None => self.student,
        });
        (bytes > 0).then_some(bytes)
    }
}

/// What a user has, as SQL knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The role the user had when last seen.
    pub role: Option<UserRole>,
    /// Bytes of files.
    pub used: u64,
    /// Bytes that open uploads may still become.
    pub reserved: u64,
    /// What an administrator granted instead of the role's.
    pub granted: Option<u64>,
}

/// What comes and goes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// Of files.
    pub used: i64,
    /// Of open uploads.
    pub reserved: i64,
}

impl Change {
    /// An upload of so many bytes is begun, or grows by them.
    #[must_use]
    pub fn reserve(bytes: u64) -> Self {
        Self { used: 0, reserved: signed(bytes) }
    }

    /// An upload of so many bytes is given up.
    #[must_use]
    pub fn release(bytes: u64) -> Self {
        Self { used: 0, reserved: -signed(bytes) }
    }

    /// An upload that held `reserved` has become a file of `size`.
    #[must_use]
    pub fn complete(reserved: u64, size: u64) -> Self {
        Self { used: signed(size), reserved: -signed(reserved) }
    }

    /// A file of so many bytes is removed.
    #[must_use]
    pub fn remove(bytes: u64) -> Self {
        Self { used: -signed(bytes), reserved: 0 }
    }

    /// By how much the whole grows.
    #[must_use]
    pub const fn growth(self) -> i64 {
        self.used.saturating_add(self.reserved)
    }
}

impl Usage {
    /// How many bytes were left before `change`, if with it there are more than `limit`.
    #[must_use]
    pub fn passed(&self, change: Change, limit: u64) -> Option<u64> {
        let sum = self.used.saturating_add(self.reserved);
        let grown = u64::try_from(change.growth()).unwrap_or(0);
        (grown > 0 && sum > limit).then(|| limit.saturating_sub(sum.saturating_sub(grown)))
    }

    /// What clients see, under that limit.
    #[must_use]
    pub const fn view(&self, limit: Option<u64>) -> QuotaView {
        QuotaView { used: self.used, reserved: self.reserved, limit }
    }
}

/// What a user has and may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Quota)]
pub struct QuotaView {
    /// Bytes of files.
    pub used: u64,
    /// Bytes that open uploads may still become.
    pub reserved: u64,
    /// How many both may be together; `null` without a limit.
    #[schema(required)]
    pub limit: Option<u64>,
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_granted_outranks_the_role() {
        let quotas = Quotas { student: 10, professor: 100, staff: 0 };
        assert_eq!(quotas.limit(Some(UserRole::Student), None), Some(10));
        assert_eq!(quotas.limit(None, None), Some(10));
        assert_eq!(quotas.limit(Some(UserRole::Professor), None), Some(100));
        assert_eq!(quotas.limit(Some(UserRole::Staff), None), None, "0 is no limit");
        assert_eq!(quotas.limit(Some(UserRole::Admin), None), None);
        assert_eq!(quotas.limit(Some(UserRole::Admin), Some(7)), Some(7));
        assert_eq!(quotas.limit(Some(UserRole::Student), Some(0)), None);
    }

    #[test]
    fn the_last_byte_fits_and_the_next_does_not() {
        let after = |reserved| Usage { used: 60, reserved, ..Usage::default() };
        assert_eq!(after(40).passed(Change::reserve(40), 100), None);
        assert_eq!(after(41).passed(Change::reserve(41), 100), Some(40));
        assert_eq!(after(90).passed(Change::reserve(1), 100), Some(0));
        assert_eq!(after(90).passed(Change::complete(40, 40), 100), None, "what does not grow is never in the way");
        assert_eq!(after(90).passed(Change::reserve(0), 100), None);
    }
}
