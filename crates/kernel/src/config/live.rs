use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::secret::Secret;

/// Live state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Live {
    /// `local` shares it between this machine's processes; `redis://HOST:PORT` between machines.
    #[serde(serialize_with = "crate::secret::serialize_url")]
    pub url: Secret<String>,
}

impl Default for Live {
    fn default() -> Self {
        Self { url: Secret::new("local".to_owned()) }
    }
}

impl Live {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let url = self.url.expose();
        if url != "local" && !url.starts_with("redis://") {
            return Err(ConfigError::setting("live.url", "either \"local\" or redis://HOST:PORT"));
        }
        Ok(())
    }
}
