//! Spans of time and amounts of bytes, as people write them.

use std::str::FromStr;
use std::time::Duration;

use kernel::clock::Timestamp;

/// Until when something is good: for a span from now, or to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// So long from now.
    After(Duration),
    /// This moment.
    At(Timestamp),
}

impl Until {
    /// The moment meant at `now`.
    #[must_use]
    pub(crate) fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Self::After(span) => now.plus(span),
            Self::At(moment) => moment,
        }
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text:?} is neither a span (30m, 12h, 7d, 2w) nor a date (2026-12-31)");
        if text.contains('-') {
            // A date alone is good to its end.
            let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T23:59:59Z") };
            return serde_json::from_value(whole.into()).map(Self::At).map_err(|_| expected());
        }
        let unit = match text.chars().last() {
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some('w') => 7 * 86_400,
            _ => return Err(expected()),
        };
        let count: u32 = text[..text.len() - 1].parse().map_err(|_| expected())?;
        if count == 0 {
            return Err("it would have ended before it began".to_owned());
        }
        Ok(Self::After(Duration::from_secs(u64::from(count) * unit)))
    }
}

/// An amount of bytes: `1000`, `500M`, `5G` (powers of 1000), `5Gi` (of 1024); a `B` at the end says nothing.
///
/// # Errors
/// It is none, or zero.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let expected = || format!("{text:?} is no amount of bytes such as 500M or 5G");
    let bare = text.strip_suffix('B').unwrap_or(text);
    let (bare, base) = bare.strip_suffix('i').map_or((bare, 1000_u64), |bare| (bare, 1024));
    let digits = bare.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match &bare[digits.len()..] {
        "" if base == 1000 => 0,
        "k" | "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return Err(expected()),
    };
    let number: u64 = digits.parse().map_err(|_| expected())?;
    base.checked_pow(power).and_then(|unit| number.checked_mul(unit)).filter(|&all| all > 0).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_dates() {
        let now = Timestamp::from_micros(1_000_000);
        let week: Until = "7d".parse().expect("a span");
        assert_eq!(week.moment(now).since(now), Duration::from_secs(7 * 86_400));
        let end: Until = "2026-12-31".parse().expect("a date");
        assert_eq!(end.moment(now).to_string(), "2026-12-31T23:59:59Z");
        let exact: Until = "2026-12-31T08:00:00-05:00".parse().expect("a moment");
        assert_eq!(exact.moment(now).to_string(), "2026-12-31T13:00:00Z");
        for bad in ["", "7", "0d", "d", "-1d", "7y", "tomorrow", "2026-13-01", "7ñ", "99999999999w"] {
            assert!(bad.parse::<Until>().is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts() {
        assert_eq!(bytes("1000"), Ok(1000));
        assert_eq!(bytes("500M"), Ok(500_000_000));
        assert_eq!(bytes("5GB"), Ok(5_000_000_000));
        assert_eq!(bytes("2Ki"), Ok(2048));
        for bad in ["", "0", "G", "5i", "-5M", "5X", "5.5G", "99999999999T", "5 G", "5ñ"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
