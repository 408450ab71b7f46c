//! `bedel bench`: loads that measure, and what they found as tables, CSV, JSON and plots.

mod campus;
mod rooms;
mod rooms_server;
mod spread;
mod svg;

use std::process::ExitCode;

use crate::cli::bench::Bench;

/// Runs one of them.
///
/// # Errors
/// If it could not be measured.
pub(crate) async fn bench(command: Bench) -> anyhow::Result<ExitCode> {
    match command {
        Bench::Rooms(arguments) => rooms::rooms(arguments).await?,
        Bench::RoomsServer(arguments) => rooms_server::rooms_server(arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}
