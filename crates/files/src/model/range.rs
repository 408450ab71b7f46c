//! `Range` (RFC 9110 §14): which bytes are asked for.

use std::ops::Range;

/// Most ranges of one request. A client that wants more wants to keep us busy.
const MAX_RANGES: usize = 32;

/// What a `Range` header asks of a representation of a known length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Everything: there was no header, it was malformed, or its unit is unknown.
    Whole,
    /// These bytes, in the order asked for, none empty, none overlapping or touching: one makes a plain 206, several a
    /// `multipart/byteranges`.
    Parts(Vec<Range<u64>>),
    /// 416: nothing of what was asked for exists, or too many ranges were asked for.
    Unsatisfiable,
}

/// Evaluates a `Range` header.
#[must_use]
pub fn evaluate(header: Option<&str>, length: u64) -> Wanted {
    let Some(specs) = header.and_then(parse) else { return Wanted::Whole };
    if specs.len() > MAX_RANGES {
        return Wanted::Unsatisfiable;
    }
    let parts: Vec<Range<u64>> = specs.into_iter().filter_map(|spec| spec.resolve(length)).collect();
    if parts.is_empty() {
        return Wanted::Unsatisfiable;
    }
    Wanted::Parts(parts.into_iter().fold(Vec::new(), join))
}

/// Adds a range to those before it. Ranges that overlap or touch become one, in the place of the first of them: the order
/// asked for is kept (RFC 9110 §15.3.7.2).
fn join(mut known: Vec<Range<u64>>, mut part: Range<u64>) -> Vec<Range<u64>> {
    let mut place = known.len();
    while let Some(at) = known.iter().position(|other| part.start <= other.end && other.start <= part.end) {
        let other = known.remove(at);
        part = part.start.min(other.start)..part.end.max(other.end);
        place = place.min(at);
    }
    known.insert(place.min(known.len()), part);
    known
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spec {
    From(u64),
    Between(u64, u64),
    Last(u64),
}

impl Spec {
    fn resolve(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first) => first..length,
            Self::Between(first, last) => first..last.saturating_add(1).min(length),
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (range.start < range.end).then_some(range)
    }
}

/// `None` for whatever is not `bytes=` and well-formed throughout: such a header is ignored.
fn parse(header: &str) -> Option<Vec<Spec>> {
    let (unit, set) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let specs: Vec<Spec> =
        set.split(',').map(str::trim).filter(|text| !text.is_empty()).map(spec).collect::<Option<_>>()?;
    (!specs.is_empty()).then_some(specs)
}

fn spec(text: &str) -> Option<Spec> {
    let (first, last) = text.split_once('-')?;
    match (first, last) {
        ("", count) => number(count).map(Spec::Last),
        (first, "") => number(first).map(Spec::From),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Spec::Between(first, last))
        }
    }
}

/// Digits only; a number beyond `u64` is as far as one can ask.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "a list of one range is what is expected")]
    fn the_cases_of_the_rfc() {
        for (header, wanted) in [
            ("bytes=0-499", Wanted::Parts(vec![0..500])),
            ("bytes=500-999", Wanted::Parts(vec![500..1000])),
            ("bytes=-500", Wanted::Parts(vec![9500..10000])),
            ("bytes=9500-", Wanted::Parts(vec![9500..10000])),
            ("bytes=100-", Wanted::Parts(vec![100..10000])),
            ("bytes=0-0,-1", Wanted::Parts(vec![0..1, 9999..10000])),
            ("bytes=-20000", Wanted::Parts(vec![0..10000])),
            ("bytes=9999-20000", Wanted::Parts(vec![9999..10000])),
            ("bytes= 0-1 , 5-6", Wanted::Parts(vec![0..2, 5..7])),
            ("bytes=5-6,0-1", Wanted::Parts(vec![5..7, 0..2])),
            ("bytes=20-29,0-4,3-21", Wanted::Parts(vec![0..30])),
            ("bytes=0-4,3-9,10-12", Wanted::Parts(vec![0..13])),
            ("bytes=0-99999999999999999999999", Wanted::Parts(vec![0..10000])),
            ("bytes=10000-,0-0", Wanted::Parts(vec![0..1])),
            ("bytes=10000-", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=--1", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("0-1", Wanted::Whole),
        ] {
            assert_eq!(evaluate(Some(header), 10_000), wanted, "{header}");
        }
        assert_eq!(evaluate(None, 10), Wanted::Whole);
        assert_eq!(evaluate(Some("bytes=0-"), 0), Wanted::Unsatisfiable);
        let flood = format!("bytes={}", (0..100).map(|n| format!("{}-{}", n * 4, n * 4)).collect::<Vec<_>>().join(","));
        assert_eq!(evaluate(Some(&flood), 10_000), Wanted::Unsatisfiable);
    }

    proptest! {
        #[test]
        fn exactly_the_bytes_that_were_named(
            asked in proptest::collection::vec((0_u64..40, 0_u64..40, 0_u8..3), 1..6),
            length in 0_u64..40,
        ) {
            let mut named = vec![false; usize::try_from(length).expect("small")];
            let mut header = Vec::new();
            for (a, b, form) in asked {
                let (a, b) = (a.min(b), a.max(b));
                let (text, range) = match form {
                    0 => (format!("{a}-{b}"), a..(b + 1).min(length)),
                    1 => (format!("{a}-"), a..length),
                    _ => (format!("-{a}"), length.saturating_sub(a)..length),
                };
                header.push(text);
                for at in range {
                    named[usize::try_from(at).expect("small")] = true;
                }
            }
            match evaluate(Some(&format!("bytes={}", header.join(","))), length) {
                Wanted::Whole => prop_assert!(false, "a good header was ignored"),
                Wanted::Unsatisfiable => prop_assert!(!named.contains(&true)),
                Wanted::Parts(parts) => {
                    let mut got = vec![false; named.len()];
                    for part in parts {
                        prop_assert!(part.start < part.end);
                        for at in part {
                            let at = usize::try_from(at).expect("small");
                            prop_assert!(!got[at], "no byte twice");
                            got[at] = true;
                        }
                    }
                    prop_assert_eq!(got, named);
                }
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,60}", length in any::<u64>()) {
            let _ = evaluate(Some(&text), length);
            let _ = evaluate(Some(&format!("bytes={text}")), length);
        }
    }
}
