//! `bedel bench rooms` and `bedel bench rooms-server`.

use std::path::PathBuf;

use clap::Args;
use kernel::config::Pattern;

/// `bedel bench rooms`.
#[derive(Debug, Args)]
pub(crate) struct Rooms {
    /// Only this pattern, async or broker; both unless given.
    #[arg(long, value_name = "PATTERN", value_parser = pattern)]
    pub(crate) pattern: Option<Pattern>,
    /// How often every programme asks, each time for another semester.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rounds: u32,
    /// How often the active server is killed, after each load.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) kills: u32,
    /// Where to write rooms.md, rooms.csv, rooms.json and the plots; nowhere unless given.
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel bench rooms-server`.
#[derive(Debug, Args)]
pub(crate) struct RoomsServer {
    /// The server's ROUTER; that of a campus which is started for it unless given.
    #[arg(long, value_name = "tcp://HOST:PORT")]
    pub(crate) at: Option<String>,
    /// The pattern of the campus that is started, async or broker.
    #[arg(long, value_name = "PATTERN", value_parser = pattern, default_value = "async", conflicts_with = "at")]
    pub(crate) pattern: Pattern,
    /// Where server.pub and the .key files of the faculties lie; without it nothing is encrypted.
    #[arg(long, value_name = "DIR", requires = "at")]
    pub(crate) keys: Option<PathBuf>,
    /// How many faculties ask, each over one connection.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub(crate) faculties: u32,
    /// How many transactions each has on their way.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) in_flight: u32,
    /// How long to measure.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    /// How long to ask before that, in seconds.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) warm_up: u64,
    /// Print the figures as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

fn pattern(text: &str) -> Result<Pattern, String> {
    match text {
        "async" => Ok(Pattern::Async),
        "broker" => Ok(Pattern::Broker),
        _ => Err("async or broker is expected".to_owned()),
    }
}
