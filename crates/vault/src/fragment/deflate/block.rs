//! A block: what was found in a stretch, and how it is written shortest.

use std::sync::LazyLock;

use super::bits::Bits;
use super::finder::Match;
use super::huffman::Code;

/// The longest stretch; with its last match it must fit into a stored block.
pub(super) const MOST: usize = 48 << 10;
/// Literals, the end of a block, and lengths.
const LITERALS: usize = 288;
const END: usize = 256;
const DISTANCES: usize = 32;
/// Codes of lengths of codes, in the order in which their own lengths are written.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// Four literals fit into a word with 7 bits that wait.
const LONGEST_LITERAL: usize = 14;
const LONGEST_DISTANCE: usize = 15;

/// For each length from 3: its symbol less 257, and how many bits say the rest (RFC 1951 §3.2.5).
const LENGTHS: [(u8, u8); 256] = lengths();
/// The first length of each symbol.
const FIRST_LENGTH: [u16; 29] = first_lengths();

const fn bits_of_length(symbol: usize) -> u8 {
    if symbol < 8 || symbol == 28 { 0 } else { (symbol / 4 - 1) as u8 }
}

const fn first_lengths() -> [u16; 29] {
    let (mut table, mut symbol, mut length) = ([0; 29], 0, 3);
    while symbol < 28 {
        table[symbol] = length;
        length += 1 << bits_of_length(symbol);
        symbol += 1;
    }
    table[28] = 258;
    table
}

const fn lengths() -> [(u8, u8); 256] {
    let (mut table, mut symbol) = ([(0, 0); 256], 0);
    let first = first_lengths();
    while symbol < 29 {
        let mut length = first[symbol] as usize;
        while length <= 258 {
            table[length - 3] = (symbol as u8, bits_of_length(symbol));
            length += 1;
        }
        symbol += 1;
    }
    table
}

/// The symbol of a distance, how many bits say the rest, and the rest.
#[inline]
const fn distance(distance: u32) -> (usize, u32, u64) {
    let less = distance - 1;
    if less < 4 {
        return (less as usize, 0, 0);
    }
    let bits = less.ilog2() - 1;
    let symbol = 2 * bits + (less >> bits);
    (symbol as usize, bits, (less & ((1 << bits) - 1)) as u64)
}

/// So many literals, then a match.
#[derive(Debug, Clone, Copy)]
struct Step {
    literals: u32,
    found: Match,
}

/// What was found since the last block.
#[derive(Debug, Default)]
pub(super) struct Block {
    start: usize,
    steps: Vec<Step>,
}

impl Block {
    /// Where in the buffer it begins.
    pub(super) const fn start(&self) -> usize {
        self.start
    }

    /// The next buffer's first one.
    pub(super) fn begin(&mut self) {
        self.start = 0;
        self.steps.clear();
    }

    pub(super) fn push(&mut self, literals: usize, found: Match) {
        self.steps.push(Step { literals: literals as u32, found });
    }

    /// Whether it should end at `at`.
    pub(super) const fn is_full(&self, at: usize) -> bool {
        at - self.start >= MOST
    }

    /// Writes it; from `anchor` to `end` there are literals. The next begins at `end`.
    pub(super) fn end(&mut self, raw: &[u8], anchor: usize, end: usize, bits: &mut Bits) {
        let stretch = &raw[self.start..end];
        if !stretch.is_empty() {
            self.write(stretch, end - anchor, bits);
        }
        self.start = end;
        self.steps.clear();
    }

    fn write(&self, stretch: &[u8], tail: usize, bits: &mut Bits) {
        let (mut literals, mut distances, mut extra) = ([0_u32; LITERALS], [0_u32; DISTANCES], 0_u64);
        literals[END] = 1;
        let mut at = 0;
        for step in &self.steps {
            let next = at + step.literals as usize;
            stretch[at..next].iter().for_each(|byte| literals[usize::from(*byte)] += 1);
            let (length, length_bits) = LENGTHS[step.found.length - 3];
            let (symbol, distance_bits, _) = distance(step.found.distance);
            literals[END + 1 + usize::from(length)] += 1;
            distances[symbol & (DISTANCES - 1)] += 1;
            extra += u64::from(length_bits) + u64::from(distance_bits);
            at = next + step.found.length;
        }
        stretch[at..at + tail].iter().for_each(|byte| literals[usize::from(*byte)] += 1);

        let (literal, away) = (Code::of(&literals, LONGEST_LITERAL), Code::of(&distances, LONGEST_DISTANCE));
        let head = Head::of(&literal, &away);
        let dynamic = head.cost + literal.cost(&literals) + away.cost(&distances) + extra;
        let (fixed_literal, fixed_away) = &*FIXED;
        let fixed = fixed_literal.cost(&literals) + fixed_away.cost(&distances) + extra;
        if dynamic.min(fixed) / 8 >= stretch.len() as u64 + 5 {
            bits.stored(stretch);
        } else if fixed <= dynamic {
            bits.add(0b010, 3);
            self.symbols(stretch, tail, (fixed_literal, fixed_away), bits);
        } else {
            bits.add(0b100, 3);
            head.write(bits);
            self.symbols(stretch, tail, (&literal, &away), bits);
        }
    }

    fn symbols(
        &self,
        stretch: &[u8],
        tail: usize,
        (literal, away): (&Code<LITERALS>, &Code<DISTANCES>),
        bits: &mut Bits,
    ) {
        // Both in one word: a symbol costs one look.
        let mut words = [0_u32; LITERALS];
        for ((word, code), length) in words.iter_mut().zip(literal.bits).zip(literal.lengths) {
            *word = u32::from(code) | u32::from(length) << 16;
        }
        let add = |bits: &mut Bits, symbol: usize| {
            let word = words[symbol];
            bits.add(u64::from(word & 0xffff), word >> 16);
        };
        let run = |bits: &mut Bits, bytes: &[u8]| {
            let mut fours = bytes.chunks_exact(4);
            for four in fours.by_ref() {
                four.iter().for_each(|byte| add(bits, usize::from(*byte)));
                bits.drain();
            }
            fours.remainder().iter().for_each(|byte| add(bits, usize::from(*byte)));
            bits.drain();
        };
        bits.drain();
        let mut at = 0;
        for step in &self.steps {
            let next = at + step.literals as usize;
            if next > at {
                run(bits, &stretch[at..next]);
            }
            let (length, length_bits) = LENGTHS[step.found.length - 3];
            add(bits, END + 1 + usize::from(length));
            bits.add(step.found.length as u64 - u64::from(FIRST_LENGTH[usize::from(length)]), u32::from(length_bits));
            let (symbol, distance_bits, rest) = distance(step.found.distance);
            let symbol = symbol & (DISTANCES - 1);
            bits.add(u64::from(away.bits[symbol]), u32::from(away.lengths[symbol]));
            bits.add(rest, distance_bits);
            bits.drain();
            at = next + step.found.length;
        }
        run(bits, &stretch[at..at + tail]);
        add(bits, END);
        bits.drain();
    }
}

/// The codes that need not be said (RFC 1951 §3.2.6).
static FIXED: LazyLock<(Code<LITERALS>, Code<DISTANCES>)> = LazyLock::new(|| {
    let mut lengths = [8; LITERALS];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    (Code::canonical(lengths), Code::canonical([5; DISTANCES]))
});

/// How a block's codes are said (RFC 1951 §3.2.7).
struct Head {
    literals: usize,
    distances: usize,
    lengths: usize,
    /// Symbols of lengths, each with how many times it is meant, less the least.
    runs: Vec<(u8, u8)>,
    code: Code<19>,
    /// All of it, in bits.
    cost: u64,
}

impl Head {
    fn of(literal: &Code<LITERALS>, away: &Code<DISTANCES>) -> Self {
        let used = |lengths: &[u8], least: usize| {
            lengths.iter().rposition(|length| *length > 0).map_or(least, |last| (last + 1).max(least))
        };
        let (literals, distances) = (used(&literal.lengths[..286], 257), used(&away.lengths[..30], 1));
        let mut all = literal.lengths[..literals].to_vec();
        all.extend_from_slice(&away.lengths[..distances]);
        let (mut runs, mut counts) = (Vec::with_capacity(all.len()), [0_u32; 19]);
        for same in all.chunk_by(|one, next| one == next) {
            let (length, mut left) = (same[0], same.len());
            let mut say = |symbol: u8, more: usize| {
                counts[usize::from(symbol)] += 1;
                runs.push((symbol, more as u8));
            };
            if length > 0 {
                say(length, 0);
                left -= 1;
            }
            while left > 0 {
                let times = match (length, left) {
                    (0, 11..) => left.min(138),
                    (0, 3..) => left.min(10),
                    (1.., 3..) => left.min(6),
                    _ => 1,
                };
                match (length, times) {
                    (_, 1) => say(length, 0),
                    (0, 11..) => say(18, times - 11),
                    (0, _) => say(17, times - 3),
                    _ => say(16, times - 3),
                }
                left -= times;
            }
        }
        let code = Code::of(&counts, 7);
        let lengths = ORDER.iter().rposition(|symbol| code.lengths[*symbol] > 0).map_or(4, |last| (last + 1).max(4));
        let more = runs.iter().map(|(symbol, _)| u64::from(more_bits(*symbol))).sum::<u64>();
        let cost = 14 + 3 * lengths as u64 + code.cost(&counts) + more;
        Self { literals, distances, lengths, runs, code, cost }
    }

    fn write(&self, bits: &mut Bits) {
        bits.add(self.literals as u64 - 257, 5);
        bits.add(self.distances as u64 - 1, 5);
        bits.add(self.lengths as u64 - 4, 4);
        bits.drain();
        for symbol in &ORDER[..self.lengths] {
            bits.add(u64::from(self.code.lengths[*symbol]), 3);
            bits.drain();
        }
        for (symbol, more) in &self.runs {
            let place = usize::from(*symbol);
            bits.add(u64::from(self.code.bits[place]), u32::from(self.code.lengths[place]));
            bits.add(u64::from(*more), more_bits(*symbol));
            bits.drain();
        }
    }
}

const fn more_bits(symbol: u8) -> u32 {
    match symbol {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}
