//! Reading what this crate wrote, and nothing else: an entry is accepted only if writing it again gives the same bytes.

use bytes::Bytes;

use super::{BLOCK, END, Extents, Kind, MAX_HEADER, Meta, MetaError, Mtime, check_order, padding, pax};

const HEAD: usize = BLOCK as usize;
/// The longest map of holes: a line of 20 digits twice for each extent.
const MAX_MAP: usize = 48 << 20;

/// Why a tar stream is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// An entry that must not be extracted.
    #[error("an entry must not be extracted")]
    Meta(#[from] MetaError),
    /// Bytes that this crate does not write.
    #[error("not what this format's writer writes")]
    NotCanonical,
    /// The stream ends inside an entry, or without its end mark.
    #[error("the stream ends too early")]
    Truncated,
    /// Bytes after the end mark.
    #[error("bytes after the stream's end")]
    Trailing,
}

/// An entry's headers, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The entry; a file with holes has no extents yet.
    pub meta: Meta,
    /// How long the headers are, in bytes.
    pub length: usize,
    /// How many bytes of payload follow, before padding.
    pub stored: u64,
    /// The payload begins with a map of holes.
    pub sparse: bool,
}

/// Reads the headers at the beginning of `input`. `None` if more bytes are needed. The end mark is no header.
///
/// # Errors
/// [`ReadError`].
pub fn read_header(input: &[u8]) -> Result<Option<Header>, ReadError> {
    let mut draft = Draft::default();
    let mut position = 0;
    loop {
        let Some(block) = input.get(position..position + HEAD) else { return Ok(None) };
        position += HEAD;
        let flag = block[156];
        if !matches!(flag, b'x' | b'K' | b'L') {
            let header = draft.finish(block, position)?;
            if !header.sparse && super::header(&header.meta)? != input[..position] {
                return Err(ReadError::NotCanonical);
            }
            return Ok(Some(header));
        }
        let size = usize::try_from(octal(&block[124..136])?).unwrap_or(usize::MAX);
        if size > MAX_HEADER {
            return Err(MetaError::TooLarge(size).into());
        }
        let padded = size.next_multiple_of(HEAD);
        if position + padded > MAX_HEADER {
            return Err(MetaError::TooLarge(position + padded).into());
        }
        let Some(content) = input.get(position..position + size).filter(|_| position + padded <= input.len()) else {
            return Ok(None);
        };
        position += padded;
        match flag {
            b'x' => draft.records(content)?,
            b'K' => draft.target = Some(content.strip_suffix(b"\0").ok_or(ReadError::NotCanonical)?.to_vec()),
            _ => draft.name = Some(content.strip_suffix(b"\0").ok_or(ReadError::NotCanonical)?.to_vec()),
        }
    }
}

/// What extra headers said about the next one.
#[derive(Default)]
struct Draft {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    user: Option<Vec<u8>>,
    group: Option<Vec<u8>>,
    mtime: Option<Mtime>,
    sparse_name: Option<Vec<u8>>,
    sparse_size: Option<u64>,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Draft {
    fn records(&mut self, mut rest: &[u8]) -> Result<(), ReadError> {
        let number = |value: &[u8]| {
            std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).ok_or(ReadError::NotCanonical)
        };
        while !rest.is_empty() {
            let (key, value, after) = pax::read(rest).ok_or(ReadError::NotCanonical)?;
            rest = after;
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.target = Some(value.to_vec()),
                b"size" => self.size = Some(number(value)?),
                b"uid" => self.uid = Some(number(value)?),
                b"gid" => self.gid = Some(number(value)?),
                b"uname" => self.user = Some(value.to_vec()),
                b"gname" => self.group = Some(value.to_vec()),
                b"mtime" => {
                    let (seconds, nanos) = pax::read_time(value).ok_or(ReadError::NotCanonical)?;
                    self.mtime = Some(Mtime { seconds, nanos });
                }
                b"GNU.sparse.major" | b"GNU.sparse.minor" => {}
                b"GNU.sparse.name" => self.sparse_name = Some(value.to_vec()),
                b"GNU.sparse.realsize" => self.sparse_size = Some(number(value)?),
                _ => {
                    let name = key.strip_prefix(b"SCHILY.xattr.").and_then(pax::unescape);
                    self.xattrs.push((name.ok_or(ReadError::NotCanonical)?, value.to_vec()));
                }
            }
        }
        Ok(())
    }

    fn finish(self, block: &[u8], length: usize) -> Result<Header, ReadError> {
        let (prefix, name) = (text(&block[345..500]), text(&block[..100]));
        let short = if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() };
        let target = self.target.unwrap_or_else(|| text(&block[157..257]).to_vec());
        let device = || -> Result<(u32, u32), ReadError> {
            let number = |field| octal(field)?.try_into().map_err(|_| ReadError::NotCanonical);
            Ok((number(&block[329..337])?, number(&block[337..345])?))
        };
        let stored = self.size.map_or_else(|| octal(&block[124..136]), Ok)?;
        let sparse = self.sparse_size.is_some();
        let kind = match block[156] {
            b'0' => Kind::File { size: self.sparse_size.unwrap_or(stored), extents: None },
            b'1' => Kind::HardLink(target),
            b'2' => Kind::Symlink(target),
            b'3' => device().map(|(major, minor)| Kind::CharDevice { major, minor })?,
            b'4' => device().map(|(major, minor)| Kind::BlockDevice { major, minor })?,
            b'5' => Kind::Directory,
            b'6' => Kind::Fifo,
            _ => return Err(ReadError::NotCanonical),
        };
        let seconds = || octal(&block[136..148])?.try_into().map_err(|_| ReadError::NotCanonical);
        let meta = Meta {
            name: self.sparse_name.or(self.name).unwrap_or(short),
            mode: octal(&block[100..108])?.try_into().map_err(|_| ReadError::NotCanonical)?,
            uid: self.uid.map_or_else(|| octal(&block[108..116]), Ok)?,
            gid: self.gid.map_or_else(|| octal(&block[116..124]), Ok)?,
            user: self.user.unwrap_or_else(|| text(&block[265..297]).to_vec()),
            group: self.group.unwrap_or_else(|| text(&block[297..329]).to_vec()),
            mtime: self.mtime.map_or_else(|| seconds().map(|seconds| Mtime { seconds, nanos: 0 }), Ok)?,
            xattrs: self.xattrs,
            kind,
        };
        meta.check()?;
        let is_file = matches!(meta.kind, Kind::File { .. });
        if !is_file && (sparse || stored > 0) {
            return Err(ReadError::NotCanonical);
        }
        Ok(Header { meta, length, stored, sparse })
    }
}

/// A field up to its first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn octal(field: &[u8]) -> Result<u64, ReadError> {
    let digits = std::str::from_utf8(text(field)).map_err(|_| ReadError::NotCanonical)?;
    u64::from_str_radix(digits, 8).map_err(|_| ReadError::NotCanonical)
}

/// What comes next in a tar stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An entry begins, with its extents if it has holes.
    Entry(Meta),
    /// Data of the entry: of a file with holes, of its extents in order, possibly across their borders.
    Data(Bytes),
    /// The stream is whole.
    End,
}

/// Reads a stream as it comes, holding one entry's headers at most.
#[derive(Debug, Default)]
pub struct Reader {
    buffer: Vec<u8>,
    state: State,
    previous: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Header,
    Map(Box<Header>, Vec<u8>),
    Data {
        left: u64,
        padding: u16,
    },
    Padding(u16),
    Ended,
}

impl Reader {
    /// At a stream's beginning.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What comes next; `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`ReadError`]; the reader is then of no use.
    pub fn next_event(&mut self) -> Result<Option<Event>, ReadError> {
        loop {
            match std::mem::take(&mut self.state) {
                State::Header => return self.header(),
                State::Map(header, head) => match Extents::read_map(&self.buffer, real_size(&header))? {
                    None if self.buffer.len() > MAX_MAP => return Err(MetaError::TooLarge(MAX_MAP).into()),
                    None => {
                        self.state = State::Map(header, head);
                        return Ok(None);
                    }
                    Some((extents, length)) => {
                        let (data, size) = (extents.data(), real_size(&header));
                        if extents.map(size) != self.buffer[..length] || length as u64 + data != header.stored {
                            return Err(ReadError::NotCanonical);
                        }
                        self.buffer.drain(..length);
                        let kind = Kind::File { size, extents: Some(extents) };
                        let meta = Meta { kind, ..header.meta };
                        if super::header(&meta)? != head {
                            return Err(ReadError::NotCanonical);
                        }
                        self.state = State::Data { left: data, padding: padding(header.stored) };
                        return Ok(Some(Event::Entry(meta)));
                    }
                },
                State::Data { left: 0, padding } => self.state = State::Padding(padding),
                State::Data { left, padding } => {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
                    self.state = State::Data { left: left - length as u64, padding };
                    if length == 0 {
                        return Ok(None);
                    }
                    let rest = self.buffer.split_off(length);
                    return Ok(Some(Event::Data(Bytes::from(std::mem::replace(&mut self.buffer, rest)))));
                }
                State::Padding(padding) => {
                    let length = usize::from(padding);
                    match self.buffer.get(..length) {
                        None => {
                            self.state = State::Padding(padding);
                            return Ok(None);
                        }
                        Some(zeros) if zeros.iter().all(|byte| *byte == 0) => drop(self.buffer.drain(..length)),
                        Some(_) => return Err(ReadError::NotCanonical),
                    }
                }
                State::Ended => {
                    self.state = State::Ended;
                    return if self.buffer.is_empty() { Ok(None) } else { Err(ReadError::Trailing) };
                }
            }
        }
    }

    /// Says that no more bytes come.
    ///
    /// # Errors
    /// [`ReadError::Truncated`], [`ReadError::Trailing`].
    pub fn finish(&self) -> Result<(), ReadError> {
        match self.state {
            State::Ended if self.buffer.is_empty() => Ok(()),
            State::Ended => Err(ReadError::Trailing),
            _ => Err(ReadError::Truncated),
        }
    }

    fn header(&mut self) -> Result<Option<Event>, ReadError> {
        match self.buffer.first() {
            None => return Ok(None),
            Some(0) if self.buffer.len() < END.len() => return Ok(None),
            Some(0) if self.buffer.starts_with(&END) => {
                self.buffer.drain(..END.len());
                self.state = State::Ended;
                return Ok(Some(Event::End));
            }
            Some(_) => {}
        }
        let Some(header) = read_header(&self.buffer)? else { return Ok(None) };
        check_order(self.previous.as_deref(), &header.meta.name)?;
        self.previous = Some(header.meta.name.clone());
        let rest = self.buffer.split_off(header.length);
        let head = std::mem::replace(&mut self.buffer, rest);
        if header.sparse {
            self.state = State::Map(Box::new(header), head);
            return self.next_event();
        }
        self.state = State::Data { left: header.stored, padding: padding(header.stored) };
        Ok(Some(Event::Entry(header.meta)))
    }
}

fn real_size(header: &Header) -> u64 {
    match header.meta.kind {
        Kind::File { size, .. } => size,
        _ => 0,
    }
}
