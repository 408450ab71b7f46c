//! The upper level: leaves, and what an archive's end says of the whole.

use super::ManifestError;
use crate::chunk::{Chunk, MAX_CHUNK};
use crate::wire::{Input, Output};

const MAGIC: &[u8] = b"BDLroot1";
/// How much of its first entry's name a root keeps of each leaf.
pub(super) const FIRST: usize = 64;

/// A leaf, as its root names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafRef {
    /// The leaf's bytes, which are a chunk like any other.
    pub chunk: Chunk,
    /// How many bytes of the tar stream it covers.
    pub span: u64,
    /// How many entries begin in it.
    pub entries: u64,
    /// The first 64 bytes of its first entry's name, if it has entries.
    pub first: Vec<u8>,
}

/// A backup's content. Its hash is the 32 bytes that say everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The leaves, in the stream's order.
    pub leaves: Vec<LeafRef>,
    /// CRC-32 of the whole tar stream.
    pub crc: u32,
}

impl Root {
    /// The length of the tar stream.
    #[must_use]
    pub fn span(&self) -> u64 {
        self.leaves.iter().map(|leaf| leaf.span).sum()
    }

    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.leaves.iter().map(|leaf| leaf.entries).sum()
    }

    /// Its bytes.
    ///
    /// # Errors
    /// [`ManifestError::TooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>, ManifestError> {
        let mut output = Output::new(MAGIC);
        output.raw(&self.crc.to_le_bytes());
        output.number(self.leaves.len() as u64);
        for leaf in &self.leaves {
            leaf.chunk.write(&mut output);
            output.number(leaf.span);
            output.number(leaf.entries);
            output.bytes(&leaf.first);
        }
        if output.len() > MAX_CHUNK as usize { Err(ManifestError::TooLarge) } else { Ok(output.done()) }
    }

    /// Reads what [`Root::encode`] wrote, and nothing else.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        let mut input = Input::new(MAGIC, bytes)?;
        let crc = u32::from_le_bytes(input.array()?);
        let count = input.count(Chunk::ENCODED)?;
        let mut leaves = Vec::with_capacity(count);
        for _ in 0..count {
            let chunk = Chunk::read(&mut input)?;
            let span = input.bounded(1 << 48)?;
            let entries = input.bounded(1 << 32)?;
            let first = input.bytes()?.to_vec();
            if first.len() > FIRST || first.is_empty() != (entries == 0) {
                return Err(ManifestError::Inconsistent);
            }
            leaves.push(LeafRef { chunk, span, entries, first });
        }
        input.end()?;
        Ok(Self { leaves, crc })
    }
}
