//! Settings: a TOML file, then `BEDEL_SECTION__KEY` variables, then flags; later ones win.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

mod accounts;
mod backups;
mod files;
mod gateway;
mod live;
mod log;
mod orchestrator;
mod rooms;
mod sql;

pub use accounts::Accounts;
pub use backups::Backups;
pub use files::Files;
pub use gateway::Gateway;
pub use live::Live;
pub use log::{Log, LogFormat};
pub use orchestrator::{Orchestrator, Replicas};
pub use rooms::{Pattern, Rooms, Security};
pub use sql::Sql;

/// All settings of a campus.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The public door.
    pub gateway: Gateway,
    /// Supervision and scaling.
    pub orchestrator: Orchestrator,
    /// Records.
    pub sql: Sql,
    /// Live state.
    pub live: Live,
    /// Users and sessions.
    pub accounts: Accounts,
    /// Transfers and the catalogue.
    pub files: Files,
    /// Allocation of classrooms and laboratories.
    pub rooms: Rooms,
    /// Backups of nodes.
    pub backups: Backups,
    /// Logging.
    pub log: Log,
}

/// A setting is wrong; `bedel` exits 64.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read {path}: {source}", path = .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path} is not TOML: {detail}", path = .path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        detail: String,
    },
    /// A setting is unknown, mistyped or out of range.
    #[error("setting {field}: {detail}")]
    Setting {
        /// Dotted name, `section.key`.
        field: String,
        /// What is wrong and what would be right.
        detail: String,
    },
}

impl ConfigError {
    fn setting(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Setting { field: field.into(), detail: detail.into() }
    }
}

impl Config {
    /// Reads the file, if any, then the variables, then the flags (a table of the file's shape), and checks the result.
    ///
    /// # Errors
    /// The first thing that is wrong, by name.
    pub fn load(
        file: Option<&Path>,
        variables: impl Iterator<Item = (String, String)>,
        flags: Table,
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
                text.parse::<Table>()
                    .map_err(|error| ConfigError::Syntax { path: path.to_owned(), detail: error.to_string() })?
            }
            None => Table::new(),
        };
        for (name, value) in variables {
            if let Some((section, key)) = variable_target(&name) {
                set(&mut table, &section, key, parse_variable(&value))?;
            }
        }
        for (section, value) in flags {
            let Value::Table(keys) = value else {
                return Err(ConfigError::setting(section, "a section is expected"));
            };
            for (key, value) in keys {
                set(&mut table, &section, key, value)?;
            }
        }
        let config: Self =
            Value::Table(table).try_into().map_err(|error: toml::de::Error| unreadable_setting(&error))?;
        config.validate()?;
        Ok(config)
    }

    /// Checks every section.
    ///
    /// # Errors
    /// The first setting that is out of range, by name.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.gateway.validate()?;
        self.orchestrator.validate()?;
        self.sql.validate()?;
        self.live.validate()?;
        self.accounts.validate()?;
        self.files.validate()?;
        self.rooms.validate()?;
        self.backups.validate()
    }

    /// The JSON Schema of the settings, pretty-printed.
    #[must_use]
    pub fn schema() -> String {
        let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Self)).unwrap_or_default();
        text.push('\n');
        text
    }

    /// A commented file of all defaults, for `bedel config init`.
    #[must_use]
    pub fn template() -> String {
        let mut text = String::from("# Bedel's settings. Every line shows the default: uncomment to change.\n");
        let schema = schemars::schema_for!(Self).to_value();
        let defaults = serde_json::to_value(Self::default()).unwrap_or_default();
        for (section, keys) in defaults.as_object().into_iter().flatten() {
            let _ = write!(text, "\n[{section}]\n");
            let name = schema["properties"][section]["$ref"].as_str().and_then(|path| path.rsplit('/').next());
            let properties = &schema["$defs"][name.unwrap_or_default()]["properties"];
            for (key, value) in keys.as_object().into_iter().flatten() {
                for line in properties[key]["description"].as_str().unwrap_or_default().lines() {
                    let _ = writeln!(text, "# {line}");
                }
                let shown = match value {
                    serde_json::Value::Null => "\"\"".to_owned(),
                    other => Value::try_from(other).map(|value| value.to_string()).unwrap_or_default(),
                };
                let _ = writeln!(text, "# {key} = {shown}");
            }
        }
        text
    }
}

fn all_positive(settings: &[(&str, u64)]) -> Result<(), ConfigError> {
    match settings.iter().find(|(_, value)| *value == 0) {
        Some((field, _)) => Err(ConfigError::setting(*field, "must be at least 1")),
        None => Ok(()),
    }
}

/// `BEDEL_GATEWAY__LISTEN` → `("gateway", "listen")`; `None` for variables that are no settings.
fn variable_target(name: &str) -> Option<(String, String)> {
    let (section, key) = name.strip_prefix("BEDEL_")?.split_once("__")?;
    Some((section.to_lowercase(), key.to_lowercase()))
}

/// A variable's text as TOML where it is (`3`, `true`, `["a"]`), else as a string.
fn parse_variable(text: &str) -> Value {
    match format!("value = {text}").parse::<Table>() {
        Ok(mut table) if table.len() == 1 => table.remove("value").unwrap_or_else(|| Value::String(text.to_owned())),
        _ => Value::String(text.to_owned()),
    }
}

fn set(table: &mut Table, section: &str, key: String, value: Value) -> Result<(), ConfigError> {
    match table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
        Value::Table(keys) => {
            keys.insert(key, value);
            Ok(())
        }
        _ => Err(ConfigError::setting(section, "a section is expected")),
    }
}

/// Turns a deserialiser's message ("… in `gateway.listen`") into one that names the setting first.
fn unreadable_setting(error: &toml::de::Error) -> ConfigError {
    let text = error.to_string();
    let mut lines = text.lines();
    let detail = lines.next().unwrap_or_default().to_owned();
    let place = lines.find_map(|line| line.trim().strip_prefix("in `")?.strip_suffix('`').map(str::to_owned));
    ConfigError::setting(place.unwrap_or_else(|| "file".to_owned()), detail)
}

#[cfg(test)]
mod tests;
