use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Users and sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Whether anybody may register (as a student).
    pub registration: bool,
    /// How long an access token is valid, in seconds.
    pub access_token_s: u64,
    /// How long a session lasts without being used, in seconds.
    pub refresh_token_s: u64,
    /// Failed log-ins of one account in 15 minutes before it must wait.
    pub failures_per_account: u32,
    /// Failed log-ins from one address in 15 minutes before it must wait. A campus may be behind one address.
    pub failures_per_address: u32,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            registration: true,
            access_token_s: 600,
            refresh_token_s: 30 * 86_400,
            failures_per_account: 10,
            failures_per_address: 300,
        }
    }
}

impl Accounts {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        super::all_positive(&[
            ("accounts.access_token_s", self.access_token_s),
            ("accounts.refresh_token_s", self.refresh_token_s),
            ("accounts.failures_per_account", u64::from(self.failures_per_account)),
            ("accounts.failures_per_address", u64::from(self.failures_per_address)),
        ])
    }
}
