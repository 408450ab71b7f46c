//! A tree becomes chunks and manifests: one thread walks, reads, cuts and hashes; what it could not take from the cache it
//! hands on to be deflated and sent.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use kernel::clock::Clock;
use tokio::sync::mpsc;
use vault::chunk::{Chunk, ChunkId};
use vault::chunker::Chunker;
use vault::layout::{Bundle, Job, Planner};
use vault::manifest::{Builder, ManifestError, Piece, Root};
use vault::repository::{Note, NoteKind};
use vault::tar::{Kind, Meta, check_name};

use super::cache::Cache;
use super::reading;
use super::spool::{Spool, Spooled};
use super::walk::{Fingerprint, Met, Walk};
use crate::wire::Progress;

/// Files that changed so shortly before the walk may change again without their times telling.
const SETTLED: i64 = 2;
/// Most files listed; they are counted all.
const NOTES: usize = 10_000;

/// Of chunks that are handed on, and asked about, together: how many, and how many bytes.
const TOGETHER: (usize, usize) = (256, 256 << 10);

/// A chunk and its bytes.
pub(super) type Cut = (Chunk, Bytes);

/// How far a walk has come, for whoever waits.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) entries: AtomicU64,
    pub(super) bytes: AtomicU64,
}

impl Counts {
    /// As the server is told.
    pub(super) fn progress(&self) -> Progress {
        Progress { entries: self.entries.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }
}

/// A tree, as it was cut.
pub(super) struct Tree {
    pub(super) leaves: Spooled,
    pub(super) root: Root,
    pub(super) notes: Vec<Note>,
    pub(super) cache: Cache,
}

/// Why a tree could not be cut.
#[derive(Debug, thiserror::Error)]
pub(super) enum MakeError {
    #[error("the agent's own folder failed: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Nobody wants the chunks any more.
    #[error("sending ended")]
    Left,
}

/// Who walks.
pub(super) struct Maker {
    root: Arc<OwnedFd>,
    builder: Builder,
    leaves: Spool,
    cache: Cache,
    notes: Vec<Note>,
    /// Files of the bundle that is being filled, as they were seen.
    pending: HashMap<Vec<u8>, Fingerprint>,
    clock: Arc<dyn Clock>,
    /// From this second on a change is too young to be trusted.
    young: i64,
    fresh: mpsc::Sender<Vec<Cut>>,
    /// What is handed on together, and how many bytes it has.
    batch: (Vec<Cut>, usize),
    counts: Arc<Counts>,
}

impl Maker {
    pub(super) fn new(
        root: Arc<OwnedFd>,
        cache: Cache,
        (state, clock): (&Path, Arc<dyn Clock>),
        fresh: mpsc::Sender<Vec<Cut>>,
        counts: Arc<Counts>,
    ) -> Result<Self, MakeError> {
        let (builder, pending, notes) = (Builder::new(), HashMap::new(), Vec::new());
        let leaves = Spool::create(state)?;
        let young = clock.now().as_seconds() - SETTLED;
        let batch = (Vec::new(), 0);
        Ok(Self { root, builder, leaves, cache, notes, pending, clock, young, fresh, batch, counts })
    }

    /// Walks it all.
    pub(super) fn run(mut self) -> Result<Tree, MakeError> {
        let mut planner = Planner::new();
        for met in Walk::new(Arc::clone(&self.root)) {
            let (meta, seen) = match met {
                Met::Note(note) => {
                    self.note(note);
                    continue;
                }
                Met::Entry(meta, seen) => (meta, seen),
            };
            self.counts.entries.fetch_add(1, Ordering::Relaxed);
            let name = meta.name.clone();
            if has_data(&meta) {
                self.pending.insert(name.clone(), seen);
            }
            match planner.push(meta) {
                Ok(jobs) => jobs.into_iter().try_for_each(|job| self.job(job))?,
                Err(error) => {
                    tracing::debug!(error = %error, "left out");
                    self.pending.remove(&name);
                    self.note(Note { kind: NoteKind::Refused, name });
                }
            }
        }
        self.job(planner.finish())?;
        self.send()?;
        let (last, root) = self.builder.finish()?;
        if let Some(leaf) = last {
            self.leaves.push(&leaf)?;
        }
        Ok(Tree { leaves: self.leaves.finish()?, root, notes: self.notes, cache: self.cache })
    }

    fn note(&mut self, note: Note) {
        if self.notes.len() < NOTES {
            // A name that no archive may have is shown as far as it may be.
            let name =
                if check_name(&note.name).is_ok() { note.name } else { note.name.into_iter().take(255).collect() };
            self.notes.push(Note { kind: note.kind, name });
        }
    }

    fn job(&mut self, job: Job) -> Result<(), MakeError> {
        match job {
            Job::Bundle(bundle) => self.bundle(&bundle),
            Job::Payload { meta, map } => self.payload(&meta, &map),
        }
    }

    fn bundle(&mut self, bundle: &Bundle) -> Result<(), MakeError> {
        let seen: Vec<Option<Fingerprint>> = bundle.files().map(|meta| self.pending.remove(&meta.name)).collect();
        let key = keyed(&bundle.identity(), &seen);
        let entries = bundle.entries();
        if let Some([chunk]) = self.cache.get(&key).as_deref() {
            self.cache.put(&key, &[*chunk])?;
            return self.piece(Piece { chunk: *chunk, entries });
        }
        let (mut files, mut notes) = (seen.iter().copied(), Vec::new());
        let assembled = bundle.assemble(|meta, raw| {
            let start = raw.len();
            if let Some(Some(seen)) = files.next()
                && let Some(kind) = reading::small(&self.root, meta, seen, raw, &*self.clock)
            {
                notes.push(Note { kind, name: meta.name.clone() });
            }
            let length = raw.len() - start;
            self.counts.bytes.fetch_add(length as u64, Ordering::Relaxed);
            Ok::<_, Infallible>(())
        });
        let raw = match assembled {
            Ok(raw) => Bytes::from(raw),
            Err(never) => match never {},
        };
        let chunk = Chunk::of(&raw).ok_or(ManifestError::TooLarge)?;
        let young = seen.iter().flatten().any(|seen| seen.since(self.young));
        if notes.is_empty() && !young {
            self.cache.put(&key, &[chunk])?;
        }
        notes.into_iter().for_each(|note| self.note(note));
        let expected = self.cache.expected(&key);
        self.hand_on(chunk, raw, expected.first())?;
        self.piece(Piece { chunk, entries })
    }

    fn payload(&mut self, meta: &Meta, map: &[u8]) -> Result<(), MakeError> {
        let Some(seen) = self.pending.remove(&meta.name) else { return Err(ManifestError::Inconsistent.into()) };
        let identity = ChunkId::of(&[&b"payload"[..], &meta.name, &[0], map].concat());
        let key = keyed(&identity, &[Some(seen)]);
        if let Some(chunks) = self.cache.get(&key) {
            self.cache.put(&key, &chunks)?;
            return chunks.iter().try_for_each(|chunk| self.piece(Piece { chunk: *chunk, entries: Vec::new() }));
        }
        let (root, clock) = (Arc::clone(&self.root), Arc::clone(&self.clock));
        let expected = self.cache.expected(&key);
        let (mut chunker, mut chunks) = (Chunker::new(), Vec::new());
        chunker.push(map);
        let odd = reading::large(&root, meta, seen, &*clock, |data| {
            self.counts.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
            chunker.push(data);
            while let Some(raw) = chunker.next_chunk() {
                chunks.push(self.cut(raw, expected.get(chunks.len()))?);
            }
            Ok::<_, MakeError>(())
        })?;
        if let Some(raw) = chunker.finish() {
            chunks.push(self.cut(raw, expected.get(chunks.len()))?);
        }
        match odd {
            Some(kind) => self.note(Note { kind, name: meta.name.clone() }),
            None if seen.since(self.young) => {}
            None => self.cache.put(&key, &chunks)?,
        }
        Ok(())
    }

    fn cut(&mut self, raw: Bytes, expected: Option<&Chunk>) -> Result<Chunk, MakeError> {
        let chunk = Chunk::of(&raw).ok_or(ManifestError::TooLarge)?;
        self.hand_on(chunk, raw, expected)?;
        self.piece(Piece { chunk, entries: Vec::new() })?;
        Ok(chunk)
    }

    /// Has it offered, unless it is the one that the cache says the server has.
    fn hand_on(&mut self, chunk: Chunk, raw: Bytes, expected: Option<&Chunk>) -> Result<(), MakeError> {
        if expected == Some(&chunk) {
            return Ok(());
        }
        self.batch.1 += raw.len();
        self.batch.0.push((chunk, raw));
        if self.batch.0.len() < TOGETHER.0 && self.batch.1 < TOGETHER.1 { Ok(()) } else { self.send() }
    }

    fn send(&mut self) -> Result<(), MakeError> {
        let (batch, _) = std::mem::take(&mut self.batch);
        if batch.is_empty() { Ok(()) } else { self.fresh.blocking_send(batch).map_err(|_| MakeError::Left) }
    }

    fn piece(&mut self, piece: Piece) -> Result<(), MakeError> {
        if let Some(leaf) = self.builder.push(piece)? {
            self.leaves.push(&leaf)?;
        }
        Ok(())
    }
}

fn has_data(meta: &Meta) -> bool {
    match &meta.kind {
        Kind::File { size, extents: None } => *size > 0,
        Kind::File { extents: Some(extents), .. } => extents.data() > 0,
        _ => false,
    }
}

/// What a job's chunks depend on: its headers, and the state of each of its files.
fn keyed(identity: &ChunkId, seen: &[Option<Fingerprint>]) -> ChunkId {
    let mut bytes = identity.as_bytes().to_vec();
    for one in seen {
        bytes.extend(one.map_or([0; 56], |one| one.bytes()));
    }
    ChunkId::of(&bytes)
}

#[cfg(test)]
mod tests {
    use kernel::clock::{SystemClock, Timestamp};

    use super::*;

    /// A minute later than it is, so that no file is too young to be trusted.
    struct Later;

    impl Clock for Later {
        fn now(&self) -> Timestamp {
            SystemClock.now().plus(std::time::Duration::from_secs(60))
        }
    }

    /// How many chunks of a folder are offered, and how many bytes were read.
    fn made(folder: &Path, state: &Path, seed: u64) -> (usize, u64) {
        let (fresh, mut offered) = mpsc::channel(1000);
        let counts = Arc::new(Counts::default());
        let root = Arc::new(OwnedFd::from(std::fs::File::open(folder).expect("opens")));
        let cache = Cache::open(state, "/srv", seed, true).expect("opens");
        let maker = Maker::new(root, cache, (state, Arc::new(Later)), fresh, Arc::clone(&counts)).expect("begins");
        maker.run().expect("makes").cache.keep().expect("keeps");
        let offered = std::iter::from_fn(|| offered.try_recv().ok()).flatten().count();
        (offered, counts.bytes.load(Ordering::Relaxed))
    }

    #[test]
    fn what_is_read_nevertheless_is_offered_only_if_it_changed() {
        let (folder, state) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let write = |number: u64, content: u64| {
            let mut bytes = vec![0; if number == 0 { 3 << 20 } else { 40 << 10 }];
            blake3::Hasher::new().update(&content.to_le_bytes()).finalize_xof().fill(&mut bytes);
            std::fs::write(folder.path().join(format!("{number:03}")), bytes).expect("writes");
        };
        (0..200).for_each(|number| write(number, number));
        let (all, whole) = made(folder.path(), state.path(), 0);
        assert!(all > 50 && whole > 10 << 20, "{all} chunks of {whole} bytes");
        let again: Vec<_> = (1..11).map(|seed| made(folder.path(), state.path(), seed)).collect();
        assert!(again.iter().any(|(_, read)| *read > 0), "nothing was read again: {again:?}");
        assert!(again.iter().all(|(offered, read)| *offered == 0 && *read < whole / 2), "{again:?}");
        write(7, 1000);
        let (offered, _) = made(folder.path(), state.path(), 11);
        assert_eq!(offered, 1);
    }
}
