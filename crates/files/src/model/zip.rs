//! A selection of files as a ZIP archive whose every byte is known before the first is sent.
//!
//! Entries are stored (method 0) with their CRC-32 and sizes in the local headers, so there are no data descriptors, and any
//! range of the archive can be made without the rest. The format is APPNOTE.TXT 6.3.10 with ZIP64 where it is needed, and
//! Info-ZIP's extended timestamp (`UT`).

use std::collections::HashSet;
use std::ops::Range;

use kernel::clock::Timestamp;
use time::OffsetDateTime;
use unicode_normalization::UnicodeNormalization as _;

use super::name::MAX_NAME;

/// What a 32-bit field holds if the number stands in the ZIP64 field.
const ELSEWHERE: u32 = u32::MAX;
/// Names are UTF-8 (general purpose bit 11).
const UTF8: u16 = 1 << 11;
/// Made on Unix by version 4.5 of the format, the first with ZIP64.
const MADE_BY: u16 = (3 << 8) | 45;
/// A regular file that its owner may write and all may read.
const ATTRIBUTES: u32 = 0o100_644 << 16;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const ZIP64_END: u32 = 0x0606_4b50;
const ZIP64_LOCATOR: u32 = 0x0706_4b50;
const END: u32 = 0x0605_4b50;

/// A file that goes into an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What it is called; [`names`] makes these safe and different.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
    /// Their CRC-32.
    pub crc32: u32,
    /// When they were last changed.
    pub modified: Timestamp,
}

/// A stretch of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stretch {
    /// These bytes.
    Bytes(Vec<u8>),
    /// All bytes of the member of this number.
    Member {
        /// Which one.
        index: usize,
        /// How many bytes it has.
        size: u64,
    },
}

impl Stretch {
    /// How many bytes it has.
    #[must_use]
    pub const fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Member { size, .. } => *size,
        }
    }
}

/// An archive of members, as stretches in order. No byte of a member is needed for it.
#[must_use]
pub fn layout(members: &[Member]) -> Vec<Stretch> {
    let mut stretches = Vec::with_capacity(members.len() * 2 + 1);
    let mut central = Vec::new();
    let mut at = 0_u64;
    for (index, member) in members.iter().enumerate() {
        let header = local_header(member);
        central_header(&mut central, member, at);
        at += header.len() as u64 + member.size;
        stretches.push(Stretch::Bytes(header));
        stretches.push(Stretch::Member { index, size: member.size });
    }
    let directory = at..at + central.len() as u64;
    end(&mut central, members.len() as u64, &directory);
    stretches.push(Stretch::Bytes(central));
    stretches
}

fn local_header(member: &Member) -> Vec<u8> {
    let large = member.size >= u64::from(ELSEWHERE);
    let mut extra = extended_time(member.modified);
    if large {
        // In a local header both sizes stand here, or none.
        put16(&mut extra, 1);
        put16(&mut extra, 16);
        put64(&mut extra, member.size);
        put64(&mut extra, member.size);
    }
    let mut header = Vec::with_capacity(30 + member.name.len() + extra.len());
    put32(&mut header, LOCAL);
    described(&mut header, member, large, if large { ELSEWHERE } else { low(member.size) }, extra.len());
    header.extend_from_slice(member.name.as_bytes());
    header.extend_from_slice(&extra);
    header
}

fn central_header(out: &mut Vec<u8>, member: &Member, at: u64) {
    let (large, far) = (member.size >= u64::from(ELSEWHERE), at >= u64::from(ELSEWHERE));
    let mut extra = extended_time(member.modified);
    if large || far {
        put16(&mut extra, 1);
        put16(&mut extra, if large { 16 } else { 0 } + if far { 8 } else { 0 });
        if large {
            put64(&mut extra, member.size);
            put64(&mut extra, member.size);
        }
        if far {
            put64(&mut extra, at);
        }
    }
    put32(out, CENTRAL);
    put16(out, MADE_BY);
    described(out, member, large || far, if large { ELSEWHERE } else { low(member.size) }, extra.len());
    // No comment, first disk, nothing known of its text.
    out.extend_from_slice(&[0; 6]);
    put32(out, ATTRIBUTES);
    put32(out, if far { ELSEWHERE } else { low(at) });
    out.extend_from_slice(member.name.as_bytes());
    out.extend_from_slice(&extra);
}

/// What both headers of a member say in the same words.
fn described(out: &mut Vec<u8>, member: &Member, zip64: bool, size: u32, extra: usize) {
    put16(out, if zip64 { 45 } else { 20 });
    put16(out, UTF8);
    put16(out, 0);
    let (date, time) = dos_time(member.modified);
    put16(out, time);
    put16(out, date);
    put32(out, member.crc32);
    put32(out, size);
    put32(out, size);
    put16(out, u16::try_from(member.name.len()).unwrap_or(u16::MAX));
    put16(out, u16::try_from(extra).unwrap_or(u16::MAX));
}

fn end(out: &mut Vec<u8>, count: u64, directory: &Range<u64>) {
    let length = directory.end - directory.start;
    let many = count >= u64::from(u16::MAX);
    if many || length >= u64::from(ELSEWHERE) || directory.start >= u64::from(ELSEWHERE) {
        put32(out, ZIP64_END);
        put64(out, 44);
        put16(out, MADE_BY);
        put16(out, 45);
        put32(out, 0);
        put32(out, 0);
        put64(out, count);
        put64(out, count);
        put64(out, length);
        put64(out, directory.start);
        put32(out, ZIP64_LOCATOR);
        put32(out, 0);
        put64(out, directory.end);
        put32(out, 1);
    }
    put32(out, END);
    put32(out, 0);
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    put16(out, count);
    put16(out, count);
    put32(out, low(length));
    put32(out, low(directory.start));
    put16(out, 0);
}

/// Info-ZIP's `UT` field with the time of change, as long as 32 signed bits hold it.
fn extended_time(modified: Timestamp) -> Vec<u8> {
    let mut extra = Vec::with_capacity(29);
    if let Ok(seconds) = i32::try_from(modified.as_seconds()) {
        put16(&mut extra, 0x5455);
        put16(&mut extra, 5);
        extra.push(1);
        extra.extend_from_slice(&seconds.to_le_bytes());
    }
    extra
}

/// Date and time as MS-DOS has them: two-second steps from 1980 to 2107, here in UTC.
fn dos_time(modified: Timestamp) -> (u16, u16) {
    let Ok(moment) = OffsetDateTime::from_unix_timestamp(modified.as_seconds()) else { return (0x21, 0) };
    let year = match u16::try_from(moment.year() - 1980) {
        Ok(year @ 0..=127) => year,
        Ok(_) => return (0xff9f, 0xbf7d),
        Err(_) => return (0x21, 0),
    };
    let date = year << 9 | u16::from(u8::from(moment.month())) << 5 | u16::from(moment.day());
    let time =
        u16::from(moment.hour()) << 11 | u16::from(moment.minute()) << 5 | u16::from(moment.second().min(59) / 2);
    (date, time)
}

fn low(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(ELSEWHERE)
}

fn put16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// Names that every system can keep side by side in one folder: no characters or names that Windows refuses, none twice
/// where case does not count. A second `a.txt` is `a (2).txt`.
#[must_use]
pub fn names<'n>(wanted: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let mut taken = HashSet::new();
    wanted
        .into_iter()
        .map(|name| {
            let name = safe(name);
            let (stem, ending) = split(&name);
            let free = |number: usize| {
                let candidate = if number == 1 { name.clone() } else { numbered(stem, ending, number) };
                let key = candidate.to_lowercase().nfc().collect::<String>();
                (!taken.contains(&key)).then_some((candidate, key))
            };
            // One more number than there are names is free.
            let (name, key) = (1..=taken.len() + 1).find_map(free).unwrap_or_default();
            taken.insert(key);
            name
        })
        .collect()
}

fn numbered(stem: &str, ending: &str, number: usize) -> String {
    let suffix = format!(" ({number}){ending}");
    format!("{}{suffix}", cut(stem, MAX_NAME.saturating_sub(suffix.len())))
}

/// A name without what a system could take for something else.
fn safe(name: &str) -> String {
    let plain: String =
        name.chars()
            .map(|c| {
                if c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') {
                    '_'
                } else {
                    c
                }
            })
            .collect();
    let plain = cut(&plain, MAX_NAME).trim_end_matches(['.', ' ']);
    let device = plain.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        device
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|digit| digit.is_ascii_digit()))
    };
    if plain.is_empty()
        || matches!(device.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || numbered("COM")
        || numbered("LPT")
    {
        return format!("_{}", cut(plain, MAX_NAME - 1));
    }
    plain.to_owned()
}

/// A name in front of its ending, and the ending with its dot. An ending is short and has something before it.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 16 => name.split_at(at),
        _ => (name, ""),
    }
}

/// As much of a text as fits `most` bytes.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests;
