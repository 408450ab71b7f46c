//! How the end of an answer's body is known (RFC 9112, section 6.3).

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::chunked::{Chunked, take};
use super::head::Malformed;

/// What came out of the bytes that are here.
#[derive(Debug)]
pub(super) enum Step {
    Data(Bytes),
    /// The trailers: the body has ended.
    Trailers(HeaderMap),
    /// Nothing: more bytes are needed.
    More,
    End,
}

/// What is left of a body.
#[derive(Debug)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    Chunked(Chunked),
    /// All there is until the connection ends.
    UntilClose,
}

impl Framing {
    pub(super) const EMPTY: Self = Self::Length(0);

    /// The next piece of the body.
    pub(super) fn step(&mut self, inbox: &mut BytesMut) -> Result<Step, Malformed> {
        match self {
            Self::Length(0) => Ok(Step::End),
            Self::Chunked(chunked) => chunked.step(inbox),
            _ if inbox.is_empty() => Ok(Step::More),
            Self::Length(left) => Ok(Step::Data(take(inbox, left))),
            Self::UntilClose => Ok(Step::Data(inbox.split().freeze())),
        }
    }

    /// The end has been seen.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunked) => chunked.is_done(),
            Self::UntilClose => false,
        }
    }

    /// The number of bytes left, if it is known.
    pub(super) const fn length(&self) -> Option<u64> {
        match self {
            Self::Length(left) => Some(*left),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// The whole body, if it is at most `most` bytes that are all in `inbox`.
    pub(super) fn take_whole(&mut self, inbox: &mut BytesMut, most: u64) -> Option<Bytes> {
        match self {
            Self::Length(0) => Some(Bytes::new()),
            Self::Length(left) if *left <= most && *left <= inbox.len() as u64 => Some(take(inbox, left)),
            _ => None,
        }
    }
}
