//! A pack's bytes: a head, then fragments, each behind a head that says what it is. So a pack explains itself.

use crate::chunk::{Chunk, ChunkId, MAX_CHUNK};
use crate::fragment;

const MAGIC: &[u8; 8] = b"BDLpack1";
/// Length of a pack's head.
pub(super) const HEAD: u64 = 20;
/// Length of a fragment's head.
pub(super) const RECORD: u64 = 48;

/// A pack's head: the magic, when it was begun (µs since 1970), and a CRC-32 of both.
pub(super) fn head(created: u64) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend(created.to_le_bytes());
    head.extend(crc32fast::hash(&head).to_le_bytes());
    head
}

/// When the pack was begun.
pub(super) fn read_head(head: &[u8]) -> Option<u64> {
    let (fields, crc) = head.split_last_chunk::<4>()?;
    let created = fields.strip_prefix(MAGIC)?.first_chunk::<8>().copied().map(u64::from_le_bytes);
    created.filter(|_| head.len() as u64 == HEAD && crc32fast::hash(fields).to_le_bytes() == *crc)
}

/// A fragment's head: the chunk's hash, length and CRC-32, the fragment's length, and a CRC-32 of these.
pub(super) fn record(chunk: &Chunk, length: u32) -> Vec<u8> {
    let mut head = chunk.id.as_bytes().to_vec();
    for number in [chunk.length, chunk.crc, length] {
        head.extend(number.to_le_bytes());
    }
    head.extend(crc32fast::hash(&head).to_le_bytes());
    head
}

/// The chunk, and the fragment's length.
pub(super) fn read_record(head: &[u8]) -> Option<(Chunk, u32)> {
    let (fields, crc) = head.split_last_chunk::<4>()?;
    let (id, numbers) = fields.split_first_chunk::<32>()?;
    let number = |at: usize| numbers.get(at..)?.first_chunk::<4>().copied().map(u32::from_le_bytes);
    let chunk = Chunk { id: ChunkId::new(*id), length: number(0)?, crc: number(4)? };
    let length = number(8)?;
    let good = head.len() as u64 == RECORD
        && crc32fast::hash(fields).to_le_bytes() == *crc
        && (1..=MAX_CHUNK).contains(&chunk.length)
        && length as usize <= fragment::longest(chunk.length);
    good.then_some((chunk, length))
}
