use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::secret::Secret;

/// Records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sql {
    /// `sqlite` keeps one file a service in the data folder; `mysql://USER:PASSWORD@HOST:PORT/DATABASE` (MySQL 8 or
    /// MariaDB 10.11, `utf8mb4_bin`) keeps all services in one database.
    #[serde(serialize_with = "crate::secret::serialize_url")]
    pub url: Secret<String>,
    /// Connections of one process to MySQL, at most.
    pub connections: u32,
}

impl Default for Sql {
    fn default() -> Self {
        Self { url: Secret::new("sqlite".to_owned()), connections: 4 }
    }
}

impl Sql {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let url = self.url.expose();
        if url != "sqlite" && !url.starts_with("mysql://") {
            return Err(ConfigError::setting(
                "sql.url",
                "either \"sqlite\" or mysql://USER:PASSWORD@HOST:PORT/DATABASE",
            ));
        }
        super::all_positive(&[("sql.connections", u64::from(self.connections))])
    }
}
