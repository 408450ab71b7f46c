//! Taking fragments in.

use std::collections::HashMap;

use bytes::Bytes;
use kernel::blobs::{BlobError, BlobWriter};

use super::index::{self, Located, PackInfo, Place};
use super::{PACK, Repository, RepositoryError, Session, pack};
use crate::chunk::{Chunk, ChunkId};
use crate::fragment::{Decoder, Fragment};
use crate::manifest::Leaf;

/// The pack that is being filled.
pub(super) struct PackWriter {
    number: u64,
    created: u64,
    writer: Box<dyn BlobWriter>,
    size: u64,
    content: Vec<Located>,
    pending: HashMap<ChunkId, Chunk>,
}

impl PackWriter {
    /// Appends a fragment and its head.
    pub(super) async fn push(&mut self, fragment: &Fragment) -> Result<(), RepositoryError> {
        let chunk = *fragment.chunk();
        let length = u32::try_from(fragment.bytes().len()).unwrap_or(u32::MAX);
        let head = Bytes::from(pack::record(&chunk, length));
        self.writer.append(vec![head, fragment.bytes().clone()]).await?;
        let offset = u32::try_from(self.size + pack::RECORD).unwrap_or(u32::MAX);
        self.content.push(Located { chunk, place: Place { pack: self.number, offset, length } });
        self.pending.insert(chunk.id, chunk);
        self.size += pack::RECORD + u64::from(length);
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.size >= PACK
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn has(&self, id: &ChunkId) -> bool {
        self.pending.contains_key(id)
    }
}

impl Repository {
    /// Begins taking in a backup: until the session is dropped, what is here stays here. Repairs first what a failure
    /// left behind. `now` is in µs since 1970.
    ///
    /// # Errors
    /// [`RepositoryError::Blob`].
    pub async fn session(&self, now: u64) -> Result<Session, RepositoryError> {
        let gate = self.gate.clone().read_owned().await;
        self.salvage(now).await?;
        Ok(Session { _gate: gate })
    }

    /// Which of these chunks the node must send.
    pub async fn missing(&self, ids: &[ChunkId]) -> Vec<bool> {
        let writer = self.writer.lock().await;
        let known = self.known();
        let pending = writer.as_ref().map(|writer| &writer.pending);
        ids.iter()
            .map(|id| known.index.get(id).is_none() && pending.is_none_or(|pending| !pending.contains_key(id)))
            .collect()
    }

    /// Whether the node need not send this leaf, nor any chunk that it names.
    ///
    /// # Errors
    /// [`RepositoryError::Blob`]. A leaf that is damaged is one that is not here.
    pub async fn has_leaf(&self, leaf: &Chunk) -> Result<bool, RepositoryError> {
        if self.known().index.get(&leaf.id).is_none() {
            let writer = self.writer.lock().await;
            return Ok(writer.as_ref().is_some_and(|writer| writer.has(&leaf.id)));
        }
        match self.leaf(leaf).await {
            Ok(leaf) => Ok(self.lacking(&leaf).await.is_none()),
            Err(RepositoryError::Blob(error)) if !matches!(error, BlobError::Missing(_)) => Err(error.into()),
            Err(_) => Ok(false),
        }
    }

    /// Keeps a fragment, unless its chunk is here. It is durable after [`Repository::flush`] or a commit. Several callers
    /// may put at once; verifying, which takes the time, they do before, each with its own [`Decoder`].
    ///
    /// # Errors
    /// [`RepositoryError::Blob`], [`RepositoryError::Fenced`]. After an error everything since the last flush counts as
    /// missing until the next session has looked after it.
    pub async fn put(&self, _session: &Session, fragment: &Fragment, now: u64) -> Result<(), RepositoryError> {
        self.append(fragment, now).await
    }

    /// Keeps a leaf, once all chunks that it names are here.
    ///
    /// # Errors
    /// As [`Repository::put`]; [`RepositoryError::Missing`], [`RepositoryError::Manifest`].
    pub async fn put_leaf(&self, session: &Session, fragment: &Fragment, now: u64) -> Result<(), RepositoryError> {
        let raw = Decoder::default()
            .decode(fragment.chunk(), fragment.bytes())
            .map_err(|source| RepositoryError::Damaged { id: fragment.chunk().id, source })?;
        if let Some(lacking) = self.lacking(&Leaf::decode(&raw)?).await {
            return Err(RepositoryError::Missing(lacking));
        }
        self.put(session, fragment, now).await
    }

    /// Makes everything that was put durable.
    ///
    /// # Errors
    /// As [`Repository::put`].
    pub async fn flush(&self) -> Result<(), RepositoryError> {
        let mut slot = self.writer.lock().await;
        match slot.take() {
            Some(writer) => self.seal(writer).await,
            None => Ok(()),
        }
    }

    /// The first chunk of a leaf that is not here, or is here with another length or CRC-32.
    async fn lacking(&self, leaf: &Leaf) -> Option<ChunkId> {
        let writer = self.writer.lock().await;
        let known = self.known();
        let here = |chunk: &Chunk| {
            let pending = writer.as_ref().and_then(|writer| writer.pending.get(&chunk.id));
            known.index.get(&chunk.id).map(|located| &located.chunk).or(pending) == Some(chunk)
        };
        leaf.pieces.iter().map(|piece| &piece.chunk).find(|chunk| !here(chunk)).map(|chunk| chunk.id)
    }

    async fn append(&self, fragment: &Fragment, now: u64) -> Result<(), RepositoryError> {
        let mut slot = self.writer.lock().await;
        let id = fragment.chunk().id;
        let here = self.known().index.get(&id).is_some();
        if here || slot.as_ref().is_some_and(|writer| writer.has(&id)) {
            return Ok(());
        }
        // Out of its slot while it is used: whoever is interrupted leaves the pack to be salvaged, never a wrong offset.
        let mut writer = match slot.take() {
            Some(writer) => writer,
            None => self.begin(now).await?,
        };
        writer.push(fragment).await?;
        if writer.is_full() {
            return self.seal(writer).await;
        }
        *slot = Some(writer);
        Ok(())
    }

    /// Begins a pack. The number is never used again, whatever becomes of it.
    pub(super) async fn begin(&self, now: u64) -> Result<PackWriter, RepositoryError> {
        let number = {
            let mut known = self.known();
            let number = known.next_pack;
            known.next_pack += 1;
            number
        };
        let mut writer = match self.blobs.create(&self.key("packs", number)?).await {
            Err(BlobError::Exists(_)) => return Err(RepositoryError::Fenced),
            created => {
                self.known().unindexed.insert(number);
                created?
            }
        };
        let head = pack::head(now);
        let size = head.len() as u64;
        writer.append(vec![Bytes::from(head)]).await?;
        Ok(PackWriter { number, created: now, writer, size, content: Vec::new(), pending: HashMap::new() })
    }

    /// The order is what makes a crash harmless: pack, then index, then memory.
    pub(super) async fn seal(&self, mut writer: PackWriter) -> Result<(), RepositoryError> {
        writer.writer.sync().await?;
        drop(writer.writer);
        let info = PackInfo { created: writer.created, size: writer.size };
        self.write(&self.key("index", writer.number)?, index::encode(info, &writer.content)).await?;
        let mut known = self.known();
        known.index.add(writer.number, info, &writer.content);
        known.unindexed.remove(&writer.number);
        known.generation += 1;
        Ok(())
    }

    /// Makes a small blob, durably.
    pub(super) async fn write(&self, key: &kernel::blobs::BlobKey, bytes: Vec<u8>) -> Result<(), RepositoryError> {
        let mut writer = match self.blobs.create(key).await {
            Err(BlobError::Exists(_)) => return Err(RepositoryError::Fenced),
            created => created?,
        };
        writer.append(vec![Bytes::from(bytes)]).await?;
        writer.sync().await?;
        Ok(())
    }
}
