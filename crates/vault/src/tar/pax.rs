//! PAX records: `LENGTH KEY=VALUE\n`, where the length counts its own digits.

/// Appends a record.
pub(super) fn write(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length.to_string().len() + rest != length {
        length = length.to_string().len() + rest;
    }
    records.extend(length.to_string().bytes());
    records.push(b' ');
    records.extend_from_slice(key);
    records.push(b'=');
    records.extend_from_slice(value);
    records.push(b'\n');
}

/// The key and the value of the first record, and what follows it.
pub(super) fn read(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().take(8).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&records[..space]).ok()?.parse().ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], rest))
}

/// An attribute's name in a key: GNU tar escapes the two bytes that a key cannot have.
pub(super) fn escape(name: &[u8]) -> Vec<u8> {
    name.iter()
        .flat_map(|byte| match byte {
            b'%' => b"%25".to_vec(),
            b'=' => b"%3D".to_vec(),
            other => vec![*other],
        })
        .collect()
}

/// The name that [`escape`] made a key of; `None` if it made no such key.
pub(super) fn unescape(key: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::new();
    let mut rest = key;
    while let Some((first, after)) = rest.split_first() {
        (rest, _) = match (first, after) {
            (b'%', [b'2', b'5', after @ ..]) => (after, name.push(b'%')),
            (b'%', [b'3', b'D', after @ ..]) => (after, name.push(b'=')),
            (b'%' | b'=', _) => return None,
            _ => (after, name.push(*first)),
        };
    }
    Some(name)
}

/// Seconds and, unless they are zero, nanoseconds, with the sign in front as `-1.5`.
pub(super) fn time(seconds: i64, nanos: u32) -> String {
    if nanos == 0 {
        return seconds.to_string();
    }
    let (sign, whole, nanos) = match seconds < 0 {
        true => ("-", (seconds + 1).unsigned_abs(), 1_000_000_000 - nanos),
        false => ("", seconds.unsigned_abs(), nanos),
    };
    format!("{sign}{whole}.{nanos:09}").trim_end_matches('0').to_owned()
}

/// Reads what [`time`] writes.
pub(super) fn read_time(text: &[u8]) -> Option<(i64, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos: u32 = format!("{fraction:0<9}").parse().ok()?;
    let read = match text.starts_with('-') && nanos > 0 {
        true => (seconds.checked_sub(1)?, 1_000_000_000 - nanos),
        false => (seconds, nanos),
    };
    (time(read.0, read.1) == text).then_some(read)
}
