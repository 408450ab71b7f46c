//! Holes, as GNU tar's sparse format 1.0 writes them: a map in text before the data.

use super::{BLOCK, MetaError};

/// Smaller holes are written as the zeros they read as.
pub const SMALLEST_HOLE: u64 = 1 << 20;
/// More extents than this are refused: their map alone would be tens of megabytes.
const MAX_EXTENTS: usize = 1 << 20;

/// Where a file's data lies, in whole blocks but for the file's end; what lies between is holes. Whole blocks because GNU
/// tar begins each extent at one, and others do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extents(Vec<(u64, u64)>);

impl Extents {
    /// From (offset, length) pairs in order that do not overlap, as SEEK_DATA and SEEK_HOLE tell them. Extents with less
    /// than [`SMALLEST_HOLE`] between them become one, so ask [`Extents::as_slice`] what to read. `None` if no hole remains.
    ///
    /// # Errors
    /// [`MetaError::BadNumber`]: out of order, overlapping, beyond `size`, or too many.
    pub fn new(data: &[(u64, u64)], size: u64) -> Result<Option<Self>, MetaError> {
        let mut extents: Vec<(u64, u64)> = Vec::new();
        let mut end = 0;
        for (offset, length) in data.iter().copied() {
            if offset < end || length > size || offset > size - length {
                return Err(MetaError::BadNumber);
            }
            end = offset + length;
            let (start, stop) = (offset - offset % BLOCK, end.next_multiple_of(BLOCK).min(size));
            match extents.last_mut() {
                _ if length == 0 => {}
                Some(last) if start.saturating_sub(last.0 + last.1) < SMALLEST_HOLE => last.1 = stop - last.0,
                None if start < SMALLEST_HOLE => extents.push((0, stop)),
                _ => extents.push((start, stop - start)),
            }
        }
        let (start, end) = (extents.first().map_or(size, |first| first.0), extents.last().map_or(0, |(o, l)| o + l));
        let tail = size - end;
        if tail < SMALLEST_HOLE && tail > 0 {
            match extents.last_mut() {
                Some(last) => last.1 += tail,
                None => return Ok(None),
            }
        }
        if extents.len() > MAX_EXTENTS {
            return Err(MetaError::BadNumber);
        }
        let whole = extents.len() == 1 && start == 0 && extents[0].1 == size;
        Ok(if whole || size == 0 { None } else { Some(Self(extents)) })
    }

    /// The extents, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[(u64, u64)] {
        &self.0
    }

    /// How many bytes of data there are.
    #[must_use]
    pub fn data(&self) -> u64 {
        self.0.iter().map(|(_, length)| length).sum()
    }

    pub(crate) fn end(&self) -> u64 {
        self.0.last().map_or(0, |(offset, length)| offset + length)
    }

    /// The map that comes before the data: decimal lines, zeros up to the next block.
    #[must_use]
    pub fn map(&self, size: u64) -> Vec<u8> {
        let tail = (self.end() < size).then_some((size, 0));
        let mut map = format!("{}\n", self.0.len() + usize::from(tail.is_some())).into_bytes();
        for (offset, length) in self.0.iter().copied().chain(tail) {
            map.extend(format!("{offset}\n{length}\n").bytes());
        }
        map.resize(map.len().next_multiple_of(BLOCK as usize), 0);
        map
    }

    /// Reads a map off the beginning of a payload: `None` if more bytes are needed, else the extents, and how long the
    /// map is.
    ///
    /// # Errors
    /// [`MetaError::BadNumber`].
    pub fn read_map(payload: &[u8], size: u64) -> Result<Option<(Self, usize)>, MetaError> {
        let mut position = 0;
        let Some(count) = line(payload, &mut position)? else { return Ok(None) };
        if count > MAX_EXTENTS as u64 + 1 {
            return Err(MetaError::BadNumber);
        }
        let (mut extents, mut end) = (Vec::new(), 0_u64);
        for number in 0..count {
            let (Some(offset), Some(length)) = (line(payload, &mut position)?, line(payload, &mut position)?) else {
                return Ok(None);
            };
            if offset < end || length > size || offset > size - length {
                return Err(MetaError::BadNumber);
            }
            end = offset + length;
            if !offset.is_multiple_of(BLOCK) && length > 0 || !length.is_multiple_of(BLOCK) && end != size {
                return Err(MetaError::BadNumber);
            }
            match length {
                0 if offset == size && number + 1 == count => {}
                0 => return Err(MetaError::BadNumber),
                _ => extents.push((offset, length)),
            }
        }
        if end != size {
            return Err(MetaError::BadNumber);
        }
        let length = position.next_multiple_of(BLOCK as usize);
        match payload.get(position..length) {
            None => Ok(None),
            Some(zeros) if zeros.iter().all(|byte| *byte == 0) => Ok(Some((Self(extents), length))),
            Some(_) => Err(MetaError::BadNumber),
        }
    }
}

/// The decimal number up to the next line's end.
fn line(payload: &[u8], position: &mut usize) -> Result<Option<u64>, MetaError> {
    let rest = &payload[*position..];
    let Some(length) = rest.iter().take(21).position(|byte| *byte == b'\n') else {
        return if rest.len() < 21 { Ok(None) } else { Err(MetaError::BadNumber) };
    };
    *position += length + 1;
    let digits = &rest[..length];
    let canonical = digits == b"0" || digits.first().is_some_and(|first| (b'1'..=b'9').contains(first));
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number.filter(|_| canonical).map(Some).ok_or(MetaError::BadNumber)
}
