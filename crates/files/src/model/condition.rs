//! Preconditions (RFC 9110 §13): `If-Match`, `If-None-Match`, `If-Range` and their date forms, in the order of §13.2.2.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE};
use kernel::clock::Timestamp;

/// What a representation is compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validators {
    /// The strong entity tag, with its quotes.
    pub etag: String,
    /// When the bytes last changed; `None` if no date tells that.
    pub modified: Option<Timestamp>,
}

/// What the preconditions say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Go on; `Range` counts only if told so.
    Proceed {
        /// `Range` is to be honoured.
        range: bool,
    },
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// Evaluates the preconditions of a GET or HEAD.
#[must_use]
pub fn evaluate(headers: &HeaderMap, validators: &Validators) -> Outcome {
    let changed = validators.modified.map(whole_seconds);
    if headers.contains_key(IF_MATCH) {
        if !list(headers, &IF_MATCH).any(|tag| tag == "*" || tag == validators.etag) {
            return Outcome::Failed;
        }
    } else if date(headers, &IF_UNMODIFIED_SINCE).zip(changed).is_some_and(|(since, changed)| changed > since) {
        return Outcome::Failed;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        if list(headers, &IF_NONE_MATCH).any(|tag| tag == "*" || tag.trim_start_matches("W/") == validators.etag) {
            return Outcome::NotModified;
        }
    } else if date(headers, &IF_MODIFIED_SINCE).zip(changed).is_some_and(|(since, changed)| changed <= since) {
        return Outcome::NotModified;
    }
    Outcome::Proceed { range: headers.contains_key(RANGE) && if_range(headers, validators) }
}

/// A strong comparison: a weak tag never matches, a date only if it is exact.
fn if_range(headers: &HeaderMap, validators: &Validators) -> bool {
    let Some(value) = headers.get(IF_RANGE) else { return true };
    let Ok(text) = value.to_str() else { return false };
    let text = text.trim();
    if text.starts_with('"') || text.starts_with("W/") {
        return text == validators.etag;
    }
    let Some(modified) = validators.modified else { return false };
    httpdate::parse_http_date(text).is_ok_and(|moment| moment == whole_seconds(modified))
}

/// The tags of a list header that may occur several times. Our own tags hold no comma, so a split at commas is enough.
fn list<'h>(headers: &'h HeaderMap, name: &http::HeaderName) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).map(str::trim)
}

fn date(headers: &HeaderMap, name: &http::HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

fn whole_seconds(moment: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(moment.as_seconds()).unwrap_or(0))
}

/// A moment as HTTP writes it, in whole seconds.
#[must_use]
pub fn http_date(moment: Timestamp) -> String {
    httpdate::fmt_http_date(whole_seconds(moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(pairs: &[(http::HeaderName, &str)]) -> Outcome {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().expect("a header"));
        }
        let validators =
            Validators { etag: "\"a-1\"".to_owned(), modified: Some(Timestamp::from_micros(784_111_777_500_000)) };
        evaluate(&headers, &validators)
    }

    #[test]
    fn without_a_date_only_the_tag_counts() {
        let validators = Validators { etag: "\"a-1\"".to_owned(), modified: None };
        for (name, value, wanted) in [
            (IF_RANGE, SAME, Outcome::Proceed { range: false }),
            (IF_RANGE, "\"a-1\"", Outcome::Proceed { range: true }),
            (IF_MODIFIED_SINCE, AFTER, Outcome::Proceed { range: true }),
            (IF_UNMODIFIED_SINCE, BEFORE, Outcome::Proceed { range: true }),
        ] {
            let mut headers = HeaderMap::from_iter([(RANGE, "bytes=0-".parse().expect("a header"))]);
            headers.insert(name, value.parse().expect("a header"));
            assert_eq!(evaluate(&headers, &validators), wanted, "{value}");
        }
    }

    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    #[test]
    fn tags_and_dates() {
        let plain = Outcome::Proceed { range: false };
        let ranged = Outcome::Proceed { range: true };
        for (pairs, wanted) in [
            (vec![], plain),
            (vec![(RANGE, "bytes=0-")], ranged),
            (vec![(IF_MATCH, "\"a-1\"")], plain),
            (vec![(IF_MATCH, "*")], plain),
            (vec![(IF_MATCH, "\"b\", \"a-1\"")], plain),
            (vec![(IF_MATCH, "\"b\"")], Outcome::Failed),
            (vec![(IF_MATCH, "W/\"a-1\"")], Outcome::Failed),
            (vec![(IF_UNMODIFIED_SINCE, SAME)], plain),
            (vec![(IF_UNMODIFIED_SINCE, BEFORE)], Outcome::Failed),
            (vec![(IF_MATCH, "\"a-1\""), (IF_UNMODIFIED_SINCE, BEFORE)], plain),
            (vec![(IF_NONE_MATCH, "\"a-1\"")], Outcome::NotModified),
            (vec![(IF_NONE_MATCH, "W/\"a-1\"")], Outcome::NotModified),
            (vec![(IF_NONE_MATCH, "*")], Outcome::NotModified),
            (vec![(IF_NONE_MATCH, "\"b\"")], plain),
            (vec![(IF_NONE_MATCH, "\"a-1\""), (RANGE, "bytes=0-1")], Outcome::NotModified),
            (vec![(IF_MODIFIED_SINCE, SAME)], Outcome::NotModified),
            (vec![(IF_MODIFIED_SINCE, AFTER)], Outcome::NotModified),
            (vec![(IF_MODIFIED_SINCE, BEFORE)], plain),
            (vec![(IF_NONE_MATCH, "\"b\""), (IF_MODIFIED_SINCE, SAME)], plain),
            (vec![(IF_MODIFIED_SINCE, "yesterday")], plain),
            (vec![(RANGE, "bytes=0-"), (IF_RANGE, "\"a-1\"")], ranged),
            (vec![(RANGE, "bytes=0-"), (IF_RANGE, "\"a-2\"")], plain),
            (vec![(RANGE, "bytes=0-"), (IF_RANGE, "W/\"a-1\"")], plain),
            (vec![(RANGE, "bytes=0-"), (IF_RANGE, SAME)], ranged),
            (vec![(RANGE, "bytes=0-"), (IF_RANGE, AFTER)], plain),
            (vec![(RANGE, "bytes=0-"), (IF_RANGE, "nonsense")], plain),
        ] {
            assert_eq!(outcome(&pairs), wanted, "{pairs:?}");
        }
    }
}
