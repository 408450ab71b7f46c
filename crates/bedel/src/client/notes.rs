//! What this machine has begun, so that the same command goes on after it was killed, and does not do twice what it did.
//!
//! One small file for each transfer under `XDG_STATE_HOME/bedel/transfers`, named by what tells it from others.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ring::digest::{SHA256, digest};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::command_line::Invocation;
use super::tls;

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    /// To the campus.
    Upload,
    /// From the campus.
    Download,
}

/// A transfer that was begun here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Which way.
    pub(crate) way: Way,
    /// The campus's address.
    pub(crate) campus: String,
    /// What is sent, or where the bytes are written until they are all there.
    pub(crate) path: PathBuf,
    /// The file's name.
    pub(crate) name: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Repeats of the request that begins the upload carry this, so that they begin only one.
    pub(crate) key: String,
    /// Where the upload is; of a download, the file's id.
    pub(crate) place: Option<String>,
    /// What became of it.
    pub(crate) stored: Option<Stored>,
    /// What to run to go on.
    pub(crate) invocation: Invocation,
}

/// A file that arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// The file's path on the campus.
    pub(crate) place: String,
    /// The digest of what was sent, in hex.
    pub(crate) sha256: String,
}

/// A note that nobody else can change meanwhile.
pub(crate) struct Entry {
    path: PathBuf,
    /// The note.
    pub(crate) note: Note,
    _alone: File,
}

impl Entry {
    /// The note of what `identity` tells from all else, or `fresh` if there is none. A damaged note is no reason not to
    /// begin anew.
    ///
    /// # Errors
    /// If another process is at it, or notes cannot be kept.
    pub(crate) fn open(identity: &str, fresh: Note) -> anyhow::Result<Self> {
        let folder = folder()?;
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let name = tls::hex(&digest(&SHA256, identity.as_bytes()).as_ref()[..16]);
        let path = folder.join(format!("{name}.json"));
        let lock = path.with_extension("lock");
        let alone = File::options().create(true).truncate(false).write(true).open(&lock);
        let alone = alone.with_context(|| format!("cannot write {}", lock.display()))?;
        if flock(&alone, FlockOperation::NonBlockingLockExclusive).is_err() {
            bail!("another bedel is transferring it now: wait for that one, or end it and run this again");
        }
        let known = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Ok(Self { path, note: known.unwrap_or(fresh), _alone: alone })
    }

    /// Writes the note down, durably.
    ///
    /// # Errors
    /// If that is not possible.
    pub(crate) fn keep(&self) -> anyhow::Result<()> {
        let text = serde_json::to_vec(&self.note)?;
        let kept = tokio::task::block_in_place(|| kernel::data_dir::replace_file(&self.path, &text));
        kept.with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Forgets the transfer.
    pub(crate) fn forget(self) {
        // What cannot be removed is overwritten or ignored the next time.
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(self.path.with_extension("lock"));
    }
}

/// A transfer of which there is a note.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// The note.
    pub(crate) note: Note,
    /// Whether a process is at it now.
    pub(crate) at_work: bool,
}

/// Every note about this campus.
#[must_use]
pub(crate) fn all(campus: &str) -> Vec<Known> {
    let read = |path: PathBuf| {
        let note: Note = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        Some(Known { note, at_work: at_work(&path) })
    };
    written().filter_map(read).filter(|known| known.note.campus == campus).collect()
}

/// Whether a process is at the transfer that the note at `path` is about.
fn at_work(path: &Path) -> bool {
    let lock = File::open(path.with_extension("lock")).ok();
    lock.is_some_and(|lock| flock(&lock, FlockOperation::NonBlockingLockShared).is_err())
}

fn written() -> impl Iterator<Item = PathBuf> {
    let entries = folder().and_then(|folder| Ok(std::fs::read_dir(folder)?)).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|kind| kind == "json"))
}

/// Removes notes that can serve no more: of what was stored and has changed or gone here since, and of downloads whose
/// bytes somebody removed.
pub(crate) fn tidy() {
    for path in written() {
        let note = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Note>(&text).ok());
        let gone = |note: &Note| !note.path.exists() && (note.stored.is_some() || note.way == Way::Download);
        // A download that is just beginning has its note before its first byte.
        if note.as_ref().is_some_and(gone) && !at_work(&path) {
            let _ = std::fs::remove_file(&path);
            let _ = std::fs::remove_file(path.with_extension("lock"));
        }
    }
}

fn folder() -> anyhow::Result<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let state = state.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/state")));
    Ok(state.context("neither XDG_STATE_HOME nor HOME is set")?.join("bedel/transfers"))
}
