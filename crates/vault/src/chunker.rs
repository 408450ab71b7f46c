//! Where a large file's content is cut: FastCDC with normalized chunking (Xia et al., USENIX ATC 2016).
//!
//! The cut points are part of the format: another rule would cut every file anew and send it again. They are therefore
//! written here in full and pinned by golden vectors, instead of taken from a library that may improve them.

use std::sync::LazyLock;

use bytes::Bytes;

use crate::chunk::MAX_CHUNK;

/// No chunk of a large file but its last is shorter.
pub const MIN: usize = 128 << 10;
/// Up to this length a cut needs [`STRICT`] zero bits, from there on [`EAGER`].
pub const AVERAGE: usize = 512 << 10;
/// No chunk is longer.
pub const MAX: usize = MAX_CHUNK as usize;
/// 19 bits give 512 KiB; two more below the average and two fewer above it draw the lengths together.
const STRICT: u32 = 21;
const EAGER: u32 = 17;

/// A random number for each byte: the first eight bytes, little-endian, of BLAKE3("bedel gear" and the byte).
static GEAR: LazyLock<[u64; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"bedel gear").update(&byte.to_le_bytes()[..1]);
        let mut first = [0; 8];
        hasher.finalize_xof().fill(&mut first);
        u64::from_le_bytes(first)
    })
});

/// Cuts one file's content as it comes. Holds at most one chunk and what was pushed last.
#[derive(Debug, Default)]
pub struct Chunker {
    buffer: Vec<u8>,
    /// How much of `buffer` was looked at, and the rolling hash there.
    scanned: usize,
    hash: u64,
}

impl Chunker {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds content.
    pub fn push(&mut self, content: &[u8]) {
        self.buffer.extend_from_slice(content);
    }

    /// The next chunk whose end is known. Ask until there is none before pushing more.
    pub fn next_chunk(&mut self) -> Option<Bytes> {
        let cut = self.cut()?;
        let rest = self.buffer.split_off(cut);
        (self.scanned, self.hash) = (0, 0);
        Some(Bytes::from(std::mem::replace(&mut self.buffer, rest)))
    }

    /// What is left at the content's end, once [`Chunker::next_chunk`] gives nothing.
    #[must_use]
    pub fn finish(self) -> Option<Bytes> {
        if self.buffer.is_empty() { None } else { Some(Bytes::from(self.buffer)) }
    }

    fn cut(&mut self) -> Option<usize> {
        let gear = &*GEAR;
        let end = self.buffer.len().min(MAX);
        let mut position = self.scanned.max(MIN);
        let mut hash = self.hash;
        for (bits, border) in [(STRICT, AVERAGE.min(end)), (EAGER, end)] {
            let mask = u64::MAX << (64 - bits);
            for byte in self.buffer.get(position..border).unwrap_or_default() {
                hash = (hash << 1).wrapping_add(gear[usize::from(*byte)]);
                position += 1;
                if hash & mask == 0 {
                    return Some(position);
                }
            }
        }
        (self.scanned, self.hash) = (position.min(end.max(self.scanned)), hash);
        (end == MAX).then_some(MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same bytes for the same seed, whatever a library does.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    }

    fn cut(content: &[u8], step: usize) -> Vec<Bytes> {
        let mut chunker = Chunker::new();
        let mut chunks = Vec::new();
        for piece in content.chunks(step) {
            chunker.push(piece);
            while let Some(chunk) = chunker.next_chunk() {
                chunks.push(chunk);
            }
        }
        chunks.extend(chunker.finish());
        chunks
    }

    fn lengths(content: &[u8]) -> Vec<usize> {
        cut(content, 64 << 10).iter().map(Bytes::len).collect()
    }

    #[test]
    fn golden_vectors() {
        assert_eq!(GEAR[..3], [13_506_464_042_926_733_679, 16_439_168_725_096_276_894, 15_848_632_692_145_348_119]);
        let table: Vec<u8> = GEAR.iter().flat_map(|number| number.to_le_bytes()).collect();
        let table = blake3::hash(&table).to_hex().to_string();
        assert_eq!(
            (table.as_str(), lengths(&noise(1, 6 << 20)), lengths(&noise(2, 6 << 20))),
            (
                "72dcf77e5764b99037534f615787c8b40996e1d677e87f3289b8dcd0f134879b",
                vec![580966, 577344, 599024, 622224, 574448, 759442, 604751, 571992, 584130, 703389, 113746],
                vec![804611, 545596, 615015, 670064, 543127, 420252, 664706, 582483, 672629, 562895, 210078]
            )
        );
        assert_eq!(lengths(&vec![0; 5 << 20]), [MAX, MAX, 1 << 20]);
        assert_eq!(lengths(&noise(3, MIN)), [MIN]);
        assert_eq!(lengths(&[]), [0_usize; 0]);
    }

    #[test]
    fn the_average_is_near_half_a_mebibyte() {
        let lengths = lengths(&noise(4, 48 << 20));
        let average = (48 << 20) / lengths.len();
        assert!((400 << 10..700 << 10).contains(&average), "{average}");
    }

    #[test]
    fn an_insertion_changes_the_chunks_around_it_alone() {
        let old = noise(5, 12 << 20);
        let mut new = old.clone();
        new.splice(5 << 20..5 << 20, *b"a few bytes");
        let known: std::collections::HashSet<Bytes> = cut(&old, 1 << 20).into_iter().collect();
        let fresh = cut(&new, 1 << 20).iter().filter(|chunk| !known.contains(*chunk)).count();
        assert!((1..=3).contains(&fresh), "{fresh}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn cuts_do_not_depend_on_how_content_arrives(seed: u64, length in 0_usize..5 << 20, step in 1_usize..3 << 20) {
            let content = noise(seed, length);
            let chunks = cut(&content, step);
            prop_assert_eq!(chunks.concat(), &content[..]);
            prop_assert_eq!(&chunks, &cut(&content, 64 << 10));
            for (number, chunk) in chunks.iter().enumerate() {
                prop_assert!(chunk.len() <= MAX && (chunk.len() >= MIN || number + 1 == chunks.len()));
            }
        }
    }
}
