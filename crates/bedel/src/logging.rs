//! Log lines: on standard error, or at the end of a file.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use kernel::config::{ConfigError, Log, LogFormat};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Begins logging, to `file` if given.
///
/// # Errors
/// If `log.filter` is not understood or the file cannot be opened.
pub(crate) fn begin(settings: &Log, file: Option<&Path>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.filter)
        .map_err(|error| ConfigError::Setting { field: "log.filter".to_owned(), detail: error.to_string() })?;
    let writer = match file {
        None => BoxMakeWriter::new(std::io::stderr),
        Some(path) => {
            let opened = File::options().create(true).append(true).open(path);
            BoxMakeWriter::new(Arc::new(opened.with_context(|| format!("cannot write {}", path.display()))?))
        }
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false);
    match settings.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
