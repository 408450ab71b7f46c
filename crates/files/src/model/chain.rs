//! A file's content: a chain of segments, each written by one request. Nothing is ever copied together.

use std::ops::Range;

use kernel::blobs::{BlobError, BlobKey};
use kernel::id::Id;

/// Where every segment's name begins.
pub const PREFIX: &str = "uploads/";

/// One link of the chain. The blob may be longer than `length`: what lies behind was never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Rises along the chain; in an upload's own it is the epoch of the request that wrote it.
    pub position: u64,
    /// The blob.
    pub blob: String,
    /// How many of its bytes count.
    pub length: u64,
}

/// The name of the segment that one epoch of an upload writes.
#[must_use]
pub fn segment_name(upload: Id, epoch: u64) -> String {
    format!("{PREFIX}{upload}/{epoch}.part")
}

/// The upload and the epoch of a segment's name.
#[must_use]
pub fn parse_segment_name(name: &str) -> Option<(Id, u64)> {
    let (upload, rest) = name.strip_prefix(PREFIX)?.split_once('/')?;
    let epoch = rest.strip_suffix(".part")?.parse().ok()?;
    Some((upload.parse().ok()?, epoch))
}

/// Which part of which blobs makes up `range` of the content.
///
/// # Errors
/// [`BlobError::BadKey`] if a stored name is none.
pub fn slice(chain: &[Segment], range: &Range<u64>) -> Result<Vec<(BlobKey, Range<u64>)>, BlobError> {
    let mut parts = Vec::new();
    let mut begin = 0_u64;
    for segment in chain {
        let end = begin.saturating_add(segment.length);
        let (from, to) = (range.start.max(begin), range.end.min(end));
        if from < to {
            parts.push((BlobKey::new(segment.blob.clone())?, from - begin..to - begin));
        }
        begin = end;
    }
    Ok(parts)
}

/// How many bytes the chain holds.
#[must_use]
pub fn length(chain: &[Segment]) -> u64 {
    chain.iter().map(|segment| segment.length).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chain_of(lengths: &[u64]) -> Vec<Segment> {
        (1_u64..)
            .zip(lengths)
            .map(|(position, &length)| Segment { position, blob: format!("uploads/x/{position}.part"), length })
            .collect()
    }

    proptest! {
        #[test]
        fn a_slice_is_what_a_concatenation_would_give(
            lengths in proptest::collection::vec(0_u64..20, 0..8),
            a in 0_u64..160,
            b in 0_u64..160,
        ) {
            let chain = chain_of(&lengths);
            let whole: Vec<(u64, u64)> =
                chain.iter().flat_map(|s| (0..s.length).map(move |at| (s.position, at))).collect();
            let end = a.max(b).min(length(&chain));
            let start = a.min(b).min(end);
            let got: Vec<(u64, u64)> = slice(&chain, &(start..end))
                .expect("good names")
                .into_iter()
                .flat_map(|(key, part)| {
                    let position = key.as_str()["uploads/x/".len()..].trim_end_matches(".part").parse().expect("ours");
                    part.map(move |at| (position, at))
                })
                .collect();
            let at = |n: u64| usize::try_from(n).expect("small");
            prop_assert_eq!(got.as_slice(), &whole[at(start)..at(end)]);
        }
    }

    #[test]
    fn names_parse_back() {
        let id: Id = "01arz3ndektsv4rrffq69g5fav".parse().expect("an id");
        assert_eq!(parse_segment_name(&segment_name(id, 7)), Some((id, 7)));
        for other in ["uploads/x/1.part", "uploads/01arz3ndektsv4rrffq69g5fav/x.part", "views/1", "uploads/"] {
            assert_eq!(parse_segment_name(other), None, "{other}");
        }
        assert!(BlobKey::new(segment_name(id, u64::MAX)).is_ok());
    }
}
