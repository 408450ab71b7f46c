//! How long a caller waits: `grpc-timeout`.

use std::time::Duration;

use tonic::metadata::MetadataMap;

/// For who names no deadline.
const DEFAULT: Duration = Duration::from_secs(10);
/// Nobody is kept waiting for longer.
const LONGEST: Duration = Duration::from_secs(60);

/// How long the caller of a request waits.
pub(super) fn of(metadata: &MetadataMap) -> Duration {
    let told = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(parse);
    told.unwrap_or(DEFAULT).min(LONGEST)
}

/// 1 to 8 digits and a unit: PROTOCOL-HTTP2.md of gRPC.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_nonsense_is_not() {
        let read = ["2H", "3M", "4S", "5m", "6u", "7n"].map(parse);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let small = [Duration::from_millis(5), Duration::from_micros(6), Duration::from_nanos(7)].map(Some);
        assert_eq!(read, [seconds(7200), seconds(180), seconds(4), small[0], small[1], small[2]]);
        for bad in ["", "S", "1", "1x", "-1S", "123456789S", "1 S", "1é"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_caller_who_names_none_gets_one() {
        let mut metadata = MetadataMap::new();
        assert_eq!(of(&metadata), DEFAULT);
        metadata.insert("grpc-timeout", "9H".parse().expect("ASCII"));
        assert_eq!(of(&metadata), LONGEST);
    }
}
