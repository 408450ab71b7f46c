//! `bedel rooms`.

use std::path::PathBuf;

use super::Settings;
use clap::{Args, Subcommand};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Rooms {
    /// Ask a faculty for rooms, as a programme does, and print the final word.
    #[command(
        after_help = "Example: bedel rooms request --faculty tcp://127.0.0.1:6000 --program program-01-1 --semester 2025-10"
    )]
    Request(RoomsRequest),
    /// List requests, newest first.
    #[command(after_help = "Example: bedel rooms list --semester 2025-10 --json")]
    List(List),
    /// Show the rooms of a semester and who has them.
    #[command(after_help = "Example: bedel rooms inventory 2025-10")]
    Inventory(Inventory),
    /// Show who leads, how many requests there were and how long answers take, as JSON.
    #[command(after_help = "Example: bedel rooms metrics | jq .leader")]
    Metrics,
    /// Let the other server lead; no request fails.
    #[command(after_help = "Example: bedel rooms promote")]
    Promote,
    /// Make a key pair: NAME.pub to give away, NAME.key to keep.
    #[command(after_help = "Example: bedel rooms keygen program-11-1 --dir keys")]
    Keygen(Keygen),
}

/// `bedel rooms request`.
#[derive(Debug, Args)]
pub(crate) struct RoomsRequest {
    /// See [`Settings`].
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Where the faculty listens; that of this machine's campus unless given.
    #[arg(long, value_name = "tcp://HOST:PORT")]
    pub(crate) faculty: Option<String>,
    /// Who asks: the key's name, such as program-01-1.
    #[arg(long, value_name = "NAME")]
    pub(crate) program: String,
    /// For when: a year and 10, 20 or 30.
    #[arg(long, value_name = "YYYY-TT")]
    pub(crate) semester: String,
    /// How many classrooms; 7 to 10, at random, unless given.
    #[arg(long, value_name = "N")]
    pub(crate) classrooms: Option<u32>,
    /// How many laboratories; 2 to 4, at random, unless given.
    #[arg(long, value_name = "N")]
    pub(crate) labs: Option<u32>,
    /// Names the request: the same again gets the same answer. Made up unless given.
    #[arg(long, value_name = "ID")]
    pub(crate) request_id: Option<String>,
    /// Where the programme's NAME.key and its faculty's .pub lie; DATA/rooms/keys unless given.
    #[arg(long, value_name = "DIR")]
    pub(crate) keys: Option<PathBuf>,
    /// How long to wait for the final word, in seconds.
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) timeout: u64,
    /// Print the final word as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel rooms list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only of this semester.
    #[arg(long)]
    pub(crate) semester: Option<String>,
    /// Only of this faculty.
    #[arg(long)]
    pub(crate) faculty: Option<String>,
    /// Only in this state: waiting, proposed, accepted, released, rejected, expired or denied.
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// Print JSON, one request a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel rooms inventory`.
#[derive(Debug, Args)]
pub(crate) struct Inventory {
    /// Which semester, such as 2025-10.
    pub(crate) semester: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel rooms keygen`.
#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// The key's name: that of the faculty or programme that will hold it.
    pub(crate) name: String,
    /// Where to put it.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
}
