//! Which bytes of a file are there already.

use serde::{Deserialize, Serialize};

/// Ranges of bytes, first inclusive, last exclusive; in order, apart from each other, none empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Held(Vec<(u64, u64)>);

impl Held {
    /// The bytes from `from` to before `to` are there too.
    pub(super) fn add(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        let before = self.0.partition_point(|&(_, end)| end < from);
        let after = self.0.partition_point(|&(start, _)| start <= to);
        let merged = self.0[before..after].iter().fold((from, to), |all, one| (all.0.min(one.0), all.1.max(one.1)));
        self.0.splice(before..after, [merged]);
    }

    /// How many bytes are there.
    pub(super) fn total(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from).sum()
    }

    /// What is missing of `size` bytes, in pieces of at most `most` bytes.
    pub(super) fn missing(&self, size: u64, most: u64) -> Vec<(u64, u64)> {
        let ends = self.0.iter().copied().chain([(size, size)]);
        let gaps = ends.scan(0, |reached, (from, to)| Some((std::mem::replace(reached, to), from)));
        let cut = |(from, to): (u64, u64)| {
            let step = usize::try_from(most.max(1)).unwrap_or(usize::MAX);
            (from..to).step_by(step).map(move |start| (start, to.min(start.saturating_add(most))))
        };
        gaps.flat_map(cut).collect()
    }

    /// Whether this is what [`Held::add`] makes of ranges within `size` bytes: a damaged record is not to be believed.
    pub(super) fn is_sound(&self, size: u64) -> bool {
        let apart = self.0.windows(2).all(|pair| pair[0].1 < pair[1].0);
        apart && self.0.iter().all(|&(from, to)| from < to && to <= size)
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn ranges_merge_as_a_set_of_bytes_would() {
        let mut rng = StdRng::seed_from_u64(5);
        for _ in 0..300 {
            let (mut held, mut bytes) = (Held::default(), [false; 40]);
            for _ in 0..rng.random_range(0..12) {
                let from = rng.random_range(0..40_u64);
                let to = rng.random_range(from..=40);
                held.add(from, to);
                (from..to).for_each(|at| bytes[usize::try_from(at).expect("small")] = true);
            }
            assert!(held.is_sound(40), "{held:?}");
            assert_eq!(held.total(), bytes.iter().filter(|there| **there).count() as u64);
            let missing = held.missing(40, 7);
            assert!(missing.iter().all(|(from, to)| from < to && to - from <= 7), "{missing:?}");
            let mut absent = missing.into_iter().flat_map(|(from, to)| from..to);
            let expected = (0..40).filter(|&at| !bytes[usize::try_from(at).expect("small")]);
            assert!(expected.eq(absent.by_ref()));
        }
    }

    #[test]
    fn a_damaged_record_is_told() {
        let read = |text: &str| serde_json::from_str::<Held>(text).expect("parses");
        assert!(read("[[0,5],[7,10]]").is_sound(10));
        for bad in ["[[0,11]]", "[[5,5]]", "[[7,10],[0,5]]", "[[0,5],[5,10]]"] {
            assert!(!read(bad).is_sound(10), "{bad}");
        }
    }
}
