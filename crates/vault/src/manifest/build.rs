//! Making manifests as chunks come.

use std::mem;

use super::root::FIRST;
use super::{Leaf, LeafRef, ManifestError, Piece, Root};
use crate::chunk::{Chunk, MAX_CHUNK};
use crate::gzip::Tail;

/// A leaf may end once it has this many bytes; it then gets as many more on average.
const LEAF_MIN: usize = 8 << 10;
/// Of this leaf and those behind it the bytes are eight times as many, so that a root reaches far.
const LONGER_FROM: usize = 4096;
/// A leaf ends at the latest when it has this many bytes.
const LEAF_MAX: usize = 256 << 10;

/// Gathers pieces into leaves and leaves into a root. Holds one leaf and about a hundred bytes for each leaf before it.
#[derive(Debug)]
pub struct Builder {
    leaf: Leaf,
    encoded: usize,
    root: Root,
    tail: Tail,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// An empty manifest.
    #[must_use]
    pub fn new() -> Self {
        let root = Root { leaves: Vec::new(), crc: 0 };
        Self { leaf: Leaf::default(), encoded: 0, root, tail: Tail::default() }
    }

    /// Adds the next chunk of the stream. Gives the bytes of a leaf that is now complete.
    ///
    /// # Errors
    /// [`ManifestError::TooLarge`].
    pub fn push(&mut self, piece: Piece) -> Result<Option<Vec<u8>>, ManifestError> {
        let (lot, more) = (piece.chunk.id.lot(), piece.encoded());
        self.tail.add(piece.chunk.crc, u64::from(piece.chunk.length));
        self.encoded += more;
        self.leaf.pieces.push(piece);
        let least = if self.root.leaves.len() < LONGER_FROM { LEAF_MIN } else { 8 * LEAF_MIN };
        // By the chunk's hash: the more it takes in the leaf, the likelier.
        let ends = u64::from(lot) * (least as u64) < (more as u64) << 32;
        if (ends && self.encoded >= least) || self.encoded >= LEAF_MAX { self.cut().map(Some) } else { Ok(None) }
    }

    /// The last leaf, if one is left, and the root.
    ///
    /// # Errors
    /// [`ManifestError::TooLarge`].
    pub fn finish(mut self) -> Result<(Option<Vec<u8>>, Root), ManifestError> {
        let last = if self.leaf.pieces.is_empty() { None } else { Some(self.cut()?) };
        self.root.crc = self.tail.crc();
        Ok((last, self.root))
    }

    fn cut(&mut self) -> Result<Vec<u8>, ManifestError> {
        self.encoded = 0;
        let leaf = mem::take(&mut self.leaf);
        let bytes = leaf.encode();
        let chunk = Chunk::of(&bytes).filter(|chunk| chunk.length <= MAX_CHUNK).ok_or(ManifestError::TooLarge)?;
        let first =
            leaf.entries().next().map_or_else(Vec::new, |entry| entry.name.iter().copied().take(FIRST).collect());
        let entries = leaf.entries().count() as u64;
        self.root.leaves.push(LeafRef { chunk, span: leaf.span(), entries, first });
        Ok(bytes)
    }
}
