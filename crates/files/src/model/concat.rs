//! `Upload-Concat` of tus: parts that are uploaded side by side, and the whole that is made of them.

use http::{HeaderMap, HeaderName};
use kernel::id::Id;

/// `Upload-Concat`.
pub const UPLOAD_CONCAT: HeaderName = HeaderName::from_static("upload-concat");
/// Most parts of a whole.
pub const MAX_PARTS: usize = 1000;
/// Where uploads are.
const PATH: &str = "/api/v1/uploads/";

/// What an upload is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A file, by its own bytes.
    #[default]
    Whole,
    /// A part, which is never a file by itself.
    Partial,
    /// A file, by the bytes of parts; it takes none of its own.
    Final,
}

impl Kind {
    /// The word that stands in SQL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Partial => "partial",
            Self::Final => "final",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Whole, Self::Partial, Self::Final].into_iter().find(|known| known.word() == word)
    }
}

/// What a new upload says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concat {
    /// Nothing: it stands alone.
    Alone,
    /// It is a part.
    Partial,
    /// It is made of these, in this order; one may occur twice.
    Final(Vec<Id>),
}

/// Why `Upload-Concat` is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadConcat {
    /// 400: neither `partial` nor `final;` and addresses.
    #[error("Upload-Concat: partial is expected, or final; and the addresses of uploads")]
    Unparsable,
    /// 400: one of the addresses is no upload's.
    #[error("Upload-Concat: an address is not one of an upload here")]
    Address,
    /// 400: a part is missing, no part, or somebody else's. Which of these is not told.
    #[error("Upload-Concat: not every address is a part of yours")]
    Part,
    /// 400: too many parts.
    #[error("Upload-Concat: at most {MAX_PARTS} parts are joined")]
    TooMany,
    /// 400: a whole's length is the sum of its parts'.
    #[error("Upload-Concat: what is made of parts has no Upload-Length of its own")]
    Length,
    /// 400: a whole takes no bytes of its own.
    #[error("Upload-Concat: what is made of parts has no body of its own")]
    Body,
}

impl Concat {
    /// Reads the header, and gives it back as the client wrote it, for HEAD.
    ///
    /// # Errors
    /// [`BadConcat`].
    pub fn from_headers(headers: &HeaderMap) -> Result<(Self, Option<String>), BadConcat> {
        let mut values = headers.get_all(UPLOAD_CONCAT).iter();
        let Some(value) = values.next() else { return Ok((Self::Alone, None)) };
        if values.next().is_some() {
            return Err(BadConcat::Unparsable);
        }
        let text = value.to_str().map_err(|_| BadConcat::Unparsable)?;
        Ok((Self::parse(text)?, Some(text.to_owned())))
    }

    fn parse(text: &str) -> Result<Self, BadConcat> {
        if text.trim() == "partial" {
            return Ok(Self::Partial);
        }
        let addresses = text.trim().strip_prefix("final;").ok_or(BadConcat::Unparsable)?;
        let parts: Vec<Id> = addresses
            .split_ascii_whitespace()
            .map(|address| id_of(address).ok_or(BadConcat::Address))
            .collect::<Result<_, _>>()?;
        match parts.len() {
            0 => Err(BadConcat::Unparsable),
            1..=MAX_PARTS => Ok(Self::Final(parts)),
            _ => Err(BadConcat::TooMany),
        }
    }
}

/// The upload of an address, be it absolute or a path. Under which name clients reach us is not ours to know.
fn id_of(address: &str) -> Option<Id> {
    let path = match address.split_once("://") {
        Some(("http" | "https", rest)) => &rest[rest.find('/')?..],
        Some(_) => return None,
        None => address,
    };
    path.strip_prefix(PATH)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "01arz3ndektsv4rrffq69g5fav";
    const B: &str = "01bx5zzkbkactav9wevgemmvrz";

    #[test]
    fn parts_and_wholes() {
        let (a, b): (Id, Id) = (A.parse().expect("an id"), B.parse().expect("an id"));
        assert_eq!(Concat::parse("partial"), Ok(Concat::Partial));
        for text in [
            format!("final;/api/v1/uploads/{A} /api/v1/uploads/{B}"),
            format!("final; https://campus.example:8443/api/v1/uploads/{A}  /api/v1/uploads/{B} "),
            format!("final;http://[::1]:8080/api/v1/uploads/{A} https://x/api/v1/uploads/{B}"),
        ] {
            assert_eq!(Concat::parse(&text), Ok(Concat::Final(vec![a, b])), "{text}");
        }
        let twice = format!("final;/api/v1/uploads/{A} /api/v1/uploads/{A}");
        assert_eq!(Concat::parse(&twice), Ok(Concat::Final(vec![a, a])));
        assert_eq!(Concat::from_headers(&HeaderMap::new()), Ok((Concat::Alone, None)));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, why) in [
            ("", BadConcat::Unparsable),
            ("Partial", BadConcat::Unparsable),
            ("partial;", BadConcat::Unparsable),
            ("final", BadConcat::Unparsable),
            ("final;", BadConcat::Unparsable),
            ("final; ", BadConcat::Unparsable),
            ("final;x", BadConcat::Address),
            ("final;/api/v1/uploads/", BadConcat::Address),
            ("final;/api/v1/uploads/../files/x", BadConcat::Address),
            ("final;ftp://x/api/v1/uploads/01arz3ndektsv4rrffq69g5fav", BadConcat::Address),
            ("final;https://x", BadConcat::Address),
        ] {
            assert_eq!(Concat::parse(text), Err(why), "{text:?}");
        }
        let flood = format!("final;{}", format!("/api/v1/uploads/{A} ").repeat(MAX_PARTS + 1));
        assert_eq!(Concat::parse(&flood), Err(BadConcat::TooMany));
    }

    proptest! {
        #[test]
        fn no_header_panics(text in ".{0,80}") {
            let _ = Concat::parse(&text);
            let _ = Concat::parse(&format!("final;{text}"));
            let _ = Concat::parse(&format!("final;https://{text}"));
        }
    }
}
