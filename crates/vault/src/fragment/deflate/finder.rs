//! Where the same four bytes were before.

use super::{MAX_MATCH, MIN_MATCH, WINDOW};

const HASH_BITS: u32 = 15;

/// An earlier place with the same bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Match {
    /// How many of them are the same; 0 if there is none.
    pub(super) length: usize,
    /// How far back.
    pub(super) distance: u32,
}

/// The last places of each hash, the newest first.
#[derive(Debug)]
pub(super) struct Finder<const WAYS: usize> {
    table: Vec<[u32; WAYS]>,
    /// The number of the buffer's first place. Numbers go on from buffer to buffer with a window between them, so that what
    /// is left of earlier buffers is out of reach and need not be removed.
    first: u32,
    next: u32,
}

impl<const WAYS: usize> Finder<WAYS> {
    pub(super) fn new() -> Self {
        Self { table: vec![[0; WAYS]; 1 << HASH_BITS], first: 0, next: WINDOW + 1 }
    }

    /// Begins a buffer of so many bytes.
    pub(super) fn begin(&mut self, length: usize) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.first = self.next;
        if let Some(next) = self.next.checked_add(length).and_then(|end| end.checked_add(WINDOW + 1)) {
            self.next = next;
            return;
        }
        self.table.fill([0; WAYS]);
        self.first = WINDOW + 1;
        self.next = self.first.saturating_add(length).saturating_add(WINDOW + 1);
    }

    /// The longest match at `at` of those remembered that is longer than `than`, and remembers `at`.
    #[inline]
    pub(super) fn find(&mut self, raw: &[u8], at: usize, than: usize) -> Match {
        let here = word(raw, at);
        let place = self.first + at as u32;
        let most = MAX_MATCH.min(raw.len() - at);
        let Some(bucket) = self.table.get_mut(hash(here)) else { return Match::default() };
        let mut best = Match { length: than.max(MIN_MATCH - 1), distance: 0 };
        for seen in bucket.iter() {
            let distance = place - seen;
            if distance > WINDOW {
                break;
            }
            let before = at - distance as usize;
            let promises = word(raw, before) == here
                && (best.length < MIN_MATCH || raw.get(before + best.length) == raw.get(at + best.length));
            if promises {
                let length = MIN_MATCH + common(raw, before + MIN_MATCH, at + MIN_MATCH, most - MIN_MATCH);
                if length > best.length {
                    best = Match { length, distance };
                    if length == most {
                        break;
                    }
                }
            }
        }
        bucket.copy_within(..WAYS - 1, 1);
        bucket[0] = place;
        if best.distance == 0 { Match::default() } else { best }
    }

    /// Remembers every `stride`th place of a stretch.
    #[inline]
    pub(super) fn enter(&mut self, raw: &[u8], from: usize, to: usize, stride: usize) {
        for at in (from..to.min(raw.len().saturating_sub(MIN_MATCH - 1))).step_by(stride) {
            if let Some(bucket) = self.table.get_mut(hash(word(raw, at))) {
                bucket.copy_within(..WAYS - 1, 1);
                bucket[0] = self.first + at as u32;
            }
        }
    }
}

#[inline]
const fn hash(word: u32) -> usize {
    (word.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)) as usize
}

#[inline]
fn word(raw: &[u8], at: usize) -> u32 {
    raw.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

#[inline]
fn long(raw: &[u8], at: usize) -> u64 {
    raw.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// How many bytes are the same at two places, at most `most`.
#[inline]
fn common(raw: &[u8], before: usize, at: usize, most: usize) -> usize {
    let mut same = 0;
    while same + 8 <= most {
        let differ = long(raw, before + same) ^ long(raw, at + same);
        if differ != 0 {
            return same + (differ.trailing_zeros() >> 3) as usize;
        }
        same += 8;
    }
    while same < most && raw.get(before + same) == raw.get(at + same) {
        same += 1;
    }
    same
}
