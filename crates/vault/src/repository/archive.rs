//! A backup as a `.tgz`, of which any range can be read.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use kernel::blobs::BlobError;
use sha2::{Digest, Sha256};

use super::commit::Summary;
use super::record::Record;
use super::{Repository, RepositoryError};
use crate::chunk::{Chunk, ChunkId};
use crate::gzip::{self, Tail};
use crate::manifest::Root;

/// A backup's archive. Costs about 150 bytes a leaf; worth keeping between the ranges of one download.
pub struct Archive {
    repository: Arc<Repository>,
    record: Record,
    root: Root,
    summary: Summary,
    tail: [u8; gzip::TAIL],
}

/// A part has so many raw bytes, and at most a chunk more.
const PART: u64 = 4 << 20;

/// Fragments in a row: what can be inflated without what comes before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Where it begins in the archive.
    pub start: u64,
    /// How many bytes of the archive it has.
    pub length: u64,
    /// How many it inflates to.
    pub raw: u64,
    /// The CRC-32 of those.
    pub crc: u32,
}

/// A range being read.
struct Reading {
    archive: Arc<Archive>,
    position: u64,
    end: u64,
    /// The leaf last looked into, and where each of its fragments begins.
    leaf: Option<(usize, Vec<(Chunk, u64)>)>,
    body: Option<BoxStream<'static, Result<Bytes, BlobError>>>,
}

impl Repository {
    /// A backup's archive, if every chunk of it is here.
    ///
    /// # Errors
    /// [`RepositoryError::NoBackup`], [`RepositoryError::Missing`], and what reading its manifests meets.
    pub async fn archive(self: &Arc<Self>, number: u64) -> Result<Arc<Archive>, RepositoryError> {
        let record = self.backup(number)?;
        let root = self.root(&record.root).await?;
        let summary = self.summary(&record.root).await?;
        let mut tail = Tail::default();
        tail.add(root.crc, root.span());
        let tail = tail.bytes();
        Ok(Arc::new(Archive { repository: self.clone(), record, root, summary, tail }))
    }

    /// The SHA-256 of a backup's archive, read and kept once: reading everything back is also the proof that it can be.
    ///
    /// # Errors
    /// As [`Repository::archive`].
    pub async fn digest(self: &Arc<Self>, number: u64) -> Result<[u8; 32], RepositoryError> {
        let archive = self.archive(number).await?;
        let key = self.key("digests", number)?;
        let kept = self.whole(&key).await?;
        // The archive's tag stands before its digest: of a repaired archive the bytes may be others.
        if let Some(digest) = kept.strip_prefix(archive.tag().as_bytes()).and_then(|rest| rest.try_into().ok()) {
            return Ok(digest);
        }
        let mut hasher = Sha256::new();
        let mut pieces = archive.read(0..archive.length())?;
        while let Some(piece) = pieces.try_next().await? {
            hasher.update(&piece);
        }
        let digest: [u8; 32] = hasher.finalize().into();
        self.blobs.delete(&key).await?;
        self.write(&key, [&archive.tag().as_bytes()[..], &digest].concat()).await?;
        Ok(digest)
    }
}

impl Archive {
    /// Its length in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.summary.end + gzip::TAIL as u64
    }

    /// Names its bytes: a strong entity tag.
    #[must_use]
    pub const fn tag(&self) -> &ChunkId {
        &self.summary.tag
    }

    /// Its backup.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Everything between its header and its tail, in parts: together they inflate to the tar stream.
    ///
    /// # Errors
    /// What reading manifests meets; [`RepositoryError::Stale`] if the archive is no longer what it was.
    pub async fn parts(&self) -> Result<Vec<Part>, RepositoryError> {
        let mut parts = Vec::new();
        let mut start = gzip::HEADER.len() as u64;
        let (mut length, mut tail) = (0, Tail::default());
        for named in &self.root.leaves {
            let leaf = self.repository.leaf(&named.chunk).await?;
            for (chunk, stored) in self.repository.lengths(&leaf)? {
                tail.add(chunk.crc, u64::from(chunk.length));
                length += u64::from(stored);
                if tail.length() >= PART {
                    parts.push(Part { start, length, raw: tail.length(), crc: tail.crc() });
                    (start, length, tail) = (start + length, 0, Tail::default());
                }
            }
        }
        if length > 0 {
            parts.push(Part { start, length, raw: tail.length(), crc: tail.crc() });
        }
        if start + length == self.summary.end { Ok(parts) } else { Err(RepositoryError::Stale) }
    }

    /// Its bytes in a range, reading no others.
    ///
    /// # Errors
    /// [`RepositoryError::BadRange`].
    pub fn read(
        self: &Arc<Self>,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, RepositoryError>>, RepositoryError> {
        if range.start > range.end || range.end > self.length() {
            return Err(RepositoryError::BadRange(self.length()));
        }
        let reading = Reading { archive: self.clone(), position: range.start, end: range.end, leaf: None, body: None };
        let pieces = stream::try_unfold(reading, |mut reading| async move {
            Ok(reading.next().await?.map(|piece| (piece, reading)))
        });
        Ok(pieces.boxed())
    }
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, RepositoryError> {
        loop {
            if let Some(body) = &mut self.body {
                if let Some(piece) = body.try_next().await? {
                    self.position += piece.len() as u64;
                    return Ok(Some(piece));
                }
                self.body = None;
            }
            if self.position >= self.end {
                return Ok(None);
            }
            let tail = self.archive.summary.end;
            let fixed = match self.position {
                0..10 => Bytes::from_static(&gzip::HEADER).slice(usize::try_from(self.position).unwrap_or(0)..),
                position if position >= tail => {
                    Bytes::copy_from_slice(&self.archive.tail[usize::try_from(position - tail).unwrap_or(0)..])
                }
                _ => {
                    self.body = Some(self.fragment().await?);
                    continue;
                }
            };
            let most = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
            let piece = fixed.slice(..fixed.len().min(most));
            self.position += piece.len() as u64;
            return Ok(Some(piece));
        }
    }

    /// What is wanted of the fragment that lies at the position.
    async fn fragment(&mut self) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, RepositoryError> {
        let archive = self.archive.clone();
        let starts = &archive.summary.starts;
        let number = starts.partition_point(|start| *start <= self.position).saturating_sub(1);
        let fragments = match self.leaf.take() {
            Some((held, fragments)) if held == number => fragments,
            _ => {
                let leaf = archive.repository.leaf(&archive.root.leaves[number].chunk).await?;
                let mut position = starts[number];
                let mut fragments = Vec::with_capacity(leaf.pieces.len());
                for (chunk, length) in archive.repository.lengths(&leaf)? {
                    fragments.push((chunk, position));
                    position += u64::from(length);
                }
                if position != starts.get(number + 1).copied().unwrap_or(archive.summary.end) {
                    return Err(RepositoryError::Stale);
                }
                fragments
            }
        };
        let at = fragments.partition_point(|(_, start)| *start <= self.position).saturating_sub(1);
        let (chunk, start) = fragments[at];
        self.leaf = Some((number, fragments));
        let mut attempts = 0;
        loop {
            attempts += 1;
            let place = archive.repository.known().index.get(&chunk.id).map(|located| located.place);
            let place = place.ok_or(RepositoryError::Missing(chunk.id))?;
            let offset = u64::from(place.offset);
            let range = offset + self.position - start..offset + u64::from(place.length).min(self.end - start);
            match archive.repository.blobs.read(&archive.repository.key("packs", place.pack)?, range).await {
                // Moved to another pack since it was looked up.
                Err(BlobError::Missing(_)) if attempts == 1 => {}
                read => return Ok(read?),
            }
        }
    }
}
