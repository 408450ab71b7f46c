//! The chunked coding of an answer's body (RFC 9112, section 7.1).

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::framing::Step;
use super::head::Malformed;

/// All extensions of a body together: they mean nothing to anybody.
const EXTENSIONS_MOST: usize = 16 * 1024;
/// The trailer section.
const TRAILERS_MOST: usize = 16 * 1024;
/// Fields of a trailer section.
const TRAILER_FIELDS: usize = 64;

/// Where in the coding the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A digit of a chunk's size; false before its first.
    Size(bool),
    /// After the size: extensions, which are skipped.
    Extension,
    /// The LF of a size line.
    SizeEnd,
    Data,
    /// The CR after a chunk's data.
    DataCr,
    /// The LF after a chunk's data.
    DataLf,
    Trailers,
    Done,
}

/// Decodes a chunked body, however its bytes are cut.
#[derive(Debug)]
pub(super) struct Chunked {
    place: Place,
    /// What is left of the present chunk.
    left: u64,
    extensions: usize,
}

impl Chunked {
    pub(super) const fn new() -> Self {
        Self { place: Place::Size(false), left: 0, extensions: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.place == Place::Done
    }

    /// Takes the next piece out of `inbox`.
    pub(super) fn step(&mut self, inbox: &mut BytesMut) -> Result<Step, Malformed> {
        loop {
            match self.place {
                Place::Done => return Ok(Step::End),
                Place::Trailers => return self.trailers(inbox),
                Place::Data if self.left == 0 => self.place = Place::DataCr,
                Place::Data => {
                    if inbox.is_empty() {
                        return Ok(Step::More);
                    }
                    return Ok(Step::Data(take(inbox, &mut self.left)));
                }
                _ => {
                    let Some(&byte) = inbox.first() else { return Ok(Step::More) };
                    inbox.advance(1);
                    self.place = self.line(byte)?;
                }
            }
        }
    }

    /// What follows `byte`, which is of a size line or ends a chunk.
    fn line(&mut self, byte: u8) -> Result<Place, Malformed> {
        match (self.place, byte) {
            (Place::Size(_), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                if self.left >> 60 != 0 {
                    return Err(Malformed::Chunk);
                }
                self.left = self.left << 4 | digit;
                Ok(Place::Size(true))
            }
            (Place::Size(true) | Place::Extension, b'\r') => Ok(Place::SizeEnd),
            (Place::Size(true), b';' | b' ' | b'\t') => Ok(Place::Extension),
            (Place::Extension, byte) if byte != b'\n' => {
                self.extensions += 1;
                if self.extensions > EXTENSIONS_MOST { Err(Malformed::Chunk) } else { Ok(Place::Extension) }
            }
            (Place::SizeEnd, b'\n') => Ok(if self.left == 0 { Place::Trailers } else { Place::Data }),
            (Place::DataCr, b'\r') => Ok(Place::DataLf),
            (Place::DataLf, b'\n') => Ok(Place::Size(false)),
            _ => Err(Malformed::Chunk),
        }
    }

    fn trailers(&mut self, inbox: &mut BytesMut) -> Result<Step, Malformed> {
        let mut fields = [httparse::EMPTY_HEADER; TRAILER_FIELDS];
        let (length, trailers) = match httparse::parse_headers(inbox, &mut fields) {
            Ok(httparse::Status::Complete((length, fields))) => (length, collect(fields)?),
            Ok(httparse::Status::Partial) if inbox.len() < TRAILERS_MOST => return Ok(Step::More),
            Ok(httparse::Status::Partial) | Err(_) => return Err(Malformed::Chunk),
        };
        inbox.advance(length);
        self.place = Place::Done;
        Ok(if trailers.is_empty() { Step::End } else { Step::Trailers(trailers) })
    }
}

fn collect(fields: &[httparse::Header<'_>]) -> Result<HeaderMap, Malformed> {
    let mut trailers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Malformed::Chunk)?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_| Malformed::Chunk)?;
        trailers.append(name, value);
    }
    Ok(trailers)
}

/// At most `left` bytes of `inbox`, without copying them.
pub(super) fn take(inbox: &mut BytesMut, left: &mut u64) -> Bytes {
    let count = usize::try_from(*left).map_or(inbox.len(), |left| left.min(inbox.len()));
    *left -= count as u64;
    inbox.split_to(count).freeze()
}
