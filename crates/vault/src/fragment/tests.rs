use super::*;
use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

/// Compressible, and long enough for blocks of every kind.
fn text(length: usize) -> Vec<u8> {
    (0_u32..).flat_map(|line| format!("line {line} of a file that deflates well\n").into_bytes()).take(length).collect()
}

fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

fn raw_deflate(raw: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut output = vec![0; raw.len() + 1000];
    let mut deflate = Compress::new(Compression::new(6), false);
    deflate.compress(raw, &mut output, flush).unwrap();
    output.truncate(usize::try_from(deflate.total_out()).unwrap());
    output
}

fn refusal(raw: &[u8], fragment: &[u8]) -> FragmentError {
    Decoder::default().decode(&Chunk::of(raw).unwrap(), fragment).unwrap_err()
}

#[test]
fn an_encoder_forgets_the_chunk_before() {
    let mut encoder = Encoder::new(3);
    let first = encoder.encode(&text(300_000)).unwrap();
    encoder.encode(&noise(200_000)).unwrap();
    assert_eq!(encoder.encode(&text(300_000)).unwrap(), first);
    assert_eq!(Encoder::new(3).encode(&text(300_000)).unwrap(), first);
}

#[test]
fn what_does_not_deflate_is_stored() {
    let raw = noise(200_000);
    let fragment = Encoder::new(9).encode(&raw).unwrap();
    assert_eq!(fragment.bytes().len(), longest(200_000));
    assert_eq!(Decoder::default().decode(fragment.chunk(), fragment.bytes()).unwrap(), raw);
    assert!(Encoder::new(1).encode(&text(200_000)).unwrap().bytes().len() < 40_000);
}

#[test]
fn chunks_of_no_or_too_many_bytes_are_refused() {
    assert_eq!(Encoder::new(3).encode(&[]), Err(FragmentError::BadLength(0)));
    assert!(Encoder::new(3).encode(&vec![0; 2 << 20]).is_ok());
    assert_eq!(Encoder::new(3).encode(&vec![0; (2 << 20) + 1]), Err(FragmentError::BadLength((2 << 20) + 1)));
}

#[test]
fn hostile_fragments_are_refused_by_name() {
    let raw = text(50_000);
    let good = raw_deflate(&raw, FlushCompress::Full);
    assert!(Decoder::default().decode(&Chunk::of(&raw).unwrap(), &good).is_ok());

    let mut other = raw.clone();
    other[7] ^= 1;
    assert_eq!(refusal(&raw, &raw_deflate(&other, FlushCompress::Full)), FragmentError::WrongCrc);
    let chunk = Chunk { id: ChunkId::of(&other), ..Chunk::of(&raw).unwrap() };
    assert_eq!(Decoder::default().decode(&chunk, &good), Err(FragmentError::WrongHash));

    assert_eq!(refusal(&raw, &raw_deflate(&raw, FlushCompress::Finish)), FragmentError::Final);
    assert_eq!(refusal(&raw, &raw_deflate(&text(60_000), FlushCompress::Full)), FragmentError::Bomb);
    assert_eq!(refusal(&raw, &raw_deflate(&text(40_000), FlushCompress::Full)), FragmentError::TooShort);
    assert_eq!(refusal(&raw[..100], &raw_deflate(&vec![0; 40 << 20], FlushCompress::Full)[..100]), FragmentError::Bomb);
    assert_eq!(refusal(&raw, &[good.clone(), vec![3, 0]].concat()), FragmentError::Final);
    assert_eq!(refusal(&raw, &[good.clone(), b"trailing".to_vec()].concat()), FragmentError::Corrupt);
    assert_eq!(refusal(&raw, &good[..good.len() - 5]), FragmentError::NotFlushed);
    assert_eq!(refusal(&raw, &[&good[..], &[0, 0, 0, 0xff, 0xff].repeat(20_000)[..]].concat()), FragmentError::TooLong);
    assert_eq!(refusal(&raw, &[]), FragmentError::TooShort);
    assert_eq!(refusal(&raw, &[6, 7, 8]), FragmentError::Corrupt);
}

#[test]
fn a_fragment_cannot_lean_on_the_one_before() {
    let raw = text(30_000);
    let mut deflate = Compress::new(Compression::new(6), false);
    let mut output = vec![0; 60_000];
    deflate.compress(&raw, &mut output, FlushCompress::Sync).unwrap();
    let first = usize::try_from(deflate.total_out()).unwrap();
    deflate.compress(&raw, &mut output[first..], FlushCompress::Full).unwrap();
    let both = usize::try_from(deflate.total_out()).unwrap();
    assert_eq!(refusal(&raw, &output[first..both]), FragmentError::Corrupt);
}

/// Bits in deflate's order: numbers with the lowest bit first, codes with the highest first.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn number(mut self, value: u32, width: u32) -> Self {
        self.0.extend((0..width).map(|bit| value >> bit & 1 == 1));
        self
    }

    fn code(mut self, value: u32, width: u32) -> Self {
        self.0.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    fn bytes(self) -> Vec<u8> {
        assert_eq!(self.0.len() % 8, 0, "the last byte is full, or the test tests something else");
        self.0.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect()
    }
}

/// A fragment that leaves its last block open: the next fragment's first bits would be symbols of that block.
#[test]
fn a_fragment_that_ends_inside_a_block_is_refused() {
    // A fixed block: literal 'a' is 0x91 in eight bits, 0x90 onwards in nine are 144…; five more bits begin a code.
    let open = Bits::default().number(0, 1).number(1, 2).code(0x30 + u32::from(b'a'), 8).code(0x30 >> 3, 5).bytes();
    assert_eq!(refusal(b"a", &open), FragmentError::NotFlushed);

    // A dynamic block whose code for the block's end is one bit, 0: an aligned stored block after it would hide that.
    for last in [false, true] {
        let mut bits = Bits::default().number(u32::from(last), 1).number(2, 2).number(0, 5).number(0, 5).number(14, 4);
        // Lengths of the code for lengths, in deflate's odd order: 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1.
        let lengths = [(18, 1), (1, 2), (0, 2)];
        for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1] {
            bits = bits.number(lengths.iter().find(|(one, _)| *one == symbol).map_or(0, |(_, length)| *length), 3);
        }
        // Codes: 18 → 0, 0 → 10, 1 → 11. Literals: 'a' and the end have one bit each, one distance code of one bit.
        bits =
            bits.code(0, 1).number(97 - 11, 7).code(3, 2).code(0, 1).number(138 - 11, 7).code(0, 1).number(20 - 11, 7);
        bits = bits.code(3, 2).code(3, 2);
        // Literals up to a byte border: one more bit, 1, would end the block, and the probe begins with that bit.
        let count = 400 - bits.0.len() % 8;
        for _ in 0..count {
            bits = bits.code(0, 1);
        }
        let fragment = bits.bytes();
        assert_eq!(refusal(&vec![b'a'; count], &fragment), FragmentError::NotFlushed);
        assert_eq!(refusal(&vec![b'a'; count + 1], &fragment), FragmentError::TooShort);
        assert_eq!(refusal(&vec![b'a'; count - 1], &fragment), FragmentError::Bomb);
    }
}

proptest! {
    #[test]
    fn runs_of_text_and_noise_come_back(runs in prop::collection::vec((any::<bool>(), 1_usize..60_000), 1..20), level in 1_u32..=9) {
        let raw: Vec<u8> = runs.iter().flat_map(|(is_text, length)| if *is_text { text(*length) } else { noise(*length) }).collect();
        let fragment = Encoder::new(level).encode(&raw).unwrap();
        prop_assert!(fragment.bytes().len() <= longest(fragment.chunk().length));
        prop_assert_eq!(Decoder::default().decode(fragment.chunk(), fragment.bytes()).unwrap(), raw);
    }

    #[test]
    fn arbitrary_bytes_are_refused_not_believed(raw in prop::collection::vec(any::<u8>(), 1..500), bytes: Vec<u8>) {
        let chunk = Chunk::of(&raw).unwrap();
        if let Ok(decoded) = Decoder::default().decode(&chunk, &bytes) {
            prop_assert_eq!(decoded, raw);
        }
    }

    #[test]
    fn one_flipped_bit_is_found_or_harmless(length in 1_usize..20_000, at: prop::sample::Index, bit in 0_u8..8) {
        let raw = text(length);
        let mut bytes = Encoder::new(6).encode(&raw).unwrap().bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        if let Ok(decoded) = Decoder::default().decode(&Chunk::of(&raw).unwrap(), &bytes) {
            prop_assert_eq!(decoded, raw);
        }
    }
}

#[test]
fn fragments_in_a_row_are_read_in_one_go_and_nothing_else_is() {
    let mut encoder = Encoder::new(3);
    let (one, other) = (vec![7; 100_000], (0..50_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
    let raw = [one.as_slice(), other.as_slice()].concat();
    let run =
        [encoder.encode(&one).unwrap().bytes(), encoder.encode(&other).unwrap().bytes()].map(|part| part.to_vec());
    let run = run.concat();
    let (length, crc) = (raw.len() as u64, crc32fast::hash(&raw));
    let mut decoder = Decoder::default();
    assert_eq!(decoder.decode_run((length, crc), &run), Ok(raw));
    assert_eq!(decoder.decode_run((length, crc ^ 1), &run), Err(FragmentError::WrongCrc));
    assert_eq!(decoder.decode_run((length - 1, crc), &run), Err(FragmentError::Bomb));
    assert_eq!(decoder.decode_run((length + 1, crc), &run), Err(FragmentError::TooShort));
    assert!(decoder.decode_run((length, crc), &run[..run.len() / 2]).is_err());
    let ended = [&run[..], &[3, 0]].concat();
    assert_eq!(decoder.decode_run((length, crc), &ended), Err(FragmentError::Final));
}
