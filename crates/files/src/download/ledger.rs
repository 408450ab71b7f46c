//! Which bytes of which files a body carried: what each file's entry of the audit trail is told when the body is over.

use std::ops::Range;

use super::source::Origin;
use crate::model::audit::Ending;
use crate::recorder::Recording;

/// The parts of a representation that a body carries, each with the bytes that stand before it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carried(Vec<(u64, Range<u64>)>);

impl Carried {
    /// Parts behind heads of these lengths.
    #[must_use]
    pub(crate) fn parts(heads: Vec<u64>, parts: Vec<Range<u64>>) -> Self {
        Self(heads.into_iter().zip(parts).collect())
    }

    /// One part and nothing else.
    #[must_use]
    pub(crate) fn one(part: Range<u64>) -> Self {
        Self(vec![(0, part)])
    }

    /// Where the first part begins.
    pub(super) fn start(&self) -> u64 {
        self.0.first().map_or(0, |(_, part)| part.start)
    }

    /// The parts among the first `sent` bytes of the body.
    fn among(&self, sent: u64) -> Vec<Range<u64>> {
        let mut left = sent;
        let mut found = Vec::new();
        for (head, part) in &self.0 {
            left = left.saturating_sub(*head);
            let length = (part.end - part.start).min(left);
            found.push(part.start..part.start + length);
            left -= length;
        }
        found
    }
}

/// What is written down of a body.
pub(crate) struct Ledger {
    carried: Carried,
    origins: Vec<(Range<u64>, Origin)>,
    recordings: Vec<Recording>,
}

impl Ledger {
    /// A body's, with a recording for each file that it stands for bytes of.
    #[must_use]
    pub(crate) const fn new(carried: Carried, origins: Vec<(Range<u64>, Origin)>, recordings: Vec<Recording>) -> Self {
        Self { carried, origins, recordings }
    }

    /// Where the body begins.
    pub(super) fn start(&self) -> u64 {
        self.carried.start()
    }

    /// The body is over after `sent` bytes. Of several files only those count that were reached.
    pub(super) fn end(&self, sent: u64, ending: Ending) {
        let several = self.recordings.len() > 1;
        let (wanted, got) = (self.by_file(u64::MAX), self.by_file(sent));
        for ((recording, wanted), got) in self.recordings.iter().zip(wanted).zip(got) {
            let all = length(&wanted) == length(&got);
            let reached = match (all, length(&got)) {
                (true, 0) => ending == Ending::Whole && !wanted.is_empty(),
                (_, bytes) => bytes > 0,
            };
            if reached || !several {
                let ending = if all && several { Ending::Whole } else { ending };
                recording.end(got.clone(), length(&got), ending);
            }
        }
    }

    fn by_file(&self, sent: u64) -> Vec<Vec<Range<u64>>> {
        let parts = self.carried.among(sent);
        let mut found = vec![Vec::new(); self.recordings.len()];
        for (span, origin) in &self.origins {
            for part in &parts {
                let (start, end) = (part.start.max(span.start), part.end.min(span.end));
                // An empty file is carried by whoever carries its place.
                let empty = span.is_empty() && start == end;
                if (start < end || empty)
                    && let Some(pieces) = found.get_mut(origin.file)
                {
                    pieces.push(origin.start + (start - span.start)..origin.start + (end - span.start));
                }
            }
        }
        found
    }
}

fn length(pieces: &[Range<u64>]) -> u64 {
    pieces.iter().map(|piece| piece.end - piece.start).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_no_bytes_of_the_file() {
        let carried = Carried::parts(vec![10, 20], vec![5..8, 100..200]);
        assert_eq!(carried.start(), 5);
        for (sent, wanted) in [
            (0, [5..5, 100..100]),
            (10, [5..5, 100..100]),
            (12, [5..7, 100..100]),
            (30, [5..8, 100..100]),
            (34, [5..8, 100..101]),
            (u64::MAX, [5..8, 100..200]),
        ] {
            assert_eq!(carried.among(sent), wanted, "{sent}");
        }
    }
}
