//! `bedel bench grades` and what lies under it.

use clap::{Args, ValueEnum};

use crate::cli::Settings;

/// `bedel bench grades`.
#[derive(Debug, Args)]
pub(crate) struct Grades {
    /// Where to: the campus one is logged in to, unless given. Any other address gets the token of `BEDEL_TOKEN`, or none.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Which way in: `split` leaves it to the gateway.
    #[arg(long, value_enum, default_value_t = Way::Split)]
    pub(crate) route: Way,
    /// Requests per second, whether or not earlier ones are answered; without it each connection waits for its answer.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Connections; at a rate, the most requests that are under way at once.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: u32,
    /// How long to measure, in seconds.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seconds: u32,
    /// How long to send before measuring, in seconds.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) warm_up: u32,
    /// How many students there are; fewer means more repeats and corrections of the same grade.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) students: u32,
    /// Makes the same records again. Made up unless given.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Print the figures as CSV.
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// Print the figures as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel bench grades-sql`.
#[derive(Debug, Args)]
pub(crate) struct GradesSql {
    /// See [`Settings`].
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// How many records.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) records: u64,
    /// How many of them wait to be written at any time.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) waiting: u32,
    /// How many students there are.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) students: u32,
    /// Makes other records.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// Which way a record goes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// Both routes, as the gateway splits them.
    Split,
    /// Route 1.
    Grpc,
    /// Route 2.
    Redis,
}

impl Way {
    /// Where it begins.
    #[must_use]
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Split => "/api/v1/grades",
            Self::Grpc => "/api/v1/grades/route1",
            Self::Redis => "/api/v1/grades/route2",
        }
    }
}
