//! One node's backups: packs of fragments, an index of them, and a record for each backup, over a store of blobs.
//!
//! | blob | holds | may be lost |
//! |---|---|---|
//! | `PREFIX/packs/N` | fragments with what they are, append-only, 64 MiB | no |
//! | `PREFIX/index/N` | what pack N holds; written when the pack is whole and durable | yes: it is made again |
//! | `PREFIX/backups/N` | a backup: its root and its circumstances; its sync is the commit | no |
//! | `PREFIX/digests/N` | SHA-256 of backup N's archive | yes |
//!
//! A pack without an index is what a crash left: its good fragments are copied into a pack of their own before anything
//! counts on them, since nobody knows whether they are durable.

mod apply;
mod archive;
mod browse;
mod commit;
mod content;
mod error;
mod in_common;
mod index;
mod open;
mod pack;
mod plan;
mod put;
mod record;
mod scrub;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::blobs::{BlobKey, Blobs};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

pub use apply::Applied;
pub use archive::{Archive, Part};
pub use browse::Listed;
pub use commit::Commit;
pub use content::FileContent;
pub use error::RepositoryError;
pub use plan::{Plan, Retention};
pub use record::{Note, NoteKind, Record};
pub use scrub::Scrubbed;

use crate::chunk::ChunkId;
use commit::Summary;
use index::Index;
use put::Filling;

/// A pack is closed once it has this many bytes.
pub const PACK: u64 = 64 << 20;

/// One node's backups. What one node has is never told to another: each has a repository, with a prefix of its own.
///
/// One process at a time writes: who that is, a lease decides elsewhere. A former writer cannot harm by putting or
/// committing, since blobs are made once; before deleting it must ask, see [`Repository::apply`].
pub struct Repository {
    blobs: Arc<dyn Blobs>,
    prefix: String,
    known: Mutex<Known>,
    filling: tokio::sync::Mutex<Filling>,
    /// Held for reading by sessions, which may have been told that a chunk need not be sent; for writing by deletion.
    gate: Arc<RwLock<()>>,
}

/// What is in memory: about 80 bytes a chunk.
#[derive(Default)]
struct Known {
    index: Index,
    records: BTreeMap<u64, Record>,
    /// Roots whose every chunk was seen to be there.
    complete: HashMap<ChunkId, Summary>,
    /// Grows with every change, so that a plan knows when it is stale.
    generation: u64,
    /// Grows when something is removed.
    removals: u64,
    /// The lowest number that no pack has had.
    next_pack: u64,
    /// Packs that were begun and have no index yet: the one being filled, the one being sealed, and what failures left.
    unindexed: BTreeSet<u64>,
    /// Records whose writing failed: whether they are there is not known.
    unsure: BTreeSet<u64>,
    /// Records that are there and cannot be read. What they need is not known, so nothing is deleted.
    broken: BTreeSet<u64>,
}

/// While one exists nothing is deleted: what the node was told is there stays until it commits.
#[derive(Debug)]
pub struct Session {
    _gate: OwnedRwLockReadGuard<()>,
}

impl Repository {
    /// Every backup that is kept, oldest first.
    #[must_use]
    pub fn backups(&self) -> Vec<Record> {
        self.known().records.values().cloned().collect()
    }

    /// One backup.
    ///
    /// # Errors
    /// [`RepositoryError::NoBackup`].
    pub fn backup(&self, number: u64) -> Result<Record, RepositoryError> {
        self.known().records.get(&number).cloned().ok_or(RepositoryError::NoBackup(number))
    }

    /// How many bytes the packs have.
    #[must_use]
    pub fn stored(&self) -> u64 {
        self.known().index.packs().map(|(_, pack)| pack.size).sum()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, kind: &str, number: u64) -> Result<BlobKey, RepositoryError> {
        Ok(BlobKey::new(format!("{}/{kind}/{number:016x}", self.prefix))?)
    }
}
