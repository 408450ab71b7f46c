//! Which bytes of a file were sent, over several answers.

use std::ops::Range;

/// Most pieces that are remembered; of more, the smallest is forgotten.
const MOST: usize = 32;

/// Pieces of a file, in order, none touching another. As text: `0-300,500-700`, ends exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage(Vec<Range<u64>>);

impl Coverage {
    /// Adds a piece.
    pub fn add(&mut self, piece: Range<u64>) {
        if piece.is_empty() {
            return;
        }
        let mut merged = piece;
        let mut kept = Vec::with_capacity(self.0.len() + 1);
        for known in self.0.drain(..) {
            if known.end < merged.start || merged.end < known.start {
                kept.push(known);
            } else {
                merged = merged.start.min(known.start)..merged.end.max(known.end);
            }
        }
        kept.push(merged);
        kept.sort_by_key(|known| known.start);
        if kept.len() > MOST
            && let Some((smallest, _)) = kept.iter().enumerate().min_by_key(|(_, known)| known.end - known.start)
        {
            kept.remove(smallest);
        }
        self.0 = kept;
    }

    /// Whether all of a file of `size` bytes was sent.
    #[must_use]
    pub fn is_whole(&self, size: u64) -> bool {
        size == 0 || self.0.first() == Some(&(0..size))
    }

    /// As it is stored.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|piece| format!("{}-{}", piece.start, piece.end)).collect::<Vec<_>>().join(",")
    }

    /// As it was stored; what is not ours is empty.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut coverage = Self::default();
        for piece in text.split(',') {
            if let Some((start, end)) = piece.split_once('-')
                && let (Ok(start), Ok(end)) = (start.parse(), end.parse())
            {
                coverage.add(start..end);
            }
        }
        coverage
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_that_touch_become_one() {
        let mut coverage = Coverage::default();
        for piece in [0..10, 20..30, 30..40, 5..12, 7..7] {
            coverage.add(piece);
        }
        assert_eq!(coverage.text(), "0-12,20-40");
        assert!(!coverage.is_whole(40));
        coverage.add(12..20);
        assert!(coverage.is_whole(40));
        assert!(!coverage.is_whole(41));
        assert!(Coverage::default().is_whole(0));
        assert_eq!(Coverage::parse("x,3,1-2-3,"), Coverage::default());
    }

    proptest! {
        #[test]
        fn it_says_of_each_byte_what_is_true(pieces in proptest::collection::vec((0_u64..60, 0_u64..20), 0..20)) {
            let mut coverage = Coverage::default();
            let mut bytes = [false; 80];
            for (start, length) in pieces {
                coverage.add(start..start + length);
                for at in start..start + length {
                    bytes[usize::try_from(at).expect("small")] = true;
                }
            }
            for (at, known) in (0_u64..).zip(bytes) {
                prop_assert_eq!(coverage.0.iter().any(|piece| piece.contains(&at)), known);
            }
            prop_assert_eq!(&Coverage::parse(&coverage.text()), &coverage);
        }

        #[test]
        fn it_fits_its_column(starts in proptest::collection::vec(0..u64::MAX - 1, 0..80)) {
            let mut coverage = Coverage::default();
            for start in starts {
                coverage.add(start..start + 1);
            }
            prop_assert!(coverage.text().len() <= 1400);
        }
    }
}
