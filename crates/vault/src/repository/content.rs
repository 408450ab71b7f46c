//! Reading back: chunks, the tar stream, one file; each chunk is checked against its hash before it is given.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use kernel::blobs::BlobError;

use super::{Repository, RepositoryError};
use crate::chunk::Chunk;
use crate::fragment::Decoder;
use crate::manifest::{EntryKind, Leaf, Root};
use crate::tar::{self, Extents, Meta, ReadError};

const ZEROS: &[u8] = &[0; 64 << 10];

/// One file out of a backup.
pub struct FileContent {
    /// What its headers say.
    pub meta: Meta,
    /// Its content, holes as zeros.
    pub content: BoxStream<'static, Result<Bytes, RepositoryError>>,
}

/// A place in a tar stream, moving by chunks.
struct Cursor {
    repository: Arc<Repository>,
    root: Root,
    leaf_number: usize,
    leaf: Option<Leaf>,
    piece: usize,
}

impl Cursor {
    async fn next(&mut self) -> Result<Option<Bytes>, RepositoryError> {
        loop {
            let leaf = match self.leaf.take() {
                Some(leaf) => leaf,
                None => match self.root.leaves.get(self.leaf_number) {
                    Some(leaf) => self.repository.leaf(&leaf.chunk).await?,
                    None => return Ok(None),
                },
            };
            if let Some(piece) = leaf.pieces.get(self.piece) {
                self.piece += 1;
                let chunk = piece.chunk;
                self.leaf = Some(leaf);
                return self.repository.raw(&chunk).await.map(|raw| Some(Bytes::from(raw)));
            }
            (self.leaf_number, self.piece) = (self.leaf_number + 1, 0);
        }
    }
}

impl Repository {
    /// A chunk's raw bytes.
    pub(super) async fn raw(&self, chunk: &Chunk) -> Result<Vec<u8>, RepositoryError> {
        let mut attempts = 0;
        let bytes = loop {
            attempts += 1;
            let place = self.known().index.get(&chunk.id).map(|located| located.place);
            let place = place.ok_or(RepositoryError::Missing(chunk.id))?;
            let begin = u64::from(place.offset);
            match self.range(&self.key("packs", place.pack)?, begin..begin + u64::from(place.length)).await {
                // Moved to another pack since it was looked up.
                Err(BlobError::Missing(_)) if attempts == 1 => {}
                read => break read?,
            }
        };
        let decoded = Decoder::default().decode(chunk, &bytes);
        decoded.map_err(|source| RepositoryError::Damaged { id: chunk.id, source })
    }

    pub(super) async fn leaf(&self, chunk: &Chunk) -> Result<Leaf, RepositoryError> {
        Ok(Leaf::decode(&self.raw(chunk).await?)?)
    }

    pub(super) async fn root(&self, chunk: &Chunk) -> Result<Root, RepositoryError> {
        Ok(Root::decode(&self.raw(chunk).await?)?)
    }

    /// A backup's tar stream, chunk by chunk: for [`tar::Reader`].
    ///
    /// # Errors
    /// [`RepositoryError::NoBackup`], and what reading its root meets.
    pub async fn tar_stream(
        self: &Arc<Self>,
        number: u64,
    ) -> Result<BoxStream<'static, Result<Bytes, RepositoryError>>, RepositoryError> {
        let root = self.root(&self.backup(number)?.root).await?;
        let cursor = Cursor { repository: self.clone(), root, leaf_number: 0, leaf: None, piece: 0 };
        Ok(chunks(cursor))
    }

    /// One file of a backup, reading no more than its chunks and two manifests.
    ///
    /// # Errors
    /// [`RepositoryError::NoBackup`], [`RepositoryError::NoEntry`] also for what is no file (a hard link is another
    /// entry's name: ask for that one), [`RepositoryError::Entry`] if its headers are not what the manifest says.
    pub async fn open_file(self: &Arc<Self>, number: u64, name: &[u8]) -> Result<FileContent, RepositoryError> {
        let root = self.root(&self.backup(number)?.root).await?;
        let (leaf_number, leaf, piece, entry) = self.find(&root, name).await?.ok_or(RepositoryError::NoEntry)?;
        if !matches!(entry.kind, EntryKind::File | EntryKind::Sparse) {
            return Err(RepositoryError::NoEntry);
        }
        let mut cursor = Cursor { repository: self.clone(), root, leaf_number, leaf: Some(leaf), piece };
        let first = cursor.next().await?.ok_or(RepositoryError::NoEntry)?;
        let begin = entry.offset as usize;
        let end = begin + entry.header as usize;
        let header = first.get(begin..end).map(tar::read_header).transpose()?.flatten();
        let header = header.ok_or(ReadError::NotCanonical)?;
        let agrees = header.meta.name == entry.name
            && header.length == entry.header as usize
            && header.stored == entry.stored
            && header.sparse == (entry.kind == EntryKind::Sparse);
        if !agrees {
            return Err(ReadError::NotCanonical.into());
        }
        let rest = stream::once(async move { Ok(first.slice(end..)) }).chain(chunks(cursor));
        let payload = limited(rest.boxed(), header.stored);
        if !header.sparse {
            return Ok(FileContent { meta: header.meta, content: payload });
        }
        spread(header.meta, payload).await
    }
}

fn chunks(cursor: Cursor) -> BoxStream<'static, Result<Bytes, RepositoryError>> {
    stream::try_unfold(cursor, |mut cursor| async move { Ok(cursor.next().await?.map(|chunk| (chunk, cursor))) })
        .boxed()
}

/// The first `length` bytes of a stream; an error if it has fewer.
fn limited(
    source: BoxStream<'static, Result<Bytes, RepositoryError>>,
    length: u64,
) -> BoxStream<'static, Result<Bytes, RepositoryError>> {
    stream::try_unfold((source, length), |(mut source, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut piece = source.try_next().await?.ok_or(ReadError::Truncated)?;
        piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left - piece.len() as u64;
        Ok(Some((piece, (source, left))))
    })
    .boxed()
}

/// A file with holes: the map is read, the holes become zeros.
async fn spread(
    mut meta: Meta,
    mut payload: BoxStream<'static, Result<Bytes, RepositoryError>>,
) -> Result<FileContent, RepositoryError> {
    let tar::Kind::File { size, .. } = meta.kind else { return Err(RepositoryError::NoEntry) };
    let mut head = Vec::new();
    let (extents, length) = loop {
        if let Some(read) = Extents::read_map(&head, size)? {
            break read;
        }
        head.extend(payload.try_next().await?.ok_or(ReadError::Truncated)?);
    };
    let mut runs: Vec<(u64, bool)> = Vec::new();
    let mut end = 0;
    for (offset, data) in extents.as_slice().iter().copied() {
        runs.extend([(offset - end, false), (data, true)]);
        end = offset + data;
    }
    runs.push((size - end, false));
    runs.reverse();
    meta.kind = tar::Kind::File { size, extents: Some(extents) };
    let held = Bytes::from(head).slice(length..);
    let content = stream::try_unfold((payload, held, runs), |(mut payload, mut held, mut runs)| async move {
        let Some((left, is_data)) = std::iter::from_fn(|| runs.pop()).find(|(left, _)| *left > 0) else {
            return Ok(None);
        };
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let piece = if is_data {
            while held.is_empty() {
                held = payload.try_next().await?.ok_or(ReadError::Truncated)?;
            }
            held.split_to(most.min(held.len()))
        } else {
            Bytes::from_static(&ZEROS[..most.min(ZEROS.len())])
        };
        runs.push((left - piece.len() as u64, is_data));
        Ok::<_, RepositoryError>(Some((piece, (payload, held, runs))))
    });
    Ok(FileContent { meta, content: content.boxed() })
}
