//! Committing a backup: everything it names is seen to be there, and then its record is made.

use std::cmp::Ordering;

use super::record::{MAX_NOTES, MAX_TARGET, Note, Record};
use super::{Repository, RepositoryError, Session};
use crate::chunk::{Chunk, ChunkId};
use crate::fragment::Fragment;
use crate::gzip::{self, Tail};
use crate::manifest::{Leaf, ManifestError, Root};
use crate::tar::order;

/// A backup to be committed.
#[derive(Debug, Clone)]
pub struct Commit {
    /// What it is a backup of, such as a path; at most 8 KiB.
    pub target: String,
    /// When, in µs since 1970.
    pub at: u64,
    /// Files that were not archived as they are; of more than 10,000 the first are listed and all are counted.
    pub notes: Vec<Note>,
}

/// What follows from a root whose every chunk is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    /// Where each leaf's fragments begin in the archive.
    pub(super) starts: Vec<u64>,
    /// Where the archive's tail begins.
    pub(super) end: u64,
    pub(super) tag: ChunkId,
    pub(super) span: u64,
    pub(super) entries: u64,
}

impl Repository {
    /// Whether a root is that of a backup which is here whole: then the node need send nothing but this hash.
    ///
    /// # Errors
    /// What reading its manifests meets, but for what is missing.
    pub async fn has_root(&self, root: &Chunk) -> Result<bool, RepositoryError> {
        match self.summary(root).await {
            Ok(_) => Ok(true),
            Err(RepositoryError::Missing(_) | RepositoryError::Damaged { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Commits a backup whose root the node sent. What this returned `Ok` for is durable.
    ///
    /// # Errors
    /// [`RepositoryError::Missing`] names the first chunk that must be sent first; [`RepositoryError::Manifest`] if the
    /// manifests contradict each other or the chunks; [`RepositoryError::Fenced`] if another process commits here.
    pub async fn commit(&self, session: &Session, root: &Fragment, commit: Commit) -> Result<Record, RepositoryError> {
        self.put(session, root, commit.at).await?;
        self.commit_root(session, root.chunk(), commit).await
    }

    /// Commits a backup whose root is here already, such as an unchanged one.
    ///
    /// # Errors
    /// As [`Repository::commit`].
    pub async fn commit_root(
        &self,
        _session: &Session,
        root: &Chunk,
        commit: Commit,
    ) -> Result<Record, RepositoryError> {
        if commit.target.len() > MAX_TARGET {
            return Err(RepositoryError::BadTarget);
        }
        self.flush().await?;
        let summary = self.summary(root).await?;
        let unsure: Vec<u64> = self.known().unsure.iter().copied().collect();
        for number in unsure {
            self.blobs.delete(&self.key("backups", number)?).await?;
            self.known().unsure.remove(&number);
        }
        let number = {
            let mut known = self.known();
            let last = known.records.keys().chain(&known.broken).max().copied();
            let number = last.map_or(0, |last| last + 1);
            known.unsure.insert(number);
            number
        };
        let mut notes = commit.notes;
        let notes_total = notes.len() as u64;
        notes.truncate(MAX_NOTES);
        let record = Record {
            number,
            at: commit.at,
            target: commit.target,
            root: *root,
            length: summary.end + gzip::TAIL as u64,
            tag: summary.tag,
            span: summary.span,
            entries: summary.entries,
            notes,
            notes_total,
        };
        let written = self.write(&self.key("backups", number)?, record.encode()).await;
        if matches!(written, Err(RepositoryError::Fenced)) {
            self.known().unsure.remove(&number);
        }
        written?;
        let mut known = self.known();
        known.unsure.remove(&number);
        known.records.insert(number, record.clone());
        known.generation += 1;
        Ok(record)
    }

    /// Reads a root's leaves and sees that all it names is there and fits. Remembered until something is removed.
    pub(super) async fn summary(&self, root: &Chunk) -> Result<Summary, RepositoryError> {
        if let Some(summary) = self.known().complete.get(&root.id) {
            return Ok(summary.clone());
        }
        let generation = self.known().removals;
        let content = self.root(root).await?;
        let summary = self.walk(&content).await?;
        let mut known = self.known();
        if known.removals == generation {
            known.complete.insert(root.id, summary.clone());
        }
        Ok(summary)
    }

    async fn walk(&self, root: &Root) -> Result<Summary, RepositoryError> {
        let (mut tail, mut hasher) = (Tail::default(), blake3::Hasher::new());
        let mut starts = Vec::with_capacity(root.leaves.len());
        let mut position = gzip::HEADER.len() as u64;
        let mut last: Option<Vec<u8>> = None;
        for named in &root.leaves {
            let leaf = self.leaf(&named.chunk).await?;
            let first = leaf.entries().next().map(|entry| &entry.name[..]);
            let in_order = match (&last, first) {
                (Some(last), Some(first)) => order(last, first) == Ordering::Less,
                _ => true,
            };
            let agrees = leaf.span() == named.span
                && leaf.entries().count() as u64 == named.entries
                && first.unwrap_or_default().starts_with(&named.first)
                && (first.is_none() || !named.first.is_empty())
                && in_order;
            if !agrees {
                return Err(ManifestError::Inconsistent.into());
            }
            last = leaf.entries().next_back().map(|entry| entry.name.clone()).or(last);
            starts.push(position);
            for (chunk, length) in self.lengths(&leaf)? {
                tail.add(chunk.crc, u64::from(chunk.length));
                hasher.update(chunk.id.as_bytes()).update(&length.to_le_bytes());
                position += u64::from(length);
            }
        }
        if tail.crc() != root.crc {
            return Err(ManifestError::Inconsistent.into());
        }
        let tag = ChunkId::new(*hasher.finalize().as_bytes());
        Ok(Summary { starts, end: position, tag, span: root.span(), entries: root.entries() })
    }

    /// A leaf's chunks with their fragments' lengths.
    pub(super) fn lengths(&self, leaf: &Leaf) -> Result<Vec<(Chunk, u32)>, RepositoryError> {
        let known = self.known();
        let mut lengths = Vec::with_capacity(leaf.pieces.len());
        for piece in &leaf.pieces {
            let located = known.index.get(&piece.chunk.id).ok_or(RepositoryError::Missing(piece.chunk.id))?;
            if located.chunk != piece.chunk {
                return Err(ManifestError::Inconsistent.into());
            }
            lengths.push((piece.chunk, located.place.length));
        }
        Ok(lengths)
    }
}
