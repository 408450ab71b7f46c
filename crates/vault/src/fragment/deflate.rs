//! DEFLATE (RFC 1951) of whole buffers: blocks none of which is the last, ended on a byte border.
//!
//! A chunk is deflated alone and all of it is here, so nothing is kept for more input: no window that slides, no state that
//! goes on, and matches are looked for in the chunk itself. That is what makes it faster than an encoder for streams.

mod bits;
mod block;
mod finder;
mod huffman;

use bits::Bits;
use block::Block;
use finder::Finder;

/// Shorter matches hardly save anything, and four bytes are what is hashed.
const MIN_MATCH: usize = 4;
/// The longest match that DEFLATE can say.
const MAX_MATCH: usize = 258;
/// How far back a match may lie.
const WINDOW: u32 = 1 << 15;

/// How hard matches are looked for.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// After so many misses in a row, as a power of two, one more byte is skipped at each: what has no matches is left sooner.
    skip: u32,
    /// A match shorter than this is given up for a longer one that begins a byte later; 0 never.
    lazy: usize,
    /// Within a match, every so manieth place can be found later.
    stride: usize,
}

/// An encoder; keeps its memory between buffers.
#[derive(Debug)]
pub(super) enum Deflate {
    One(Worker<1>),
    Two(Worker<2>),
    Four(Worker<4>),
    Sixteen(Worker<16>),
}

impl Deflate {
    /// `level` is 1 (fast) to 9 (small).
    pub(super) fn new(level: u32) -> Self {
        let effort = |skip, lazy, stride| Effort { skip, lazy, stride };
        match level {
            0 | 1 => Self::One(Worker::new(effort(3, 0, 8))),
            2 => Self::One(Worker::new(effort(4, 0, 2))),
            3 => Self::Two(Worker::new(effort(5, 0, 1))),
            4 => Self::Two(Worker::new(effort(7, 16, 1))),
            5 => Self::Four(Worker::new(effort(7, 16, 1))),
            6 => Self::Four(Worker::new(effort(8, 32, 1))),
            7 => Self::Sixteen(Worker::new(effort(8, 16, 1))),
            8 => Self::Sixteen(Worker::new(effort(9, 32, 1))),
            _ => Self::Sixteen(Worker::new(effort(31, MAX_MATCH, 1))),
        }
    }

    /// `raw` in blocks, and an empty stored one that ends on a byte border.
    pub(super) fn deflate(&mut self, raw: &[u8]) -> &[u8] {
        match self {
            Self::One(worker) => worker.deflate(raw),
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
        Self { effort, finder: Finder::new(), block: Block::default(), bits: Bits::default() }
    }

    fn deflate(&mut self, raw: &[u8]) -> &[u8] {
        self.finder.begin(raw.len());
        self.bits.begin(raw.len());
        let (mut at, mut anchor, mut misses) = (0, 0, 0_u32);
        while at + MIN_MATCH <= raw.len() {
            let mut found = self.finder.find(raw, at, 0);
            if found.length == 0 {
                at += 1 + (misses >> self.effort.skip) as usize;
                misses += 1;
                at = at.min(raw.len());
                if self.block.is_full(at) {
                    at = self.block.start() + block::MOST;
                    self.block.end(raw, anchor, at, &mut self.bits);
                    anchor = at;
                }
                continue;
            }
            misses = 0;
            let mut begin = at;
            while found.length < self.effort.lazy && begin + 1 + MIN_MATCH <= raw.len() {
                let later = self.finder.find(raw, begin + 1, found.length);
                if later.length <= found.length {
                    // It was entered by looking for it.
                    begin += 1;
                    break;
                }
                (found, at, begin) = (later, begin + 1, begin + 1);
            }
            self.block.push(at - anchor, found);
            let end = at + found.length;
            self.finder.enter(raw, begin + 1, end, self.effort.stride);
            (at, anchor) = (end, end);
            if self.block.is_full(at) {
                self.block.end(raw, anchor, at, &mut self.bits);
            }
        }
        self.block.end(raw, anchor, raw.len(), &mut self.bits);
        self.block.begin();
        self.bits.flush_full()
    }
}

#[cfg(test)]
mod tests;
