//! The commands that move files and let others at them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::amounts::{Until, bytes};

/// `bedel put`.
#[derive(Debug, Args)]
pub(crate) struct Put {
    /// Files and folders to upload; a folder with everything below it.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// How many files at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) parallel: u8,
    /// The title; of a folder's files it is their path in it, unless given.
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// What it is about.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// The category.
    #[arg(long)]
    pub(crate) category: Option<String>,
    /// Tags, separated by commas.
    #[arg(long)]
    pub(crate) tags: Option<String>,
    /// Who may see it: private, campus or public.
    #[arg(long, default_value = "private")]
    pub(crate) visibility: String,
    /// Go on with this upload, which was begun elsewhere with the same file.
    #[arg(long, value_name = "UPLOAD")]
    pub(crate) resume: Option<String>,
    /// Upload also what was uploaded before and has not changed since.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) again: bool,
    /// Print the stored files as JSON, one a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel get`.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The files' ids, or their exact names.
    #[arg(required = true, value_name = "ID|NAME")]
    pub(crate) files: Vec<String>,
    /// Where to put it: a file, or the folder for several; this folder unless given.
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Connections for each file.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) connections: u8,
    /// How many files at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) parallel: u8,
    /// Print what was stored as JSON, one file a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel transfers`.
#[derive(Debug, Args)]
pub(crate) struct Transfers {
    /// Print JSON, one transfer a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bedel share`.
#[derive(Debug, Args)]
pub(crate) struct Share {
    /// What to do; makes a link unless said.
    #[command(subcommand)]
    pub(crate) action: Option<ShareAction>,
    /// The file's id, or its exact name.
    #[arg(required = true, value_name = "ID|NAME")]
    pub(crate) file: Option<String>,
    /// When the link ends: 30m, 12h, 7d, 2w, or a date such as 2026-12-31.
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<Until>,
    /// Ask for a password that whoever opens the link must know.
    #[arg(long)]
    pub(crate) password: bool,
    /// Read that password from standard input.
    #[arg(long, conflicts_with = "password")]
    pub(crate) password_stdin: bool,
    /// How often the file may be downloaded.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// For whom or what it is; only you see it.
    #[arg(long = "for", value_name = "NOTE")]
    pub(crate) note: Option<String>,
    /// Print the link as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with links.
#[derive(Debug, Subcommand)]
pub(crate) enum ShareAction {
    /// List the links of a file, or of all of yours.
    #[command(after_help = "Example: bedel share list lecture.mp4 --json")]
    List {
        /// The file's id, or its exact name.
        #[arg(value_name = "ID|NAME")]
        file: Option<String>,
        /// Print JSON, one link a line.
        #[arg(long)]
        json: bool,
    },
    /// End a link before its time.
    #[command(after_help = "Example: bedel share remove 01k9x3v7c8m2q4t6w8y0a2c4e6")]
    Remove {
        /// The link's id, as `bedel share list` shows it.
        #[arg(value_name = "LINK")]
        id: String,
    },
}

/// `bedel voucher`.
#[derive(Debug, Args)]
pub(crate) struct Voucher {
    /// What to do; makes a voucher unless said.
    #[command(subcommand)]
    pub(crate) action: Option<VoucherAction>,
    /// For whom or what it is; the guest sees it.
    #[arg(long = "for", value_name = "NOTE", default_value = "")]
    pub(crate) note: String,
    /// When it ends: 30m, 12h, 7d, 2w, or a date such as 2026-12-31; in 14 days unless given.
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<Until>,
    /// How many bytes it takes altogether, such as 500M or 5G.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) size: Option<u64>,
    /// How many files it takes; 10 unless given.
    #[arg(long, value_name = "N")]
    pub(crate) files: Option<u64>,
    /// Print the voucher as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with vouchers.
#[derive(Debug, Subcommand)]
pub(crate) enum VoucherAction {
    /// List your vouchers.
    #[command(after_help = "Example: bedel voucher list --json")]
    List {
        /// Print JSON, one voucher a line.
        #[arg(long)]
        json: bool,
    },
    /// End a voucher, and what is being uploaded with it.
    #[command(after_help = "Example: bedel voucher remove 01k9x3v7c8m2q4t6w8y0a2c4e6")]
    Remove {
        /// The voucher's id, as `bedel voucher list` shows it.
        #[arg(value_name = "VOUCHER")]
        id: String,
    },
}
