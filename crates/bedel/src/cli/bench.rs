//! `bedel bench`.

use clap::Subcommand;

mod grades;

pub(crate) use grades::{Grades, GradesSql};

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Send random grades at a steady rate, or as fast as they are answered, and tell how long the answers took.
    #[command(
        after_help = "Examples:\n  bedel bench grades --rate 2000 --seconds 30\n  bedel bench grades --url http://127.0.0.1:5000 --connections 128 --json"
    )]
    Grades(Grades),
    /// Write grades straight to the database of the settings, which is best an empty one, and tell how long it took.
    #[command(after_help = "Example: bedel bench grades-sql --data /tmp/bench --records 100000")]
    GradesSql(GradesSql),
}
