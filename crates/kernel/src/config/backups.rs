use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Backups of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Backups {
    /// Nodes that send at the same time, at most.
    pub parallel: u32,
    /// Backups kept of each node and path: the newest.
    pub keep: u32,
    /// How hard agents compress: 1 (fast) to 9 (small).
    pub level: u32,
    /// How long the lead lasts without being renewed, in milliseconds: how long backups wait after the leading machine
    /// is lost.
    pub lease_ms: u64,
}

impl Default for Backups {
    fn default() -> Self {
        Self { parallel: 2, keep: 10, level: 3, lease_ms: 5_000 }
    }
}

impl Backups {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        super::all_positive(&[("backups.parallel", u64::from(self.parallel)), ("backups.keep", u64::from(self.keep))])?;
        if !(1..=9).contains(&self.level) {
            return Err(ConfigError::setting("backups.level", "must be between 1 and 9"));
        }
        if self.lease_ms < 1_000 {
            return Err(ConfigError::setting("backups.lease_ms", "must be at least 1000"));
        }
        Ok(())
    }
}
