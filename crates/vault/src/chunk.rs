//! A chunk: a piece of the tar stream that is kept once.

use std::fmt;

use crate::wire::{Input, Output, WireError};

/// The longest chunk, in bytes.
pub const MAX_CHUNK: u32 = 2 << 20;

/// The BLAKE3 hash of a chunk's raw bytes: its name. Never of its compressed bytes, which depend on the encoder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkId([u8; 32]);

impl ChunkId {
    /// The name of these raw bytes.
    #[must_use]
    pub fn of(raw: &[u8]) -> Self {
        Self(*blake3::hash(raw).as_bytes())
    }

    /// Wraps a hash.
    #[must_use]
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first four bytes as a number, for the rules that cut where the content says so.
    pub(crate) fn lot(&self) -> u32 {
        u32::from_le_bytes([self.0[0], self.0[1], self.0[2], self.0[3]])
    }
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkId({self})")
    }
}

/// What a chunk must inflate to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// Its name.
    pub id: ChunkId,
    /// Length of its raw bytes, 1 to [`MAX_CHUNK`].
    pub length: u32,
    /// CRC-32 of its raw bytes, so that the archive's is known without reading them.
    pub crc: u32,
}

impl Chunk {
    /// Bytes it takes in a manifest at most.
    pub(crate) const ENCODED: usize = 32 + 4 + 4;

    /// Describes raw bytes; `None` if there are none or more than [`MAX_CHUNK`].
    #[must_use]
    pub fn of(raw: &[u8]) -> Option<Self> {
        let length = u32::try_from(raw.len()).ok().filter(|length| (1..=MAX_CHUNK).contains(length))?;
        Some(Self { id: ChunkId::of(raw), length, crc: crc32fast::hash(raw) })
    }

    pub(crate) fn write(&self, output: &mut Output) {
        output.raw(self.id.as_bytes());
        output.number(u64::from(self.length));
        output.raw(&self.crc.to_le_bytes());
    }

    pub(crate) fn read(input: &mut Input<'_>) -> Result<Self, WireError> {
        let id = ChunkId::new(input.array()?);
        let length = input.bounded(u64::from(MAX_CHUNK))?;
        if length == 0 {
            return Err(WireError::OutOfRange);
        }
        let length = u32::try_from(length).map_err(|_| WireError::OutOfRange)?;
        Ok(Self { id, length, crc: u32::from_le_bytes(input.array()?) })
    }
}
