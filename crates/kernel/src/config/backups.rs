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
}

impl Default for Backups {
    fn default() -> Self {
        Self { parallel: 2, keep: 10, level: 3 }
    }
}

impl Backups {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        super::all_positive(&[("backups.parallel", u64::from(self.parallel)), ("backups.keep", u64::from(self.keep))])?;
        if !(1..=9).contains(&self.level) {
            return Err(ConfigError::setting("backups.level", "must be between 1 and 9"));
        }
        Ok(())
    }
}
