//! `bedel rooms`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use rooms::wire::Address;

use super::Settings;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Rooms {
    /// Ask a faculty for rooms, as a programme does.
    #[command(
        after_help = "Example: bedel rooms request --faculty tcp://127.0.0.1:6000 --program program-01-1 --semester 2025-10"
    )]
    Request(Request),
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
    /// Make a key pair for a link.
    #[command(after_help = "Example: bedel rooms keygen program-01-6 --dir /tmp/keys")]
    Keygen(Keygen),
}

/// `bedel rooms request`.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// Where the faculty takes requests.
    #[arg(long, value_name = "tcp://HOST:PORT")]
    pub(crate) faculty: Address,
    /// Which programme asks: the name of its key.
    #[arg(long)]
    pub(crate) program: String,
    /// For which semester, such as 2025-10.
    #[arg(long)]
    pub(crate) semester: String,
    /// How many classrooms; 7 to 10 unless given.
    #[arg(long)]
    pub(crate) classrooms: Option<u32>,
    /// How many laboratories; 2 to 4 unless given.
    #[arg(long)]
    pub(crate) labs: Option<u32>,
    /// Names the request: the same name asked again is the same request. Made unless given.
    #[arg(long)]
    pub(crate) request_id: Option<String>,
    /// See [`Settings`].
    #[command(flatten)]
    pub(crate) settings: Settings,
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
    /// The key's name, such as program-01-6.
    pub(crate) name: String,
    /// Where to put NAME.pub and NAME.key.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
}
