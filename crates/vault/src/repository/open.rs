//! Opening a repository, and repairing what a crash left.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::TryStreamExt;
use kernel::blobs::{BlobError, Blobs};
use tokio::sync::RwLock;

use super::index::{self, Index};
use super::put::{Filling, PackWriter};
use super::record::Record;
use super::{Known, Repository, RepositoryError, pack};
use crate::fragment::{Decoder, Fragment};

impl Repository {
    /// Opens, or begins, the repository whose blobs' keys begin with `prefix`: one of each node. Only for the process
    /// that leads: it repairs what its predecessor left, and takes a pack that is still being written for such.
    /// `now` is in µs since 1970.
    ///
    /// # Errors
    /// [`RepositoryError::Blob`].
    pub async fn open(blobs: Arc<dyn Blobs>, prefix: &str, now: u64) -> Result<Self, RepositoryError> {
        let repository = Self {
            blobs,
            prefix: prefix.to_owned(),
            known: Mutex::new(Known::default()),
            filling: tokio::sync::Mutex::new(Filling::default()),
            gate: Arc::new(RwLock::new(())),
        };
        let packs = repository.numbers("packs").await?;
        let indexes = repository.numbers("index").await?;
        let mut index = Index::default();
        let mut unindexed = packs.clone();
        for number in &indexes {
            let key = repository.key("index", *number)?;
            let on_disk = repository.blobs.size(&repository.key("packs", *number)?).await?;
            let bytes = repository.whole(&key).await?;
            match index::decode(*number, &bytes) {
                Ok((info, content)) if on_disk.is_some_and(|size| size >= info.size) => {
                    index.add(*number, info, &content);
                    unindexed.remove(number);
                }
                // Written in part, or its pack is gone or cut: what there is of the pack is looked at anew.
                _ => repository.blobs.delete(&key).await?,
            }
        }
        let numbers = repository.numbers("backups").await?;
        {
            let mut known = repository.known();
            known.next_pack = packs.union(&indexes).last().map_or(0, |last| last + 1);
            known.index = index;
            known.unindexed = unindexed;
        }
        for number in &numbers {
            let key = repository.key("backups", *number)?;
            match Record::decode(&repository.whole(&key).await?) {
                Ok(record) if record.number == *number => drop(repository.known().records.insert(*number, record)),
                // A commit that was cut: each is cleared away before the next, so only the last one can be.
                _ if Some(number) == numbers.last() => repository.blobs.delete(&key).await?,
                _ => drop(repository.known().broken.insert(*number)),
            }
        }
        repository.salvage(now).await?;
        Ok(repository)
    }

    /// Copies what is good of packs without an index into a pack of its own, then removes them.
    pub(super) async fn salvage(&self, now: u64) -> Result<(), RepositoryError> {
        let filling = self.filling.lock().await;
        let left: Vec<u64> = self.known().unindexed.iter().copied().filter(|number| !filling.holds(*number)).collect();
        if left.is_empty() {
            return Ok(());
        }
        let mut writer: Option<PackWriter> = None;
        for number in &left {
            for fragment in self.good_fragments(*number).await? {
                let id = fragment.chunk().id;
                if self.known().index.get(&id).is_some() || writer.as_ref().is_some_and(|writer| writer.has(&id)) {
                    continue;
                }
                let mut filling = match writer.take() {
                    Some(filling) => filling,
                    None => self.begin(now).await?,
                };
                filling.push(&fragment).await?;
                if filling.is_full() {
                    self.seal(filling).await?;
                } else {
                    writer = Some(filling);
                }
            }
        }
        if let Some(writer) = writer {
            self.seal(writer).await?;
        }
        for number in left {
            self.blobs.delete(&self.key("index", number)?).await?;
            self.blobs.delete(&self.key("packs", number)?).await?;
            self.known().unindexed.remove(&number);
        }
        Ok(())
    }

    /// The fragments at a pack's beginning up to the first head that is none; those that are damaged are left out.
    async fn good_fragments(&self, number: u64) -> Result<Vec<Fragment>, RepositoryError> {
        let bytes = Bytes::from(self.whole(&self.key("packs", number)?).await?);
        let mut good = Vec::new();
        let mut decoder = Decoder::default();
        let head = usize::try_from(pack::HEAD).unwrap_or(usize::MAX);
        let record = usize::try_from(pack::RECORD).unwrap_or(usize::MAX);
        let mut position = head;
        if bytes.get(..head).and_then(pack::read_head).is_none() {
            return Ok(good);
        }
        while let Some((chunk, length)) = bytes.get(position..position + record).and_then(pack::read_record) {
            position += record;
            let end = position + length as usize;
            if end > bytes.len() {
                break;
            }
            good.extend(decoder.verify(&chunk, bytes.slice(position..end)));
            position = end;
        }
        Ok(good)
    }

    async fn numbers(&self, kind: &str) -> Result<BTreeSet<u64>, RepositoryError> {
        let prefix = format!("{}/{kind}/", self.prefix);
        let keys = self.blobs.list(&prefix).await?;
        let number = |key: &str| key.strip_prefix(&prefix).and_then(|name| u64::from_str_radix(name, 16).ok());
        Ok(keys.iter().filter_map(|key| number(key.as_str())).collect())
    }

    /// All of a blob; nothing of one that is not there.
    pub(super) async fn whole(&self, key: &kernel::blobs::BlobKey) -> Result<Vec<u8>, RepositoryError> {
        let Some(size) = self.blobs.size(key).await? else { return Ok(Vec::new()) };
        self.range(key, 0..size).await.map_err(RepositoryError::from)
    }

    pub(super) async fn range(
        &self,
        key: &kernel::blobs::BlobKey,
        range: std::ops::Range<u64>,
    ) -> Result<Vec<u8>, BlobError> {
        let mut bytes = Vec::with_capacity(usize::try_from(range.end - range.start).unwrap_or(0));
        let mut pieces = self.blobs.read(key, range).await?;
        while let Some(piece) = pieces.try_next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}
