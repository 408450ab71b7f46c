//! Where each chunk's fragment lies.

use std::collections::{BTreeMap, HashMap};

use super::PACK;
use crate::chunk::{Chunk, ChunkId, MAX_CHUNK};
use crate::wire::{Input, Output, WireError};

const MAGIC: &[u8] = b"BDLindx1";

/// Where a fragment lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) pack: u64,
    /// Where the fragment begins, behind its head.
    pub(super) offset: u32,
    /// The fragment's length.
    pub(super) length: u32,
}

/// A chunk and where its fragment lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) chunk: Chunk,
    pub(super) place: Place,
}

/// A whole pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PackInfo {
    /// µs since 1970.
    pub(super) created: u64,
    /// In bytes.
    pub(super) size: u64,
}

/// What all packs hold. A chunk in several packs counts where it was met last.
#[derive(Debug, Default)]
pub(super) struct Index {
    chunks: HashMap<ChunkId, Located>,
    packs: BTreeMap<u64, PackInfo>,
}

impl Index {
    pub(super) fn get(&self, id: &ChunkId) -> Option<&Located> {
        self.chunks.get(id)
    }

    pub(super) fn packs(&self) -> impl Iterator<Item = (u64, &PackInfo)> {
        self.packs.iter().map(|(number, pack)| (*number, pack))
    }

    pub(super) fn pack(&self, number: u64) -> Option<&PackInfo> {
        self.packs.get(&number)
    }

    pub(super) fn add(&mut self, number: u64, pack: PackInfo, content: &[Located]) {
        self.packs.insert(number, pack);
        self.chunks.extend(content.iter().map(|located| (located.chunk.id, *located)));
    }

    pub(super) fn remove_pack(&mut self, number: u64) {
        self.packs.remove(&number);
        self.chunks.retain(|_, located| located.place.pack != number);
    }

    pub(super) fn remove_chunk(&mut self, id: &ChunkId) -> Option<Located> {
        self.chunks.remove(id)
    }

    /// What counts in one pack, in its order.
    pub(super) fn of_pack(&self, number: u64) -> Vec<Located> {
        let mut content: Vec<Located> =
            self.chunks.values().filter(|located| located.place.pack == number).copied().collect();
        content.sort_unstable_by_key(|located| located.place.offset);
        content
    }

    /// What counts in each pack, in the packs' order.
    pub(super) fn by_pack(&self) -> BTreeMap<u64, Vec<Located>> {
        let mut packs: BTreeMap<u64, Vec<Located>> = self.packs.keys().map(|number| (*number, Vec::new())).collect();
        for located in self.chunks.values() {
            packs.entry(located.place.pack).or_default().push(*located);
        }
        for content in packs.values_mut() {
            content.sort_unstable_by_key(|located| located.place.offset);
        }
        packs
    }
}

/// An index's bytes.
pub(super) fn encode(pack: PackInfo, content: &[Located]) -> Vec<u8> {
    let mut output = Output::new(MAGIC);
    output.number(pack.created);
    output.number(pack.size);
    output.number(content.len() as u64);
    for located in content {
        located.chunk.write(&mut output);
        output.number(u64::from(located.place.offset));
        output.number(u64::from(located.place.length));
    }
    output.sealed()
}

/// Reads what [`encode`] wrote of pack `number`.
pub(super) fn decode(number: u64, bytes: &[u8]) -> Result<(PackInfo, Vec<Located>), WireError> {
    let mut input = Input::unsealed(MAGIC, bytes)?;
    let pack = PackInfo { created: input.number()?, size: input.bounded(PACK * 2)? };
    let count = input.count(32 + 4 + 3)?;
    let mut content = Vec::with_capacity(count);
    for _ in 0..count {
        let chunk = Chunk::read(&mut input)?;
        let narrow = |value: u64| u32::try_from(value).map_err(|_| WireError::OutOfRange);
        let offset = narrow(input.bounded(pack.size)?)?;
        let length = narrow(input.bounded(u64::from(MAX_CHUNK) * 2)?)?;
        if u64::from(offset) + u64::from(length) > pack.size {
            return Err(WireError::OutOfRange);
        }
        content.push(Located { chunk, place: Place { pack: number, offset, length } });
    }
    input.end()?;
    Ok((pack, content))
}
