//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

pub(crate) mod backup;
pub(crate) mod rooms;

use clap::{Args, Parser, Subcommand};
use kernel::role::Role;

mod amounts;
mod files;

pub(crate) use files::{Get, Put, Share, ShareAction, Transfers, Voucher, VoucherAction};

/// One program that runs a campus: large files, and what keeps them moving when machines die.
#[derive(Debug, Parser)]
#[command(name = "bedel", version, after_help = "Example: bedel up --demo")]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the whole campus on this machine and stay in the foreground.
    #[command(after_help = "Example: bedel up --data /srv/bedel --listen 0.0.0.0:8080")]
    Up(Up),
    /// Run one replica of one role.
    #[command(after_help = "Example: bedel run files --data /srv/bedel --listen 127.0.0.1:9000")]
    Run(Run),
    /// Drain and end the campus of a data folder, also when its orchestrator is dead.
    #[command(after_help = "Example: bedel down --data /srv/bedel")]
    Down(Data),
    /// Show every role and replica: a live table on a terminal.
    #[command(after_help = "Example: bedel status --json | jq .ready")]
    Status(Status),
    /// Want N replicas of a role; 0 stops it.
    #[command(after_help = "Example: bedel scale files 5")]
    Scale(Scale),
    /// Replace a role's replicas one after the other, without a failed request.
    #[command(after_help = "Example: bedel restart gateway")]
    Restart(Restart),
    /// Bring every service's tables up to date.
    #[command(after_help = "Example: bedel migrate --config bedel.toml")]
    Migrate(Settings),
    /// Write, check or describe settings.
    #[command(subcommand, after_help = "Example: bedel config init > bedel.toml")]
    Config(Config),
    /// Print the OpenAPI 3.1 document.
    #[command(after_help = "Example: bedel openapi > openapi.json")]
    Openapi,
    /// Log in to a campus and remember it.
    #[command(after_help = "Example: bedel login http://127.0.0.1:8080 --username ana")]
    Login(Login),
    /// Upload files and folders, several at once; what was interrupted goes on from where it stopped.
    #[command(
        after_help = "Examples:\n  bedel put lecture.mp4 --title 'Lecture 1' --visibility campus\n  bedel put course/ --parallel 8"
    )]
    Put(Put),
    /// Download files, each over several connections; what was interrupted goes on from where it stopped.
    #[command(
        after_help = "Examples:\n  bedel get lecture.mp4 -o /tmp/lecture.mp4\n  bedel get 01k9x3v7c8m2q4t6w8y0a2c4e6 --connections 8"
    )]
    Get(Get),
    /// What has not arrived yet, where it stopped, and the command that goes on.
    #[command(after_help = "Example: bedel transfers")]
    Transfers(Transfers),
    /// Make, list and remove links that open one file for whoever has them.
    #[command(
        args_conflicts_with_subcommands = true,
        subcommand_negates_reqs = true,
        after_help = "Examples:\n  bedel share lecture.mp4 --expires 7d --limit 30\n  bedel share list lecture.mp4"
    )]
    Share(Share),
    /// Make, list and remove vouchers, with which somebody without an account uploads for you.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:\n  bedel voucher --for 'Thesis of Ana' --expires 14d --size 5G\n  bedel voucher list"
    )]
    Voucher(Voucher),
    /// List files.
    #[command(after_help = "Example: bedel ls lecture --json")]
    Ls(Ls),
    /// Delete a file; for a while it can be brought back.
    #[command(after_help = "Example: bedel rm 01k9x3v7c8m2q4t6w8y0a2c4e6")]
    Rm(Rm),
    /// Bring a deleted file back from the trash.
    #[command(after_help = "Example: bedel restore 01k9x3v7c8m2q4t6w8y0a2c4e6")]
    Restore(Restore),
    /// Ask for classrooms and laboratories, and see who has them.
    #[command(subcommand, after_help = "Example: bedel rooms inventory 2025-10")]
    Rooms(rooms::Rooms),
    /// Back up folders of nodes, look at what there is, and restore.
    #[command(subcommand, after_help = "Example: bedel backup register web-1:9750 /srv/data --every 60")]
    Backup(backup::Backup),
    /// Protect this node: wait for the campus's server and send it what changed below the allowed folders.
    #[command(
        after_help = "Example: bedel agent --listen 0.0.0.0:9750 --allow /srv/data --enroll \"$(cat token)\"\n\nThe token is needed once; `bedel backup enroll-token` prints one."
    )]
    Agent(backup::Agent),
}

/// The data folder.
#[derive(Debug, Clone, Args)]
pub(crate) struct Data {
    /// Where everything is kept.
    #[arg(long, value_name = "DIR", default_value = "./bedel-data", env = "BEDEL_DATA")]
    pub(crate) data: PathBuf,
}

/// Where settings come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// See [`Data`].
    #[command(flatten)]
    pub(crate) data: Data,
    /// A TOML file of settings.
    #[arg(long, value_name = "FILE", env = "BEDEL_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// `bedel up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// See [`Settings`].
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// The HTTP door; port 0 takes any free one.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Make demonstration users and files; the passwords go to DATA/demo-users.
    #[arg(long)]
    pub(crate) demo: bool,
}

/// `bedel run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Which role.
    pub(crate) role: Role,
    /// The replica's name.
    #[arg(long, value_name = "ID")]
    pub(crate) replica: Option<String>,
    /// See [`Settings`].
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Where to listen, when nobody hands a socket down.
    #[arg(long, value_name = "ADDR", conflicts_with = "listen_fd")]
    pub(crate) listen: Option<SocketAddr>,
    /// An inherited listening socket, as NAME=DESCRIPTOR.
    #[arg(long, value_name = "NAME=FD")]
    pub(crate) listen_fd: Vec<String>,
}

/// `bedel status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// See [`Data`].
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print once, as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel scale`.
#[derive(Debug, Args)]
pub(crate) struct Scale {
    /// Which role.
    pub(crate) role: Role,
    /// How many replicas.
    pub(crate) replicas: u32,
    /// See [`Data`].
    #[command(flatten)]
    pub(crate) data: Data,
}

/// `bedel restart`.
#[derive(Debug, Args)]
pub(crate) struct Restart {
    /// Which role.
    pub(crate) role: Role,
    /// See [`Data`].
    #[command(flatten)]
    pub(crate) data: Data,
}

/// `bedel config`.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print a commented file of every setting and its default.
    #[command(after_help = "Example: bedel config init > bedel.toml")]
    Init,
    /// Read the settings as `bedel up` would and print them.
    #[command(after_help = "Example: bedel config check --config bedel.toml")]
    Check(Settings),
    /// Print the JSON Schema of the settings.
    #[command(after_help = "Example: bedel config schema > bedel.schema.json")]
    Schema,
}

/// `bedel login`.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The campus's address.
    pub(crate) url: String,
    /// Who; asked for on a terminal if missing.
    #[arg(long)]
    pub(crate) username: Option<String>,
    /// Read the password from standard input instead of asking for it.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// A PEM file of the authority that signed the campus's certificate.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Accept the certificate with this SHA-256 fingerprint (hex), and no other.
    #[arg(long, value_name = "HEX", conflicts_with = "ca")]
    pub(crate) fingerprint: Option<String>,
}

/// `bedel ls`.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Words of the name, title or description.
    pub(crate) query: Option<String>,
    /// Print JSON, one file a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show digests, owners, how often each was downloaded, and when it ends.
    #[arg(long)]
    pub(crate) long: bool,
}

/// `bedel rm`.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// The file's id.
    pub(crate) id: String,
    /// Delete it for good, without a way back.
    #[arg(long)]
    pub(crate) purge: bool,
}

/// `bedel restore`.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The file's id.
    pub(crate) id: String,
    /// Print the file as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
