//! `bedel bench`: figures of a running campus, or of whatever else answers as one.

mod campus;
mod grades;
mod grades_sql;
mod rooms;
mod rooms_server;
mod spread;
mod svg;

use std::process::ExitCode;

use crate::cli::bench::Bench;

/// Measures one of them; the code is a failure if a request failed.
///
/// # Errors
/// If nothing could be measured.
pub(crate) async fn bench(command: Bench) -> anyhow::Result<ExitCode> {
    match command {
        Bench::Rooms(arguments) => rooms::rooms(arguments).await,
        Bench::RoomsServer(arguments) => rooms_server::rooms_server(arguments).await,
        Bench::Grades(arguments) => grades::grades(arguments).await,
        Bench::GradesSql(arguments) => grades_sql::grades_sql(arguments).await,
    }
}
