//! `bedel bench`.

use clap::Subcommand;

mod grades;
mod rooms;

pub(crate) use grades::{Grades, GradesSql};
pub(crate) use rooms::{Rooms, RoomsServer};

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Run a campus of servers, faculties and programmes on loopback and fill Table 3, for both patterns and three loads.
    #[command(after_help = "Example: bedel bench rooms --rounds 40 --report docs/report")]
    Rooms(Rooms),
    /// Ask one server of rooms for as many transactions a second as it gives, as ten faculties would.
    #[command(
        after_help = "Examples:\n  bedel bench rooms-server --pattern async\n  bedel bench rooms-server --at tcp://127.0.0.1:5555 --keys bedel-data/rooms/keys"
    )]
    RoomsServer(RoomsServer),
    /// Send random grades at a steady rate, or as fast as they are answered, and tell how long the answers took.
    #[command(
        after_help = "Examples:\n  bedel bench grades --rate 2000 --seconds 30\n  bedel bench grades --url http://127.0.0.1:5000 --connections 128 --json"
    )]
    Grades(Grades),
    /// Write grades straight to the database of the settings, which is best an empty one, and tell how long it took.
    #[command(after_help = "Example: bedel bench grades-sql --data /tmp/bench --records 100000")]
    GradesSql(GradesSql),
}
