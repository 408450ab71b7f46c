//! `bedel backup` and `bedel agent`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::amounts::bytes;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Print a word with which one node may enrol its agent, within 15 minutes.
    #[command(after_help = "Example: bedel backup enroll-token > token")]
    EnrollToken,
    /// Register a folder of a node; its first backup begins at once.
    #[command(after_help = "Example: bedel backup register web-1:9750 /srv/data --every 60")]
    Register(Register),
    /// List backups with their sizes and dates.
    #[command(after_help = "Example: bedel backup list web-1 /srv/data")]
    List(List),
    /// List what is registered.
    #[command(after_help = "Example: bedel backup targets")]
    Targets(Targets),
    /// Back up no more. The backups there are, and the log, stay.
    #[command(after_help = "Example: bedel backup unregister web-1 /srv/data")]
    Unregister(Of),
    /// Back up now, and wait for the end.
    #[command(after_help = "Example: bedel backup run web-1 /srv/data")]
    Run(Of),
    /// Bring a backup back, into a folder that does not exist yet.
    #[command(after_help = "Example: bedel backup restore 01k9x3v7c8m2q4t6w8y0a2c4e6 --to /srv/restored")]
    Restore(Restore),
    /// Show every attempt, newest first.
    #[command(after_help = "Example: bedel backup log --node web-1 --json")]
    Log(Log),
    /// Read backups back, every chunk against its hash.
    #[command(after_help = "Example: bedel backup verify 01k9x3v7c8m2q4t6w8y0a2c4e6")]
    Verify(Verify),
    /// Restore a backup on the campus's own disk, compare it entry by entry, and wait for the verdict.
    #[command(after_help = "Example: bedel backup rehearse 01k9x3v7c8m2q4t6w8y0a2c4e6")]
    Rehearse(Rehearse),
    /// Show what is wrong with backups.
    #[command(after_help = "Example: bedel backup alerts --all")]
    Alerts(Alerts),
    /// Say that a backup which shrank or changed is as it should be.
    #[command(after_help = "Example: bedel backup dismiss 01k9x3v7c8m2q4t6w8y0a2c4e6")]
    Dismiss(One),
    /// Set how much a node's backups may have of the disk, or show what they have.
    #[command(after_help = "Example: bedel backup quota web-1 500G")]
    Quota(Quota),
    /// List the agents that were enrolled.
    #[command(after_help = "Example: bedel backup agents")]
    Agents(Targets),
    /// Revoke an agent: it is never asked again, and what it sends now ends.
    #[command(after_help = "Example: bedel backup revoke 01k9x3v7c8m2q4t6w8y0a2c4e6")]
    Revoke(One),
}

/// `bedel backup rehearse`.
#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    /// The backup's id.
    pub(crate) id: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel backup alerts`.
#[derive(Debug, Args)]
pub(crate) struct Alerts {
    /// Those that are over too.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON, one alert a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel backup dismiss` and `revoke`.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Its id.
    pub(crate) id: String,
}

/// `bedel backup quota`.
#[derive(Debug, Args)]
pub(crate) struct Quota {
    /// The node's address, with or without its port.
    #[arg(value_name = "HOST")]
    pub(crate) node: String,
    /// Bytes, such as 500G; `none` takes the quota away; nothing shows it.
    #[arg(value_name = "BYTES|none", value_parser = limit)]
    pub(crate) quota: Option<Limit>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How much a node's backups may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// So many bytes.
    Bytes(u64),
    /// As many as there are.
    None,
}

fn limit(text: &str) -> Result<Limit, String> {
    match text {
        "none" => Ok(Limit::None),
        "0" => Ok(Limit::Bytes(0)),
        amount => bytes(amount).map(Limit::Bytes),
    }
}

/// `bedel backup register`.
#[derive(Debug, Args)]
pub(crate) struct Register {
    /// Where the node's agent listens.
    #[arg(value_name = "HOST:PORT")]
    pub(crate) node: String,
    /// The folder.
    pub(crate) path: String,
    /// Minutes between two backups.
    #[arg(long, value_name = "MINUTES", allow_negative_numbers = true)]
    pub(crate) every: i64,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A node and a folder.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The node's address, with or without its port.
    #[arg(value_name = "HOST")]
    pub(crate) node: String,
    /// The folder.
    pub(crate) path: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel backup list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only of this node, with or without its port.
    #[arg(value_name = "HOST")]
    pub(crate) node: Option<String>,
    /// Only of this folder.
    pub(crate) path: Option<String>,
    /// Print JSON, one backup a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel backup targets`.
#[derive(Debug, Args)]
pub(crate) struct Targets {
    /// Print JSON, one target a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel backup restore`.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup's id.
    pub(crate) id: String,
    /// The folder to make; the id under the present folder unless given.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// Parts fetched and inflated at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = parts_at_once)]
    pub(crate) connections: usize,
}

fn parts_at_once(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=16).contains(number));
    number.ok_or_else(|| "a number from 1 to 16 is expected".to_owned())
}

/// `bedel backup log`.
#[derive(Debug, Args)]
pub(crate) struct Log {
    /// Only of this node, with or without its port.
    #[arg(long, value_name = "HOST")]
    pub(crate) node: Option<String>,
    /// Only of this folder.
    #[arg(long)]
    pub(crate) path: Option<String>,
    /// Only what stands or ended so: queued, running, done, unchanged, failed or unreachable.
    #[arg(long)]
    pub(crate) outcome: Option<String>,
    /// Print JSON, one attempt a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel backup verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The backup's id; every backup that is kept unless given.
    pub(crate) id: Option<String>,
    /// Print JSON, one backup a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel agent`.
#[derive(Debug, Args)]
pub(crate) struct Agent {
    /// Where the campus's server calls.
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:9750")]
    pub(crate) listen: SocketAddr,
    /// A folder that may be backed up, with all below it; nothing else is ever sent.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub(crate) allow: Vec<PathBuf>,
    /// The word of `bedel backup enroll-token`; needed once.
    #[arg(long, value_name = "TOKEN")]
    pub(crate) enroll: Option<String>,
    /// Where the agent's key and its cache, which may be removed, are kept.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/bedel-agent")]
    pub(crate) state: PathBuf,
    /// A folder with executables called `pre` and `post`, run before and after each backup.
    #[arg(long, value_name = "DIR")]
    pub(crate) hooks: Option<PathBuf>,
    /// Kilobytes a second over the network, at most.
    #[arg(long, value_name = "KB", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// How far the agent steps back for others, 0 to 19.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(i32).range(0..=19))]
    pub(crate) nice: i32,
}
