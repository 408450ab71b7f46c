//! The head of an answer (RFC 9112, sections 4 to 6).

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, LAST_MODIFIED, SERVER,
    TRANSFER_ENCODING, VARY,
};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use hyper::ext::ReasonPhrase;

use super::chunked::Chunked;
use super::framing::Framing;
use crate::proxy::headers::is_hop_by_hop;

/// A head is at most this long, so that two bytes tell where a field is.
const HEAD_MOST: usize = u16::MAX as usize;
/// A head has at most this many fields.
const FIELDS_MOST: usize = 100;

/// Why an answer cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// The status line or a field.
    #[error("the answer's head is not HTTP/1.1")]
    Head,
    /// It does not end.
    #[error("the answer's head is too long")]
    Long,
    /// Lengths that contradict each other or say nothing: where the body ends is a guess, and guesses get smuggled.
    #[error("the length of the answer's body is not clear")]
    Length,
    /// The chunked coding.
    #[error("the answer's chunks are not well formed")]
    Chunk,
    /// Another protocol than was asked for.
    #[error("the answer switches protocols, which nobody asked for")]
    Switch,
}

/// The head of an answer, without what was meant for this hop.
#[derive(Debug)]
pub(super) struct AnswerHead {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// An unusual reason phrase.
    pub(super) extensions: Extensions,
    pub(super) framing: Framing,
    /// The connection may carry another request after this answer.
    pub(super) keeps: bool,
}

/// Where something is in the head.
#[derive(Clone, Copy, Default)]
struct Span {
    from: u16,
    to: u16,
}

impl Span {
    /// The place of `part` in `whole`.
    fn of(part: &[u8], whole: &[u8]) -> Result<Self, Malformed> {
        let from = part.as_ptr().addr() - whole.as_ptr().addr();
        let short = |place| u16::try_from(place).map_err(|_| Malformed::Long);
        Ok(Self { from: short(from)?, to: short(from + part.len())? })
    }

    fn range(self) -> std::ops::Range<usize> {
        usize::from(self.from)..usize::from(self.to)
    }
}

/// A name and a value.
type Field = (Span, Span);

/// What the first line says, and how long the head is.
struct Outline {
    length: usize,
    fields: usize,
    status: StatusCode,
    reason: Span,
    http_11: bool,
}

/// Takes the head of the answer to a `method` request out of `inbox`; `None` while it is not whole.
pub(super) fn take_head(inbox: &mut BytesMut, method: &Method) -> Result<Option<AnswerHead>, Malformed> {
    let mut spans = [Field::default(); FIELDS_MOST];
    let Some(outline) = outline(inbox, &mut spans)? else {
        return if inbox.len() < HEAD_MOST { Ok(None) } else { Err(Malformed::Long) };
    };
    let raw = inbox.split_to(outline.length).freeze();
    let mut fields = Fields::with_capacity(outline.fields);
    for field in &spans[..outline.fields] {
        fields.add(&raw, *field)?;
    }
    fields.finish(&outline, &raw, method).map(Some)
}

fn outline(inbox: &[u8], spans: &mut [Field; FIELDS_MOST]) -> Result<Option<Outline>, Malformed> {
    let mut room = [const { MaybeUninit::uninit() }; FIELDS_MOST];
    let mut answer = httparse::Response::new(&mut []);
    let parser = httparse::ParserConfig::default();
    let length = match parser.parse_response_with_uninit_headers(&mut answer, inbox, &mut room) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Malformed::Long),
        Err(_) => return Err(Malformed::Head),
    };
    for (span, field) in spans.iter_mut().zip(&*answer.headers) {
        *span = (Span::of(field.name.as_bytes(), inbox)?, Span::of(field.value, inbox)?);
    }
    let status = answer.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Malformed::Head)?;
    let reason = answer.reason.filter(|reason| !reason.is_empty() && Some(*reason) != status.canonical_reason());
    Ok(Some(Outline {
        length,
        fields: answer.headers.len(),
        status,
        reason: reason.map_or(Ok(Span::default()), |reason| Span::of(reason.as_bytes(), inbox))?,
        http_11: answer.version == Some(1),
    }))
}

/// The fields read so far, and what they say of the connection and the body's length.
struct Fields {
    headers: HeaderMap,
    length: Option<u64>,
    coded: bool,
    closes: bool,
    keeps: bool,
    named: Vec<HeaderName>,
}

impl Fields {
    fn with_capacity(fields: usize) -> Self {
        // One more than there are: the request's id follows.
        let headers = HeaderMap::with_capacity(fields + 1);
        Self { headers, length: None, coded: false, closes: false, keeps: false, named: Vec::new() }
    }

    fn add(&mut self, raw: &Bytes, (name, value): Field) -> Result<(), Malformed> {
        let name = &raw[name.range()];
        let name = usual(name).map_or_else(|| HeaderName::from_bytes(name), Ok).map_err(|_| Malformed::Head)?;
        let value = raw.slice(value.range());
        if name == CONTENT_LENGTH {
            let length = number(&value).ok_or(Malformed::Length)?;
            if self.length.is_some_and(|other| other != length) {
                return Err(Malformed::Length);
            }
            if self.length.replace(length).is_some() {
                return Ok(());
            }
        } else if is_hop_by_hop(name.as_str()) {
            return self.note(&name, &value);
        }
        self.headers.append(name, HeaderValue::from_maybe_shared(value).map_err(|_| Malformed::Head)?);
        Ok(())
    }

    /// A field for this hop only.
    fn note(&mut self, name: &HeaderName, value: &[u8]) -> Result<(), Malformed> {
        if name == TRANSFER_ENCODING {
            if self.coded || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Malformed::Length);
            }
            self.coded = true;
        } else if name == CONNECTION {
            for word in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
                if word.eq_ignore_ascii_case(b"close") {
                    self.closes = true;
                } else if word.eq_ignore_ascii_case(b"keep-alive") {
                    self.keeps = true;
                } else if let Ok(name) = HeaderName::from_bytes(word) {
                    self.named.push(name);
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, outline: &Outline, raw: &Bytes, method: &Method) -> Result<AnswerHead, Malformed> {
        let status = outline.status;
        for name in self.named {
            if name != CONTENT_LENGTH {
                self.headers.remove(name);
            }
        }
        if self.coded && (self.length.is_some() || !outline.http_11) {
            return Err(Malformed::Length);
        }
        let connected = method == Method::CONNECT && status.is_success();
        let bare = *method == Method::HEAD
            || connected
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let framing = match (self.coded, self.length) {
            _ if bare => Framing::EMPTY,
            (true, _) => Framing::Chunked(Chunked::new()),
            (false, Some(length)) => Framing::Length(length),
            (false, None) => Framing::UntilClose,
        };
        let mut extensions = Extensions::new();
        let reason = outline.reason.range();
        if !reason.is_empty()
            && let Ok(phrase) = ReasonPhrase::try_from(raw.slice(reason))
        {
            extensions.insert(phrase);
        }
        let keeps = !self.closes && !connected && (outline.http_11 || self.keeps);
        let keeps = keeps && !matches!(framing, Framing::UntilClose);
        Ok(AnswerHead { status, headers: self.headers, extensions, framing, keeps })
    }
}

/// The names that most answers have, as they are usually written: looking them up by the general way takes five times as
/// long.
const fn usual(name: &[u8]) -> Option<HeaderName> {
    Some(match name {
        b"date" | b"Date" => DATE,
        b"etag" | b"ETag" => ETAG,
        b"vary" | b"Vary" => VARY,
        b"server" | b"Server" => SERVER,
        b"connection" | b"Connection" => CONNECTION,
        b"content-type" | b"Content-Type" => CONTENT_TYPE,
        b"content-length" | b"Content-Length" => CONTENT_LENGTH,
        b"cache-control" | b"Cache-Control" => CACHE_CONTROL,
        b"accept-ranges" | b"Accept-Ranges" => ACCEPT_RANGES,
        b"last-modified" | b"Last-Modified" => LAST_MODIFIED,
        b"transfer-encoding" | b"Transfer-Encoding" => TRANSFER_ENCODING,
        _ => return None,
    })
}

/// A length: digits only, so that no two readers read it differently.
fn number(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 19 {
        return None;
    }
    value.iter().try_fold(0_u64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

#[cfg(test)]
mod tests;
