//! For the lowest levels: one place of each hash, and little for the processor to guess wrong.

use super::bits::Bits;
use super::block::Block;
use super::finder::{Match, WORD, common, hash, word};
use super::{Effort, WINDOW};

/// What is compared at first: few matches are longer.
const AT_ONCE: usize = 2 * WORD;

/// An encoder that remembers the last place of each hash, modulo 65,536, as [`super::finder::Finder`] does.
#[derive(Debug)]
pub(in super::super) struct Fast {
    effort: Effort,
    shift: u32,
    bits_of_hash: u32,
    table: Vec<u16>,
    block: Block,
    bits: Bits,
}

impl Fast {
    pub(super) fn new(effort: Effort, bits_of_hash: u32) -> Self {
        let (shift, table) = (8 * (WORD - effort.bytes) as u32, vec![0; 1 << bits_of_hash]);
        Self { effort, shift, bits_of_hash, table, block: Block::default(), bits: Bits::default() }
    }

    pub(super) fn deflate(&mut self, raw: &[u8]) -> &[u8] {
        self.table.fill(0);
        self.bits.begin(raw.len());
        let (mut at, mut misses) = (0, 0_u32);
        let end = raw.len().saturating_sub(AT_ONCE);
        while at < end {
            let here = word(raw, at);
            let distance = self.distance(here, at);
            let near = distance.wrapping_sub(1) < WINDOW.min(at);
            let before = if near { at - distance } else { at };
            let differ = word(raw, before) ^ here;
            if !near | ((differ << self.shift) != 0) {
                at += 1 + (misses >> self.effort.skip) as usize;
                misses += 1;
            } else {
                misses = 0;
                let more = word(raw, before + WORD) ^ word(raw, at + WORD);
                let (low, high) = (differ.trailing_zeros() >> 3, WORD as u32 + (more.trailing_zeros() >> 3));
                let mut length = if differ == 0 { high } else { low } as usize;
                if length == AT_ONCE {
                    length = common(raw, before, at, AT_ONCE);
                }
                self.block.push(raw, at, Match { length, distance });
                let next = at + length;
                if next < end {
                    for place in [at + 1, next - 1] {
                        self.distance(word(raw, place), place);
                    }
                }
                at = next;
            }
            if self.block.is_full(at) {
                at = at.min(raw.len());
                self.block.end(raw, at, &mut self.bits);
            }
        }
        self.block.end(raw, raw.len(), &mut self.bits);
        self.block.begin();
        self.bits.flush_full()
    }

    /// How far back the last place like this is, and remembers this one.
    #[inline(always)]
    fn distance(&mut self, here: u64, at: usize) -> usize {
        let place = hash(here << self.shift, self.bits_of_hash);
        let Some(last) = self.table.get_mut(place) else { return 0 };
        usize::from((at as u16).wrapping_sub(std::mem::replace(last, at as u16)))
    }
}
