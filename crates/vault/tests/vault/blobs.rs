//! Blobs in memory that die at a chosen operation, as a machine that loses power does.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use kernel::blobs::{BlobError, BlobKey, BlobWriter, Blobs};

#[derive(Default, Clone)]
struct Blob {
    bytes: Vec<u8>,
    synced: usize,
    ever_synced: bool,
}

#[derive(Default)]
struct State {
    blobs: BTreeMap<BlobKey, Blob>,
    /// Deleted since the last sync: the disk may not know yet.
    deleted: Vec<(BlobKey, Blob)>,
    /// Operations that still work; then power is gone.
    left: Option<u64>,
    done: u64,
    /// Bytes handed out by `read`.
    read: u64,
}

/// The disk. Clones are the same disk.
#[derive(Default, Clone)]
pub struct Disk(Arc<Mutex<State>>);

fn dead() -> BlobError {
    BlobError::Io(std::io::Error::other("no power"))
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Power goes after so many more operations; the last one may happen in part.
    pub fn cut_after(&self, operations: u64) {
        self.state().left = Some(operations);
    }

    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.state().done
    }

    pub fn bytes_read(&self) -> u64 {
        self.state().read
    }

    /// Power is back. Of what was not synced there is a beginning, zeros, or nothing, as `dice` falls; the last of what
    /// was deleted may be there again.
    pub fn restart(&self, dice: &mut impl FnMut() -> u64) {
        let mut state = self.state();
        state.left = None;
        let deleted = std::mem::take(&mut state.deleted);
        let back = usize::try_from(dice()).unwrap_or(0) % (deleted.len() + 1);
        for (key, blob) in deleted.into_iter().rev().take(back) {
            state.blobs.entry(key).or_insert(blob);
        }
        let keys: Vec<BlobKey> = state.blobs.keys().cloned().collect();
        for key in keys {
            let vanishes = dice().is_multiple_of(2);
            let blob = state.blobs.get_mut(&key).unwrap();
            let unsynced = blob.bytes.len() - blob.synced;
            if unsynced > 0 {
                let kept = blob.synced + usize::try_from(dice()).unwrap_or(0) % (unsynced + 1);
                match dice() % 3 {
                    0 => blob.bytes[kept..].fill(0),
                    1 => blob.bytes.truncate(kept),
                    _ => {}
                }
            }
            blob.synced = blob.bytes.len();
            if !blob.ever_synced && vanishes {
                state.blobs.remove(&key);
            }
        }
    }

    /// What is on the disk whose key contains `part`.
    pub fn keys(&self, part: &str) -> Vec<BlobKey> {
        self.state().blobs.keys().filter(|key| key.as_str().contains(part)).cloned().collect()
    }

    /// Changes a blob behind everybody's back.
    pub fn damage(&self, key: &BlobKey, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.state().blobs.get_mut(key).unwrap().bytes);
    }

    /// `Err` without effect when power is gone; `Ok(true)` if it goes with this operation.
    fn spend(&self) -> Result<bool, BlobError> {
        let mut state = self.state();
        state.done += 1;
        match &mut state.left {
            None => Ok(false),
            Some(0) => Err(dead()),
            Some(left) => {
                *left -= 1;
                Ok(*left == 0)
            }
        }
    }
}

#[async_trait]
impl Blobs for Disk {
    async fn create(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, BlobError> {
        let last = self.spend()?;
        let mut state = self.state();
        if state.blobs.contains_key(key) {
            return Err(BlobError::Exists(key.clone()));
        }
        state.blobs.insert(key.clone(), Blob::default());
        drop(state);
        if last { Err(dead()) } else { Ok(Box::new(Writer { disk: self.clone(), key: key.clone() })) }
    }

    async fn read(
        &self,
        key: &BlobKey,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        self.spend()?;
        let mut state = self.state();
        let blob = state.blobs.get(key).ok_or_else(|| BlobError::Missing(key.clone()))?;
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        let bytes = blob.bytes.get(range).ok_or_else(|| BlobError::Missing(key.clone()))?.to_vec();
        state.read += bytes.len() as u64;
        let pieces: Vec<_> = bytes.chunks(1 << 20).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok(stream::iter(pieces).boxed())
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>, BlobError> {
        self.spend()?;
        Ok(self.state().blobs.get(key).map(|blob| blob.bytes.len() as u64))
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        let last = self.spend()?;
        let mut state = self.state();
        let removed = state.blobs.remove(key);
        state.deleted.extend(removed.map(|blob| (key.clone(), blob)));
        if last { Err(dead()) } else { Ok(()) }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<BlobKey>, BlobError> {
        self.spend()?;
        Ok(self.state().blobs.keys().filter(|key| key.as_str().starts_with(prefix)).cloned().collect())
    }
}

struct Writer {
    disk: Disk,
    key: BlobKey,
}

#[async_trait]
impl BlobWriter for Writer {
    async fn append(&mut self, pieces: Vec<Bytes>) -> Result<(), BlobError> {
        let last = self.disk.spend()?;
        let mut state = self.disk.state();
        let blob = state.blobs.get_mut(&self.key).ok_or_else(dead)?;
        let bytes = pieces.concat();
        let torn = if last { bytes.len() / 2 } else { bytes.len() };
        blob.bytes.extend_from_slice(&bytes[..torn]);
        if last { Err(dead()) } else { Ok(()) }
    }

    async fn sync(&mut self) -> Result<u64, BlobError> {
        let last = self.disk.spend()?;
        let mut state = self.disk.state();
        state.deleted.clear();
        let blob = state.blobs.get_mut(&self.key).ok_or_else(dead)?;
        // Power that goes now goes before the sync in one half of the cases, and before its answer in the other.
        let done = !last || blob.bytes.len().is_multiple_of(2);
        if done {
            (blob.synced, blob.ever_synced) = (blob.bytes.len(), true);
        }
        if last { Err(dead()) } else { Ok(blob.synced as u64) }
    }
}

#[tokio::test]
async fn the_disk_keeps_the_ports_contract() {
    kernel::blobs::contract::run(&Disk::default()).await;
}
