//! Where the same bytes were before.

use super::{MAX_MATCH, WINDOW};

/// So many bytes are looked at together: nothing is looked for closer to the end.
pub(super) const WORD: usize = 8;
const BITS: u32 = 15;

/// An earlier place with the same bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Match {
    /// How many of them are the same; 0 if there is none.
    pub(super) length: usize,
    /// How far back.
    pub(super) distance: usize,
}

/// The last places of each hash, the newest first, modulo 65,536: twice the window, so that what is too old for it is seen to
/// be so, and what is older still is at worst a place where something else stands.
#[derive(Debug)]
pub(super) struct Finder<const WAYS: usize> {
    table: Vec<[u16; WAYS]>,
    /// How far a word is shifted, so that as many bytes as count are left of it.
    shift: u32,
}

impl<const WAYS: usize> Finder<WAYS> {
    /// Looks for places where so many bytes are the same.
    pub(super) fn new(bytes: usize) -> Self {
        Self { table: vec![[0; WAYS]; 1 << BITS], shift: 8 * (WORD - bytes) as u32 }
    }

    /// Begins a buffer: nothing was seen, so that what is found in it does not depend on others.
    pub(super) fn begin(&mut self) {
        self.table.fill([0; WAYS]);
    }

    /// The longest match at `at` of those remembered that is longer than `than`, and remembers `at`. [`WORD`] bytes must be
    /// left.
    #[inline(always)]
    pub(super) fn find(&mut self, raw: &[u8], at: usize, than: usize) -> Match {
        let here = word(raw, at);
        let place = self.place(here);
        let Some(bucket) = self.table.get_mut(place) else { return Match::default() };
        let mut best = Match { length: than, distance: 0 };
        for seen in bucket.iter() {
            let distance = usize::from((at as u16).wrapping_sub(*seen));
            if distance.wrapping_sub(1) >= WINDOW.min(at) {
                continue;
            }
            let differ = word(raw, at - distance) ^ here;
            let length = if differ == 0 {
                common(raw, at - distance, at, WORD)
            } else {
                (differ.trailing_zeros() >> 3) as usize
            };
            if length > best.length {
                best = Match { length, distance };
            }
        }
        bucket.copy_within(..WAYS - 1, 1);
        bucket[0] = at as u16;
        if best.distance == 0 { Match::default() } else { best }
    }

    /// Remembers every place of a stretch.
    #[inline(always)]
    pub(super) fn enter(&mut self, raw: &[u8], from: usize, to: usize) {
        for at in from..to.min(raw.len().saturating_sub(WORD - 1)) {
            let place = self.place(word(raw, at));
            if let Some(bucket) = self.table.get_mut(place) {
                bucket.copy_within(..WAYS - 1, 1);
                bucket[0] = at as u16;
            }
        }
    }

    #[inline(always)]
    const fn place(&self, word: u64) -> usize {
        hash(word << self.shift, BITS)
    }
}

/// A number of so many bits.
#[inline(always)]
pub(super) const fn hash(word: u64, bits: u32) -> usize {
    (word.wrapping_mul(0x9E37_79B1_85EB_CA87) >> (64 - bits)) as usize
}

#[inline(always)]
pub(super) fn word(raw: &[u8], at: usize) -> u64 {
    raw.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// How many bytes are the same at two places, of which so many are known to be: at most as long as a match can be.
#[inline]
pub(super) fn common(raw: &[u8], before: usize, at: usize, known: usize) -> usize {
    let most = MAX_MATCH.min(raw.len() - at);
    let mut same = known;
    while same + WORD <= most {
        let differ = word(raw, before + same) ^ word(raw, at + same);
        if differ != 0 {
            return same + (differ.trailing_zeros() >> 3) as usize;
        }
        same += WORD;
    }
    while same < most && raw.get(before + same) == raw.get(at + same) {
        same += 1;
    }
    same
}
