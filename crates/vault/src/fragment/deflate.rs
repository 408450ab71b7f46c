//! DEFLATE (RFC 1951) of whole buffers: blocks none of which is the last, ended on a byte border.
//!
//! A chunk is deflated alone and all of it is here, so nothing is kept for more input: no window that slides, no state that
//! goes on, and matches are looked for in the chunk itself. That is what makes it faster than an encoder for streams.

mod bits;
mod block;
mod fast;
mod finder;
mod huffman;

use bits::Bits;
use block::Block;
use fast::Fast;
use finder::{Finder, WORD};

/// The longest match that DEFLATE can say.
const MAX_MATCH: usize = 258;
/// How far back a match may lie.
const WINDOW: usize = 1 << 15;

/// How hard matches are looked for.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// How many bytes must be the same for a place to be looked at.
    bytes: usize,
    /// After so many misses in a row, as a power of two, one more byte is skipped at each: what has no matches is left sooner.
    skip: u32,
    /// A match shorter than this is given up for a longer one that begins a byte later; 0 never.
    lazy: usize,
}

/// An encoder; keeps its memory between buffers.
#[derive(Debug)]
pub(super) enum Deflate {
    One(Fast),
    Two(Worker<2>),
    Four(Worker<4>),
    Sixteen(Worker<16>),
}

impl Deflate {
    /// `level` is 1 (fast) to 9 (small).
    pub(super) fn new(level: u32) -> Self {
        let effort = |bytes, skip, lazy| Effort { bytes, skip, lazy };
        match level {
            0 | 1 => Self::One(Fast::new(effort(6, 3, 0), 13)),
            2 => Self::One(Fast::new(effort(6, 5, 0), 14)),
            3 => Self::One(Fast::new(effort(5, 6, 0), 15)),
            4 => Self::Two(Worker::new(effort(5, 6, 0))),
            5 => Self::Two(Worker::new(effort(4, 7, 8))),
            6 => Self::Two(Worker::new(effort(4, 8, 32))),
            7 => Self::Four(Worker::new(effort(4, 8, 32))),
            8 => Self::Sixteen(Worker::new(effort(4, 9, 32))),
            _ => Self::Sixteen(Worker::new(effort(4, 31, MAX_MATCH))),
        }
    }

    /// `raw` in blocks, and an empty stored one that ends on a byte border.
    pub(super) fn deflate(&mut self, raw: &[u8]) -> &[u8] {
        match self {
            Self::One(fast) => fast.deflate(raw),
            Self::Two(worker) => worker.deflate(raw),
            Self::Four(worker) => worker.deflate(raw),
            Self::Sixteen(worker) => worker.deflate(raw),
        }
    }
}

/// An encoder that remembers the last `WAYS` places of each hash.
#[derive(Debug)]
pub(super) struct Worker<const WAYS: usize> {
    effort: Effort,
    finder: Finder<WAYS>,
    block: Block,
    bits: Bits,
}

impl<const WAYS: usize> Worker<WAYS> {
    fn new(effort: Effort) -> Self {
        Self { effort, finder: Finder::new(effort.bytes), block: Block::default(), bits: Bits::default() }
    }

    fn deflate(&mut self, raw: &[u8]) -> &[u8] {
        self.finder.begin();
        self.bits.begin(raw.len());
        let (mut at, mut misses) = (0, 0_u32);
        let least = self.effort.bytes - 1;
        while at + WORD <= raw.len() {
            let mut found = self.finder.find(raw, at, least);
            if found.length == 0 {
                at += 1 + (misses >> self.effort.skip) as usize;
                misses += 1;
                at = at.min(raw.len());
            } else {
                misses = 0;
                let mut begin = at;
                while found.length < self.effort.lazy && begin + 1 + WORD <= raw.len() {
                    begin += 1;
                    let later = self.finder.find(raw, begin, found.length);
                    if later.length == 0 {
                        break;
                    }
                    (found, at) = (later, begin);
                }
                self.block.push(raw, at, found);
                let end = at + found.length;
                self.finder.enter(raw, begin + 1, end);
                at = end;
            }
            if self.block.is_full(at) {
                self.block.end(raw, at, &mut self.bits);
            }
        }
        self.block.end(raw, raw.len(), &mut self.bits);
        self.block.begin();
        self.bits.flush_full()
    }
}

#[cfg(test)]
mod tests;
