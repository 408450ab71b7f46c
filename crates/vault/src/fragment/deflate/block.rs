//! A block: what was found in a stretch, and how it is written shortest.

use std::sync::LazyLock;

use super::bits::Bits;
use super::finder::{Match, word};
use super::huffman::Code;

/// The longest stretch; with its last match it must fit into a stored block.
pub(super) const MOST: usize = 48 << 10;
/// Literals, the end of a block, and lengths.
const LITERALS: usize = 288;
const END: usize = 256;
const DISTANCES: usize = 32;
/// Codes of lengths of codes, in the order in which their own lengths are written.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LONGEST_LITERAL: usize = 15;
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
#[inline(always)]
const fn distance(distance: usize) -> (u32, u32, u32) {
    let less = distance as u32 - 1;
    if less < 4 {
        return (less, 0, 0);
    }
    let bits = less.ilog2() - 1;
    (2 * bits + (less >> bits), bits, less & ((1 << bits) - 1))
}

/// What is said at once: a literal and perhaps another one, or a match. From the lowest bit: nine for a literal or a length (the
/// length less 3 and 256), nine for a distance's symbol, [`NOTHING`] or a literal and [`SECOND`], and the rest of the distance.
type Token = u32;
const FIELD: u32 = 9;
const FIELDS: usize = 1 << FIELD;
const NOTHING: u32 = 30;
const SECOND: u32 = 32;

/// So many literals are said without looking how many there are: most runs are shorter.
const SOON: usize = 8;
/// The most that a block can have, and what may be written behind it.
const TOKENS: usize = (1 << 16) + SOON;

/// What was found since the last block.
#[derive(Debug)]
pub(super) struct Block {
    start: usize,
    /// Up to where it was said.
    said: usize,
    tokens: Vec<Token>,
    /// How many of the tokens count.
    many: usize,
}

impl Default for Block {
    fn default() -> Self {
        Self { start: 0, said: 0, tokens: vec![0; TOKENS], many: 0 }
    }
}

impl Block {
    /// The next buffer's first one.
    pub(super) const fn begin(&mut self) {
        (self.start, self.said, self.many) = (0, 0, 0);
    }

    /// Says literals up to `at`.
    fn literals(&mut self, raw: &[u8], at: usize) {
        let mut pairs = raw[self.said..at].chunks_exact(2);
        for pair in pairs.by_ref() {
            self.tokens[self.many] = u32::from(pair[0]) | (SECOND + u32::from(pair[1])) << FIELD;
            self.many += 1;
        }
        if let [last] = pairs.remainder() {
            self.tokens[self.many] = u32::from(*last) | NOTHING << FIELD;
            self.many += 1;
        }
        self.said = at;
    }

    /// As [`Block::literals`], for at most [`SOON`], of which a word can be read: there is no loop whose end must be guessed.
    #[inline(always)]
    fn few_literals(&mut self, raw: &[u8], at: usize) {
        let (few, word) = (at - self.said, word(raw, self.said));
        if let Some(place) = self.tokens.get_mut(self.many..self.many + SOON / 2) {
            for (number, token) in place.iter_mut().enumerate() {
                let pair = (word >> (16 * number)) as u32;
                let other = if 2 * number + 1 < few { SECOND + (pair >> 8 & 0xff) } else { NOTHING };
                *token = pair & 0xff | other << FIELD;
            }
        }
        self.many += few.div_ceil(2);
        self.said = at;
    }

    /// Says literals up to `at`, and a match there.
    #[inline(always)]
    pub(super) fn push(&mut self, raw: &[u8], at: usize, found: Match) {
        if at - self.said <= SOON {
            self.few_literals(raw, at);
        } else {
            self.literals(raw, at);
        }
        let (symbol, _, rest) = distance(found.distance);
        self.tokens[self.many] = (256 + found.length as u32 - 3) | symbol << FIELD | rest << (2 * FIELD);
        self.many += 1;
        self.said = at + found.length;
    }

    /// Whether it should end at `at`.
    #[inline(always)]
    pub(super) const fn is_full(&self, at: usize) -> bool {
        at - self.start >= MOST
    }

    /// Writes it with literals up to `end`, where the next begins.
    pub(super) fn end(&mut self, raw: &[u8], end: usize, bits: &mut Bits) {
        self.literals(raw, end);
        if self.start < end {
            self.write(&raw[self.start..end], bits);
        }
        (self.start, self.many) = (end, 0);
    }

    fn write(&self, stretch: &[u8], bits: &mut Bits) {
        let (mut first, mut second) = ([0_u32; FIELDS], [0_u32; FIELDS]);
        for token in &self.tokens[..self.many] {
            first[*token as usize % FIELDS] += 1;
            second[(*token >> FIELD) as usize % FIELDS] += 1;
        }
        let (mut literals, mut distances, mut extra) = ([0_u32; LITERALS], [0_u32; DISTANCES], 0_u64);
        literals[END] = 1;
        for (literal, (one, other)) in literals.iter_mut().zip(first.iter().zip(&second[SECOND as usize..])).take(256) {
            *literal = one + other;
        }
        for ((symbol, more), count) in LENGTHS.iter().zip(&first[256..]) {
            literals[END + 1 + usize::from(*symbol)] += count;
            extra += u64::from(*more) * u64::from(*count);
        }
        for (symbol, (distance, count)) in (0..).zip(distances.iter_mut().zip(second).take(NOTHING as usize)) {
            *distance = count;
            extra += u64::from(bits_of_distance(symbol)) * u64::from(count);
        }

        let (literal, away) = (Code::of(&literals, LONGEST_LITERAL), Code::of(&distances, LONGEST_DISTANCE));
        let head = Head::of(&literal, &away);
        let dynamic = head.cost + literal.cost(&literals) + away.cost(&distances) + extra;
        let (fixed_literal, fixed_away) = &*FIXED;
        let fixed = fixed_literal.cost(&literals) + fixed_away.cost(&distances) + extra;
        if dynamic.min(fixed) / 8 >= stretch.len() as u64 + 5 {
            bits.stored(stretch);
        } else if fixed <= dynamic {
            bits.add(0b010, 3);
            self.symbols((fixed_literal, fixed_away), bits);
        } else {
            bits.add(0b100, 3);
            head.write(bits);
            self.symbols((&literal, &away), bits);
        }
    }

    /// Every token alike: what it has of both kinds is looked up, and of what it lacks there are no bits.
    fn symbols(&self, (literal, away): (&Code<LITERALS>, &Code<DISTANCES>), bits: &mut Bits) {
        // Of the first: the code with a length's rest, and how many bits. Of the second: the code, how many bits, and with the
        // rest of a distance.
        let (mut first, mut second) = ([0_u32; FIELDS], [0_u32; FIELDS]);
        for symbol in 0..256 {
            let (code, length) = (u32::from(literal.bits[symbol]), u32::from(literal.lengths[symbol]));
            first[symbol] = code | length << 24;
            second[symbol + SECOND as usize] = code | length << 16 | length << 24;
        }
        for ((word, (symbol, more)), length) in first[256..].iter_mut().zip(LENGTHS).zip(3..) {
            let symbol = usize::from(symbol);
            let (code, bits) =
                (u32::from(literal.bits[END + 1 + symbol]), u32::from(literal.lengths[END + 1 + symbol]));
            let rest: u32 = length - u32::from(FIRST_LENGTH[symbol]);
            *word = code | rest << bits | (bits + u32::from(more)) << 24;
        }
        for (symbol, word) in (0..NOTHING).zip(&mut second) {
            let (code, bits) = (u32::from(away.bits[symbol as usize]), u32::from(away.lengths[symbol as usize]));
            *word = code | bits << 16 | (bits + bits_of_distance(symbol)) << 24;
        }
        bits.drain();
        for token in &self.tokens[..self.many] {
            let one = first[*token as usize % FIELDS];
            let other = second[(*token >> FIELD) as usize % FIELDS];
            bits.add(u64::from(one & 0x00ff_ffff), one >> 24);
            let rest = u64::from(*token >> (2 * FIELD)) << (other >> 16 & 0xff);
            bits.add(u64::from(other & 0xffff) | rest, other >> 24);
            bits.drain();
        }
        bits.add(u64::from(literal.bits[END]), u32::from(literal.lengths[END]));
        bits.drain();
    }
}

/// How many bits say the rest of a distance of this symbol.
const fn bits_of_distance(symbol: u32) -> u32 {
    if symbol < 4 { 0 } else { symbol / 2 - 1 }
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
