//! Taking fragments in.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use kernel::blobs::{BlobError, BlobKey, BlobWriter, Blobs};

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

    pub(super) fn has(&self, id: &ChunkId) -> bool {
        self.pending.contains_key(id)
    }

    /// What an index says of it.
    const fn info(&self) -> PackInfo {
        PackInfo { created: self.created, size: self.size }
    }
}

/// A full pack that is being made durable while the next one is filled.
struct Sealing {
    number: u64,
    info: PackInfo,
    content: Vec<Located>,
    pending: HashMap<ChunkId, Chunk>,
    work: BoxFuture<'static, Result<(), RepositoryError>>,
}

/// What was put and is not in the index yet: at most two packs.
#[derive(Default)]
pub(super) struct Filling {
    current: Option<PackWriter>,
    sealing: Option<Sealing>,
}

impl Filling {
    /// A chunk that waits to be durable.
    fn get(&self, id: &ChunkId) -> Option<&Chunk> {
        let current = self.current.as_ref().and_then(|writer| writer.pending.get(id));
        current.or_else(|| self.sealing.as_ref().and_then(|sealing| sealing.pending.get(id)))
    }

    /// Whether a pack is one of these.
    pub(super) fn holds(&self, number: u64) -> bool {
        self.current.as_ref().is_some_and(|writer| writer.number == number)
            || self.sealing.as_ref().is_some_and(|sealing| sealing.number == number)
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
        let filling = self.filling.lock().await;
        let known = self.known();
        ids.iter().map(|id| known.index.get(id).is_none() && filling.get(id).is_none()).collect()
    }

    /// Whether the node need not send this leaf, nor any chunk that it names.
    ///
    /// # Errors
    /// [`RepositoryError::Blob`]. A leaf that is damaged is one that is not here.
    pub async fn has_leaf(&self, leaf: &Chunk) -> Result<bool, RepositoryError> {
        if self.known().index.get(&leaf.id).is_none() {
            return Ok(self.filling.lock().await.get(&leaf.id).is_some());
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
        let mut filling = self.filling.lock().await;
        self.sealed(&mut filling).await?;
        match filling.current.take() {
            Some(writer) => self.seal(writer).await,
            None => Ok(()),
        }
    }

    /// The first chunk of a leaf that is not here, or is here with another length or CRC-32.
    async fn lacking(&self, leaf: &Leaf) -> Option<ChunkId> {
        let filling = self.filling.lock().await;
        let known = self.known();
        let here = |chunk: &Chunk| {
            let known = known.index.get(&chunk.id).map(|located| &located.chunk);
            known.or_else(|| filling.get(&chunk.id)) == Some(chunk)
        };
        leaf.pieces.iter().map(|piece| &piece.chunk).find(|chunk| !here(chunk)).map(|chunk| chunk.id)
    }

    async fn append(&self, fragment: &Fragment, now: u64) -> Result<(), RepositoryError> {
        let mut filling = self.filling.lock().await;
        // Looked at in passing, which is all that it needs to go on.
        if let Some(done) = filling.sealing.as_mut().and_then(|sealing| (&mut sealing.work).now_or_never()) {
            self.count(&mut filling, done)?;
        }
        let id = fragment.chunk().id;
        let here = self.known().index.get(&id).is_some();
        if here || filling.get(&id).is_some() {
            return Ok(());
        }
        // Out of its slot while it is used: whoever is interrupted leaves the pack to be salvaged, never a wrong offset.
        let mut writer = match filling.current.take() {
            Some(writer) => writer,
            None => self.begin(now).await?,
        };
        writer.push(fragment).await?;
        if !writer.is_full() {
            filling.current = Some(writer);
            return Ok(());
        }
        self.sealed(&mut filling).await?;
        let key = self.key("index", writer.number)?;
        let (info, content) = (writer.info(), writer.content);
        let work = durable(Arc::clone(&self.blobs), key, writer.writer, index::encode(info, &content)).boxed();
        filling.sealing = Some(Sealing { number: writer.number, info, content, pending: writer.pending, work });
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

    /// Waits until the pack that is being made durable is so.
    async fn sealed(&self, filling: &mut Filling) -> Result<(), RepositoryError> {
        let Some(sealing) = &mut filling.sealing else { return Ok(()) };
        let done = (&mut sealing.work).await;
        self.count(filling, done)
    }

    /// Takes what came of making a pack durable: from then on what it holds counts, or is nowhere.
    fn count(&self, filling: &mut Filling, done: Result<(), RepositoryError>) -> Result<(), RepositoryError> {
        let Some(sealing) = filling.sealing.take() else { return done };
        done.inspect(|()| self.index(sealing.number, sealing.info, &sealing.content))
    }

    /// Makes a pack durable, and what it holds count.
    pub(super) async fn seal(&self, writer: PackWriter) -> Result<(), RepositoryError> {
        let (number, info, content) = (writer.number, writer.info(), writer.content);
        let encoded = index::encode(info, &content);
        durable(Arc::clone(&self.blobs), self.key("index", number)?, writer.writer, encoded).await?;
        self.index(number, info, &content);
        Ok(())
    }

    fn index(&self, number: u64, info: PackInfo, content: &[Located]) {
        let mut known = self.known();
        known.index.add(number, info, content);
        known.unindexed.remove(&number);
        known.generation += 1;
    }

    /// Makes a small blob, durably.
    pub(super) async fn write(&self, key: &BlobKey, bytes: Vec<u8>) -> Result<(), RepositoryError> {
        write(&*self.blobs, key, bytes).await
    }
}

/// Makes a pack durable, and then its index: the order is what makes a crash harmless.
async fn durable(
    blobs: Arc<dyn Blobs>,
    key: BlobKey,
    mut pack: Box<dyn BlobWriter>,
    index: Vec<u8>,
) -> Result<(), RepositoryError> {
    pack.sync().await?;
    drop(pack);
    write(&*blobs, &key, index).await
}

async fn write(blobs: &dyn Blobs, key: &BlobKey, bytes: Vec<u8>) -> Result<(), RepositoryError> {
    let mut writer = match blobs.create(key).await {
        Err(BlobError::Exists(_)) => return Err(RepositoryError::Fenced),
        created => created?,
    };
    writer.append(vec![Bytes::from(bytes)]).await?;
    writer.sync().await?;
    Ok(())
}
