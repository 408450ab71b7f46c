//! A fragment: one chunk deflated alone, such that fragments in a row are one deflate stream.

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};

mod deflate;

use crate::chunk::{Chunk, ChunkId, MAX_CHUNK};
use deflate::Deflate;

/// How a full flush ends: an empty stored block, whose lengths lie on a byte border.
const FLUSHED: [u8; 4] = [0, 0, 0xff, 0xff];
const STORED_BLOCK: usize = 0xffff;
/// How much of a chunk is tried first, and the most its deflated form may keep for the rest to be deflated too.
const PROBE: usize = 16 << 10;
const PROBE_WORTH: usize = PROBE * 97 / 100;
/// Up to this length a chunk is deflated without being tried.
const UNTRIED: usize = 8 * PROBE;

/// Behind a chunk's bytes, for a block that follows its fragment.
const ROOM: usize = 64;

/// Why a fragment is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// A chunk has 1 to [`MAX_CHUNK`] bytes.
    #[error("a chunk of {0} bytes")]
    BadLength(u64),
    /// The fragment is longer than the same bytes uncompressed.
    #[error("the fragment is longer than its content uncompressed")]
    TooLong,
    /// It inflates to more than it should.
    #[error("the fragment inflates to more than it says")]
    Bomb,
    /// It inflates to less than it should.
    #[error("the fragment inflates to less than it says")]
    TooShort,
    /// It has a block marked as the last, which would cut off every archive that uses it.
    #[error("the fragment has a final block")]
    Final,
    /// It does not end with a full flush on a byte border, so that nothing can follow it.
    #[error("the fragment does not end with a full flush")]
    NotFlushed,
    /// It is not deflate, or refers to bytes before its own.
    #[error("the fragment is not deflate")]
    Corrupt,
    /// Its content has another CRC-32.
    #[error("the fragment's content has another CRC-32")]
    WrongCrc,
    /// Its content is another chunk.
    #[error("the fragment's content is another chunk")]
    WrongHash,
}

/// A fragment that is known to be good: made here, or verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    chunk: Chunk,
    bytes: Bytes,
}

impl Fragment {
    /// What it inflates to.
    #[must_use]
    pub const fn chunk(&self) -> &Chunk {
        &self.chunk
    }

    /// Its bytes, as they stand in packs and archives.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// The longest that a fragment of so many raw bytes may be: stored blocks and one flush.
#[must_use]
pub const fn longest(raw: u32) -> usize {
    raw as usize + (raw as usize).div_ceil(STORED_BLOCK) * 5 + 5
}

/// Makes fragments; keeps its memory (up to 2 MiB at the highest levels) between them. One per worker.
#[derive(Debug)]
pub struct Encoder {
    deflate: Deflate,
}

impl Encoder {
    /// `level` is 1 (fast) to 9 (small), clamped; 3 is the default of everything above.
    #[must_use]
    pub fn new(level: u32) -> Self {
        Self { deflate: Deflate::new(level.clamp(1, 9)) }
    }

    /// Deflates a chunk.
    ///
    /// # Errors
    /// [`FragmentError::BadLength`].
    pub fn encode(&mut self, raw: &[u8]) -> Result<Fragment, FragmentError> {
        let chunk = Chunk::of(raw).ok_or(FragmentError::BadLength(raw.len() as u64))?;
        Ok(self.encode_cut(chunk, raw))
    }

    /// Deflates a chunk that was hashed when it was cut: `chunk` is what [`Chunk::of`] says of `raw`.
    pub fn encode_cut(&mut self, chunk: Chunk, raw: &[u8]) -> Fragment {
        let middle = raw.len().saturating_sub(PROBE) / 2;
        let worth = raw.len() <= UNTRIED || self.deflate.deflate(&raw[middle..middle + PROBE]).len() <= PROBE_WORTH;
        let deflated = if worth { self.deflate.deflate(raw) } else { &[] };
        let shorter = worth && deflated.len() < longest(chunk.length);
        Fragment { chunk, bytes: if shorter { Bytes::copy_from_slice(deflated) } else { Bytes::from(stored(raw)) } }
    }
}

fn stored(raw: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(raw.len() + raw.len() / STORED_BLOCK * 5 + 10);
    for block in raw.chunks(STORED_BLOCK) {
        let [low, high, ..] = block.len().to_le_bytes();
        output.extend([0, low, high, !low, !high]);
        output.extend_from_slice(block);
    }
    output.push(0);
    output.extend(FLUSHED);
    output
}

/// Inflates fragments and refuses bad ones; keeps its memory between them. One per worker.
#[derive(Debug)]
pub struct Decoder {
    inflate: Decompress,
    raw: Vec<u8>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { inflate: Decompress::new(false), raw: Vec::new() }
    }
}

impl Decoder {
    /// Believes nothing about `bytes` and takes them for `chunk`'s fragment only if they are.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn verify(&mut self, chunk: &Chunk, bytes: Bytes) -> Result<Fragment, FragmentError> {
        self.inflated(chunk, &bytes)?;
        Ok(Fragment { chunk: *chunk, bytes })
    }

    /// The raw bytes of `chunk`, from what must be its fragment.
    ///
    /// # Errors
    /// As [`Decoder::verify`].
    pub fn decode(&mut self, chunk: &Chunk, fragment: &[u8]) -> Result<Vec<u8>, FragmentError> {
        self.inflated(chunk, fragment).map(<[u8]>::to_vec)
    }

    /// The raw bytes of fragments in a row, of which their length and their CRC-32 are known: what whoever has a part of an
    /// archive can check.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn decode_run(&mut self, (length, crc): (u64, u32), run: &[u8]) -> Result<Vec<u8>, FragmentError> {
        let expected = usize::try_from(length).map_err(|_| FragmentError::BadLength(length))?;
        let mut raw = vec![0; expected.checked_add(1).ok_or(FragmentError::BadLength(length))?];
        self.inflate.reset(false);
        let (consumed, written, ended) = feed(&mut self.inflate, run, &mut raw)?;
        if ended {
            return Err(FragmentError::Final);
        }
        if written > expected {
            return Err(FragmentError::Bomb);
        }
        if written < expected || consumed < run.len() {
            return Err(FragmentError::TooShort);
        }
        raw.truncate(expected);
        if crc32fast::hash(&raw) == crc { Ok(raw) } else { Err(FragmentError::WrongCrc) }
    }

    /// Inflates the fragment and then, in the same stream, a last stored block with the fragment's own hash. That block
    /// comes out unharmed only if the fragment left the stream between two blocks, on a byte border: a fragment that
    /// ends inside a block reads its first byte, `01`, as symbols, and one whose block ends with that byte's first bit
    /// reads the rest as the header of a block that is not the last. The hash cannot be arranged beforehand.
    fn inflated(&mut self, chunk: &Chunk, fragment: &[u8]) -> Result<&[u8], FragmentError> {
        let length = chunk.length;
        if !(1..=MAX_CHUNK).contains(&length) {
            return Err(FragmentError::BadLength(u64::from(length)));
        }
        if fragment.len() > longest(length) {
            return Err(FragmentError::TooLong);
        }
        let expected = length as usize;
        if self.raw.len() < expected + ROOM {
            self.raw.resize(expected + ROOM, 0);
        }
        let raw = &mut self.raw[..expected + ROOM];
        self.inflate.reset(false);
        let (consumed, written, ended) = feed(&mut self.inflate, fragment, raw)?;
        if ended {
            return Err(FragmentError::Final);
        }
        if written > expected {
            return Err(FragmentError::Bomb);
        }
        if consumed < fragment.len() {
            return Err(FragmentError::Corrupt);
        }
        if written < expected {
            return Err(FragmentError::TooShort);
        }
        let seal = blake3::hash(fragment);
        let mut last = [0; 37];
        last[..5].copy_from_slice(&[1, 32, 0, !32, !0]);
        last[5..].copy_from_slice(seal.as_bytes());
        let end = feed(&mut self.inflate, &last, &mut raw[expected..]).map_err(|_| FragmentError::NotFlushed)?;
        if !fragment.ends_with(&FLUSHED) || end != (37, 32, true) || raw[expected..expected + 32] != *seal.as_bytes() {
            return Err(FragmentError::NotFlushed);
        }
        let raw = &self.raw[..expected];
        if crc32fast::hash(raw) != chunk.crc {
            return Err(FragmentError::WrongCrc);
        }
        if ChunkId::of(raw) != chunk.id {
            return Err(FragmentError::WrongHash);
        }
        Ok(raw)
    }
}

/// How much was consumed and written, and whether the stream ended.
fn feed(inflate: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<(usize, usize, bool), FragmentError> {
    let (mut consumed, mut written) = (0, 0);
    loop {
        let (from, to) = (inflate.total_in(), inflate.total_out());
        let status = inflate
            .decompress(&input[consumed..], &mut output[written..], FlushDecompress::None)
            .map_err(|_| FragmentError::Corrupt)?;
        let took = usize::try_from(inflate.total_in() - from).unwrap_or(usize::MAX);
        let gave = usize::try_from(inflate.total_out() - to).unwrap_or(usize::MAX);
        (consumed, written) = (consumed + took, written + gave);
        let ended = status == Status::StreamEnd;
        if ended || (took == 0 && gave == 0) || (consumed == input.len() && written < output.len()) {
            return Ok((consumed, written, ended));
        }
    }
}

#[cfg(test)]
mod tests;
