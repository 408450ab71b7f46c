use flate2::{Decompress, FlushDecompress};
use proptest::prelude::*;

use super::*;

/// What zlib makes of it, with a last block after it.
fn inflated(deflated: &[u8], length: usize) -> Vec<u8> {
    let whole = [deflated, &[3, 0]].concat();
    let mut raw = Vec::with_capacity(length + 1);
    let mut inflate = Decompress::new(false);
    let status = inflate.decompress_vec(&whole, &mut raw, FlushDecompress::Finish).unwrap();
    assert_eq!(status, flate2::Status::StreamEnd, "{} bytes of {length}", raw.len());
    raw
}

/// Words that come again, with others in between: literals, matches near and far, and stretches without any.
fn mixed() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 1..12);
    let order = prop::collection::vec((any::<prop::sample::Index>(), 1_usize..400, any::<bool>()), 0..80);
    (words, order).prop_map(|(words, order)| {
        let mut raw = Vec::new();
        for (number, (index, times, noise)) in order.iter().enumerate() {
            if *noise {
                let mut fill = vec![0; times * 40];
                blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut fill);
                raw.extend(fill);
            } else {
                (0..*times).for_each(|_| raw.extend_from_slice(words[index.index(words.len())].as_slice()));
            }
        }
        raw.truncate(1 << 20);
        raw
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_level_says_what_it_was_given(raw in mixed(), again in mixed(), level in 1_u32..=9) {
        let mut deflate = Deflate::new(level);
        for raw in [&raw, &again, &raw] {
            let deflated = deflate.deflate(raw).to_vec();
            prop_assert_eq!(&inflated(&deflated, raw.len()), raw);
            prop_assert!(deflated.ends_with(&[0, 0, 0xff, 0xff]));
            prop_assert!(deflated.len() <= raw.len() + raw.len() / (32 << 10) * 6 + 11);
        }
    }

    #[test]
    fn codes_are_whole_and_within_their_length(
        counts in prop::collection::vec(prop_oneof![Just(0_u32), 1_u32..50, 1_u32..3_000_000], 288),
        most in 9_usize..=15,
    ) {
        let counts: [u32; 288] = counts.try_into().unwrap();
        let code = huffman::Code::of(&counts, most);
        let longest = code.lengths.iter().copied().max().unwrap();
        prop_assert!(usize::from(longest) <= most);
        let kraft: u32 = code.lengths.iter().filter(|length| **length > 0).map(|length| 1_u32 << (15 - length)).sum();
        prop_assert_eq!(kraft, 1 << 15);
        prop_assert!(counts.iter().zip(code.lengths).all(|(count, length)| *count == 0 || length > 0));
    }
}

#[test]
fn counts_that_double_need_codes_that_are_cut() {
    let mut counts = [0_u32; 19];
    counts.iter_mut().zip(0..).for_each(|(count, power)| *count = 1 << power);
    let code = huffman::Code::of(&counts, 7);
    assert_eq!(code.lengths.iter().copied().max(), Some(7));
    assert_eq!(code.lengths.iter().map(|length| 1_u32 << (7 - length)).sum::<u32>(), 1 << 7);
}

#[test]
fn what_is_found_does_not_depend_on_what_was_seen_before() {
    let noise = |seed: u64, length| {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    };
    let (one, other) = (noise(1, 100_000).repeat(3), [noise(2, 70_000), noise(1, 5000), noise(2, 9000)].concat());
    for level in 1..=9 {
        let mut used = Deflate::new(level);
        let first = used.deflate(&one).to_vec();
        used.deflate(&other);
        assert_eq!(used.deflate(&one), first, "level {level}");
    }
}

#[test]
fn a_place_is_found_as_far_back_as_may_be_said_and_no_farther() {
    for (between, found) in [(WINDOW - 24, true), (WINDOW - 23, false), ((1 << 16) - 24, false)] {
        let same = b"the same 24 bytes, twice";
        let mut raw = same.to_vec();
        let mut fill = vec![0; between];
        blake3::Hasher::new().finalize_xof().fill(&mut fill);
        raw.extend(fill);
        let second = raw.len();
        raw.extend_from_slice(same);
        raw.extend([0; 8]);
        let mut finder = Finder::<2>::new(4);
        finder.begin();
        assert_eq!(finder.find(&raw, 0, 3).length, 0);
        let expected = if found { (24, second) } else { (0, 0) };
        let there = finder.find(&raw, second, 3);
        assert_eq!((there.length, there.distance), expected, "{between}");
    }
}

#[test]
fn higher_levels_are_smaller() {
    // Words that come often, in no order: what is worth looking for longer.
    let word = |n: u32| format!("{} ", &blake3::hash(&(n % 700).to_le_bytes()).to_hex()[..5 + n as usize % 5]);
    let raw: Vec<u8> = (0_u32..40_000).flat_map(|n| word(n.wrapping_mul(2_654_435_761) >> 16).into_bytes()).collect();
    let sizes = [1, 3, 6, 9].map(|level| Deflate::new(level).deflate(&raw).len());
    assert!(sizes.is_sorted_by(|one, next| one > next), "{sizes:?}");
}
