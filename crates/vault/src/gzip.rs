//! One gzip member (RFC 1952) around fragments.

/// Deflate, no name, no time, unknown system. Never an extra field: Python's `tarfile` fails on one.
pub const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The length of [`Tail::bytes`].
pub const TAIL: usize = 10;

/// The checksum and the length of what was deflated so far, gathered from chunks without seeing their bytes.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    crc: crc32fast::Hasher,
    length: u64,
}

impl Tail {
    /// Adds a chunk of this CRC-32 and length.
    pub fn add(&mut self, crc: u32, length: u64) {
        self.crc.combine(&crc32fast::Hasher::new_with_initial_len(crc, length));
        self.length += length;
    }

    /// The CRC-32 of everything.
    #[must_use]
    pub fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// How many raw bytes there are.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// What follows the last fragment: an empty last block, the CRC-32, and the length modulo 2³².
    #[must_use]
    pub fn bytes(&self) -> [u8; TAIL] {
        let mut tail = [0; TAIL];
        tail[0] = 3;
        tail[2..6].copy_from_slice(&self.crc().to_le_bytes());
        tail[6..].copy_from_slice(&self.length.to_le_bytes()[..4]);
        tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragment::{Decoder, Encoder};
    use proptest::prelude::*;
    use std::io::Read;

    proptest! {
        #[test]
        fn fragments_are_one_member(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3000), 0..8), level in 1_u32..=9) {
            let mut encoder = Encoder::new(level);
            let (mut member, mut tail) = (HEADER.to_vec(), Tail::default());
            for raw in &chunks {
                let fragment = encoder.encode(raw).unwrap();
                tail.add(fragment.chunk().crc, u64::from(fragment.chunk().length));
                member.extend_from_slice(fragment.bytes());
                prop_assert_eq!(&Decoder::default().decode(fragment.chunk(), fragment.bytes()).unwrap(), raw);
            }
            member.extend(tail.bytes());
            let mut inflated = Vec::new();
            flate2::bufread::GzDecoder::new(&member[..]).read_to_end(&mut inflated).unwrap();
            prop_assert_eq!(inflated, chunks.concat());
        }
    }
}
