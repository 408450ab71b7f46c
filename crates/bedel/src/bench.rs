//! `bedel bench`: figures of a running campus, or of whatever else answers as one.

mod grades;
mod grades_sql;

use std::process::ExitCode;

use crate::cli::bench::Bench;

/// Measures one of them; the code is a failure if a request failed.
///
/// # Errors
/// If nothing could be measured.
pub(crate) async fn bench(command: Bench) -> anyhow::Result<ExitCode> {
    match command {
        Bench::Grades(arguments) => grades::grades(arguments).await,
        Bench::GradesSql(arguments) => grades_sql::grades_sql(arguments).await,
    }
}
