//! `bedel bench`.

use clap::Subcommand;

mod rooms;

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
}
