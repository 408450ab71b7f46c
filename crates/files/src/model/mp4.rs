//! Fast start for MP4 (ISO/IEC 14496-12): a view of a file in which `moov` precedes `mdat`, so that players can begin, and
//! seek, before the end has arrived. No sample is touched: boxes change places, and the chunk offsets in `moov` (`stco`,
//! `co64`) are moved with what they point at. The view is as long as the file.
//!
//! Nothing a file says is trusted: whatever does not fit exactly, or is not understood, is served as it is.

use std::ops::Range;

/// Largest `moov` that is rewritten: some ten hours of video.
pub const MAX_MOOV: u64 = 32 << 20;
/// Most boxes at the top of a file that is rewritten.
const MAX_BOXES: usize = 64;
/// The longest head of a box, in bytes.
const HEAD: u64 = 16;
/// Boxes that hold boxes, on the way from `moov` to the chunk offsets.
const CONTAINERS: [[u8; 4]; 5] = [*b"moov", *b"trak", *b"mdia", *b"minf", *b"stbl"];
/// Boxes whose presence says that there are offsets elsewhere, or that `moov` cannot be read: fragments, compression,
/// offsets of auxiliary information.
const UNKNOWN: [[u8; 4]; 5] = [*b"mvex", *b"cmov", *b"saio", *b"iloc", *b"rmra"];

/// The file is not one that can be rewritten: it is served as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an MP4 file that can be rewritten")]
pub struct AsItIs;

/// The head of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    kind: [u8; 4],
    /// Bytes of the head itself.
    head: u64,
    /// Bytes of all of the box.
    length: u64,
    /// The length was not written: it reaches to the end.
    open: bool,
}

/// Reads the head of a box of which `left` bytes at most can belong to it.
fn head(bytes: &[u8], left: u64) -> Result<Head, AsItIs> {
    let short = u32::from_be_bytes(array(bytes, 0)?);
    let kind = array(bytes, 4)?;
    let (head, length, open) = match short {
        0 => (8, left, true),
        1 => (16, u64::from_be_bytes(array(bytes, 8)?), false),
        length => (8, u64::from(length), false),
    };
    if length < head || length > left { Err(AsItIs) } else { Ok(Head { kind, head, length, open }) }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], AsItIs> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(AsItIs)
}

/// Goes over the boxes at the top of a file, a few bytes at each.
#[derive(Debug, Clone)]
pub struct Walk {
    size: u64,
    at: u64,
    boxes: usize,
    data: Option<u64>,
    moov: Option<Range<u64>>,
}

impl Walk {
    /// Begins at a file of that size.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { size, at: 0, boxes: 0, data: None, moov: None }
    }

    /// Which bytes are to be shown to it next; `None` at the end of the file.
    #[must_use]
    pub fn wants(&self) -> Option<Range<u64>> {
        (self.at < self.size).then(|| self.at..self.size.min(self.at + HEAD))
    }

    /// Takes the bytes it wanted.
    ///
    /// # Errors
    /// [`AsItIs`].
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), AsItIs> {
        let found = head(bytes, self.size - self.at)?;
        let span = self.at..self.at + found.length;
        self.boxes += 1;
        if self.boxes > MAX_BOXES || (self.boxes == 1 && found.kind != *b"ftyp") {
            return Err(AsItIs);
        }
        match &found.kind {
            b"mdat" => self.data = self.data.or(Some(self.at)),
            // Before the data it stands well, and one that reaches to the end cannot be moved away from it.
            b"moov" if self.data.is_none() || self.moov.is_some() || found.open || found.length > MAX_MOOV => {
                return Err(AsItIs);
            }
            b"moov" => self.moov = Some(span.clone()),
            // Fragments and their indexes, and items: with offsets of their own.
            b"moof" | b"mfra" | b"sidx" | b"ssix" | b"meta" => return Err(AsItIs),
            _ => {}
        }
        self.at = span.end;
        Ok(())
    }

    /// What is to change places, once it wants nothing more.
    ///
    /// # Errors
    /// [`AsItIs`].
    pub fn end(self) -> Result<Move, AsItIs> {
        match (self.data, self.moov) {
            (Some(data), Some(moov)) if self.at == self.size && data < moov.start => Ok(Move { data, moov }),
            _ => Err(AsItIs),
        }
    }
}

/// `moov` goes to where the first `mdat` begins; what is between moves behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Where the first `mdat` begins.
    pub data: u64,
    /// Where `moov` is.
    pub moov: Range<u64>,
}

impl Move {
    /// Where a byte of the file is in the view; `None` for those of `moov`.
    fn moved(&self, at: u64) -> Option<u64> {
        match at {
            _ if self.moov.contains(&at) => None,
            _ if (self.data..self.moov.start).contains(&at) => at.checked_add(self.moov.end - self.moov.start),
            _ => Some(at),
        }
    }

    /// Turns the bytes of `moov` into those of the view, as many as they were.
    ///
    /// # Errors
    /// [`AsItIs`]; then the bytes are of no use.
    pub fn rewrite(&self, moov: &mut [u8]) -> Result<(), AsItIs> {
        let tables = self.boxes_in(moov, true)?;
        if tables == 0 { Err(AsItIs) } else { Ok(()) }
    }

    /// Goes over boxes side by side; returns how many tables of offsets were moved.
    fn boxes_in(&self, mut bytes: &mut [u8], top: bool) -> Result<usize, AsItIs> {
        let mut tables = 0;
        while !bytes.is_empty() {
            let found = head(bytes, bytes.len() as u64)?;
            if found.open || (top && found.kind != *b"moov") {
                return Err(AsItIs);
            }
            let length = usize::try_from(found.length).map_err(|_| AsItIs)?;
            let (this, rest) = std::mem::take(&mut bytes).split_at_mut_checked(length).ok_or(AsItIs)?;
            bytes = rest;
            let content = this.get_mut(usize::try_from(found.head).map_err(|_| AsItIs)?..).ok_or(AsItIs)?;
            match &found.kind {
                kind if UNKNOWN.contains(kind) => return Err(AsItIs),
                b"meta" if content.windows(4).any(|four| four == b"iloc") => return Err(AsItIs),
                b"dinf" => check_references(content)?,
                b"stco" => {
                    self.offsets::<4>(content)?;
                    tables += 1;
                }
                b"co64" => {
                    self.offsets::<8>(content)?;
                    tables += 1;
                }
                kind if CONTAINERS.contains(kind) => tables += self.boxes_in(content, false)?,
                _ => {}
            }
        }
        Ok(tables)
    }

    /// Moves a table of offsets of `N` bytes each: version and flags, their number, and they.
    fn offsets<const N: usize>(&self, table: &mut [u8]) -> Result<(), AsItIs> {
        let count = u32::from_be_bytes(array(table, 4)?);
        let entries = table.get_mut(8..).ok_or(AsItIs)?;
        if u64::from(count) * N as u64 != entries.len() as u64 {
            return Err(AsItIs);
        }
        for entry in entries.chunks_exact_mut(N) {
            let mut wide = [0; 8];
            wide[8 - N..].copy_from_slice(entry);
            let moved = self.moved(u64::from_be_bytes(wide)).ok_or(AsItIs)?.to_be_bytes();
            // An offset that needs more bytes than it has would make `moov` longer.
            if moved[..8 - N].iter().any(|&byte| byte != 0) {
                return Err(AsItIs);
            }
            entry.copy_from_slice(&moved[8 - N..]);
        }
        Ok(())
    }
}

/// Passes if all samples are in this file: offsets into another one do not move.
fn check_references(dinf: &[u8]) -> Result<(), AsItIs> {
    let mut rest = dinf;
    while !rest.is_empty() {
        let found = head(rest, rest.len() as u64)?;
        let (this, next) = rest.split_at_checked(usize::try_from(found.length).map_err(|_| AsItIs)?).ok_or(AsItIs)?;
        rest = next;
        if found.kind != *b"dref" {
            continue;
        }
        let mut entries = this.get(16..).filter(|_| found.head == 8).ok_or(AsItIs)?;
        while !entries.is_empty() {
            let entry = head(entries, entries.len() as u64)?;
            // The lowest flag: the samples are in the same file.
            if entry.head != 8 || array::<4>(entries, 8)?[3] & 1 == 0 {
                return Err(AsItIs);
            }
            entries = entries.get(usize::try_from(entry.length).map_err(|_| AsItIs)?..).ok_or(AsItIs)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
