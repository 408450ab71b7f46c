use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Transfers and the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// The largest file, in bytes.
    pub max_size: u64,
    /// Space that uploads leave free on the disk, in bytes.
    pub reserve: u64,
    /// Transfers of one user at once; further ones wait, then are asked to come back (429).
    pub transfers_per_user: u32,
    /// Transfers of the campus at once; further ones wait, then are asked to come back (503).
    pub transfers_total: u32,
    /// How long a transfer waits for its turn before it is asked to come back, in milliseconds.
    pub queue_ms: u64,
    /// How long an unfinished upload is kept after its last byte, in seconds.
    pub upload_expiry_s: u64,
    /// How long the trash keeps a file, in days.
    pub trash_days: u32,
    /// How many bytes of an upload may arrive before its offset is made durable.
    pub checkpoint: u64,
    /// Bytes a student's files and open uploads may have together; 0 for no limit.
    pub quota_student: u64,
    /// The same for a professor.
    pub quota_professor: u64,
    /// The same for staff. Administrators have no limit.
    pub quota_staff: u64,
    /// How fast stored files are read again to find damage, in bytes per second; 0 turns that off.
    pub scrub_bytes_per_second: u64,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            max_size: 100 << 30,
            reserve: 256 << 20,
            transfers_per_user: 32,
            transfers_total: 256,
            queue_ms: 5_000,
            upload_expiry_s: 7 * 86_400,
            trash_days: 30,
            checkpoint: 16 << 20,
            quota_student: 10 << 30,
            quota_professor: 100 << 30,
            quota_staff: 100 << 30,
            scrub_bytes_per_second: 20_000_000,
        }
    }
}

impl Files {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        super::all_positive(&[
            ("files.max_size", self.max_size),
            ("files.transfers_per_user", u64::from(self.transfers_per_user)),
            ("files.transfers_total", u64::from(self.transfers_total)),
            ("files.upload_expiry_s", self.upload_expiry_s),
            ("files.checkpoint", self.checkpoint),
        ])
    }
}
