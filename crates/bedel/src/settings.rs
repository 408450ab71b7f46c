//! Settings of this process.

use kernel::config::{Config, ConfigError};
use kernel::data_dir::DataDir;
use toml::Table;

use crate::cli::Settings;

/// The settings of file, environment and flags, and the data folder.
///
/// # Errors
/// The first setting that is wrong, by name.
pub(crate) fn load(arguments: &Settings, flags: Table) -> Result<(Config, DataDir), ConfigError> {
    let config = Config::load(arguments.config.as_deref(), std::env::vars(), flags)?;
    let root = std::path::absolute(&arguments.data.data).unwrap_or_else(|_| arguments.data.data.clone());
    Ok((config, DataDir::new(root)))
}
