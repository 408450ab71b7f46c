//! Prefix codes (RFC 1951 §3.2.2): the best ones within a length.

/// Codes by symbol, ready to be written: bits reversed, and how many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code<const SYMBOLS: usize> {
    pub(super) bits: [u16; SYMBOLS],
    pub(super) lengths: [u8; SYMBOLS],
}

const LONGEST: usize = 15;

impl<const SYMBOLS: usize> Code<SYMBOLS> {
    /// The code for symbols that occur so often, none longer than `most` bits. At least two symbols get one, as decoders
    /// refuse a code that leaves bits without a meaning.
    pub(super) fn of(counts: &[u32; SYMBOLS], most: usize) -> Self {
        let mut used: [(u32, u16); SYMBOLS] = [(0, 0); SYMBOLS];
        let mut many = 0;
        for (symbol, count) in (0_u16..).zip(counts) {
            if *count > 0 {
                used[many] = (*count, symbol);
                many += 1;
            }
        }
        for symbol in 0..2 {
            if many < 2 && counts[usize::from(symbol)] == 0 {
                used[many] = (1, symbol);
                many += 1;
            }
        }
        let used = &mut used[..many];
        used.sort_unstable();
        let depths = depths(used, most);
        let mut lengths = [0; SYMBOLS];
        let mut rarest = used.iter();
        for length in (1..=most).rev() {
            for (_, symbol) in rarest.by_ref().take(depths[length] as usize) {
                lengths[usize::from(*symbol)] = length as u8;
            }
        }
        Self::canonical(lengths)
    }

    /// The code that follows from its lengths alone.
    pub(super) fn canonical(lengths: [u8; SYMBOLS]) -> Self {
        let mut many = [0_u16; LONGEST + 1];
        lengths.iter().filter(|length| **length > 0).for_each(|length| many[usize::from(*length)] += 1);
        let mut next = [0_u16; LONGEST + 1];
        for length in 1..=LONGEST {
            next[length] = (next[length - 1] + many[length - 1]) << 1;
        }
        let mut bits = [0; SYMBOLS];
        for (bits, length) in bits.iter_mut().zip(lengths) {
            if length > 0 {
                let code = &mut next[usize::from(length)];
                *bits = code.reverse_bits() >> (16 - u16::from(length));
                *code += 1;
            }
        }
        Self { bits, lengths }
    }

    /// Bits of symbols that occur so often.
    pub(super) fn cost(&self, counts: &[u32; SYMBOLS]) -> u64 {
        counts.iter().zip(self.lengths).map(|(count, length)| u64::from(*count) * u64::from(length)).sum()
    }
}

/// How many codes there are of each length; `used` is sorted. Moffat and Katajainen's method, in place of a tree: first
/// sums with places of parents, then depths.
fn depths(used: &[(u32, u16)], most: usize) -> [u32; LONGEST + 1] {
    let many = used.len();
    let mut nodes: Vec<u32> = used.iter().map(|(count, _)| *count).collect();
    let (mut leaf, mut root) = (0, 0);
    for next in 0..many - 1 {
        let mut take = |nodes: &mut Vec<u32>| {
            if leaf >= many || (root < next && nodes[root] < nodes[leaf]) {
                let sum = nodes[root];
                nodes[root] = next as u32;
                root += 1;
                sum
            } else {
                leaf += 1;
                nodes[leaf - 1]
            }
        };
        let first = take(&mut nodes);
        let second = take(&mut nodes);
        nodes[next] = first.saturating_add(second);
    }
    // Inner nodes: from sums' parents to depths.
    nodes[many - 2] = 0;
    for next in (0..many.saturating_sub(2)).rev() {
        nodes[next] = nodes[nodes[next] as usize] + 1;
    }
    let mut depths = [0_u32; LONGEST + 1];
    let (mut open, mut depth, mut next) = (1_u32, 0_usize, many - 1);
    while open > 0 {
        let mut inner = 0;
        while next > 0 && nodes[next - 1] as usize == depth {
            inner += 1;
            next -= 1;
        }
        depths[depth.min(most)] += open - inner;
        open = inner * 2;
        depth += 1;
    }
    // What is too long was cut to `most`: shorter codes become longer until all have room.
    let room = 1_u32 << most;
    let mut taken: u32 = (1..=most).map(|length| depths[length] << (most - length)).sum();
    while taken > room {
        depths[most] -= 1;
        if let Some(length) = (1..most).rev().find(|length| depths[*length] > 0) {
            depths[length] -= 1;
            depths[length + 1] += 2;
        }
        taken -= 1;
    }
    depths
}
