//! `Upload-Checksum` of tus: a digest of one request's body, in a header before it or in a trailer behind it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// `Upload-Checksum`.
pub const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
/// The algorithms, as OPTIONS lists them.
pub const ALGORITHMS: &str = "sha1,sha256,blake3";

/// A digest's algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// The one every server of tus has to know.
    Sha1,
    /// What files are known by.
    Sha256,
    /// The fast one, 32 bytes.
    Blake3,
}

/// What a client says the digest of its body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// By which algorithm.
    pub algorithm: Algorithm,
    /// The digest.
    pub digest: Vec<u8>,
}

/// Why a checksum is refused; nothing of the body is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadChecksum {
    /// 400: it is not an algorithm, a space and base64.
    #[error("Upload-Checksum: an algorithm and the digest in base64 are expected")]
    Unparsable,
    /// 400: not one of ours.
    #[error("Upload-Checksum: the algorithms are sha1, sha256 and blake3")]
    Algorithm,
    /// 400: no digest of that algorithm is so long.
    #[error("Upload-Checksum: the digest is not of the algorithm's length")]
    Length,
    /// 400: in the header and announced as a trailer.
    #[error("Upload-Checksum: it stands in the header or in the trailer, not in both")]
    Twice,
    /// 400: announced and not there.
    #[error("Upload-Checksum: the trailer that was announced did not come")]
    NoTrailer,
    /// 460: the body is another one.
    #[error("Upload-Checksum: the body that arrived is not the one that was sent")]
    Mismatch,
}

/// How a body is to be verified before any of it counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Check {
    /// Not at all.
    #[default]
    None,
    /// By the header's checksum.
    Header(Checksum),
    /// By a checksum that comes behind the body.
    Trailer,
}

impl Algorithm {
    const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 | Self::Blake3 => 32,
        }
    }
}

impl Checksum {
    /// Reads a value of `Upload-Checksum`.
    ///
    /// # Errors
    /// [`BadChecksum`], all of them 400.
    pub fn parse(text: &str) -> Result<Self, BadChecksum> {
        let (name, encoded) = text.trim().split_once(' ').ok_or(BadChecksum::Unparsable)?;
        let algorithm = match name {
            "sha1" => Algorithm::Sha1,
            "sha256" => Algorithm::Sha256,
            "blake3" => Algorithm::Blake3,
            _ => return Err(BadChecksum::Algorithm),
        };
        let digest = STANDARD.decode(encoded.trim()).map_err(|_| BadChecksum::Unparsable)?;
        if digest.len() == algorithm.length() { Ok(Self { algorithm, digest }) } else { Err(BadChecksum::Length) }
    }

    fn from_fields(fields: &HeaderMap) -> Result<Option<Self>, BadChecksum> {
        let mut values = fields.get_all(UPLOAD_CHECKSUM).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(BadChecksum::Unparsable);
        }
        Self::parse(value.to_str().map_err(|_| BadChecksum::Unparsable)?).map(Some)
    }
}

impl Check {
    /// What a request's headers ask for.
    ///
    /// # Errors
    /// [`BadChecksum`], all of them 400.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, BadChecksum> {
        let announced = headers
            .get_all(http::header::TRAILER)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|name| name.trim().eq_ignore_ascii_case(UPLOAD_CHECKSUM.as_str()));
        match (Checksum::from_fields(headers)?, announced) {
            (Some(_), true) => Err(BadChecksum::Twice),
            (Some(checksum), false) => Ok(Self::Header(checksum)),
            (None, true) => Ok(Self::Trailer),
            (None, false) => Ok(Self::None),
        }
    }

    /// The digests to run over the body, `None` if nothing is asked for.
    #[must_use]
    pub fn begin(&self) -> Option<Digests> {
        let runs = |algorithm| match self {
            Self::None => false,
            Self::Header(checksum) => checksum.algorithm == algorithm,
            // Which of them it is to be is known behind the body only.
            Self::Trailer => true,
        };
        (*self != Self::None).then(|| Digests {
            sha1: runs(Algorithm::Sha1).then(Sha1::new),
            sha256: runs(Algorithm::Sha256).then(Sha256::new),
            blake3: runs(Algorithm::Blake3).then(|| Box::new(blake3::Hasher::new())),
        })
    }

    /// Judges a body that arrived whole.
    ///
    /// # Errors
    /// [`BadChecksum`]: nothing of the body may be kept.
    pub fn judge(&self, digests: &Digests, trailers: Option<&HeaderMap>) -> Result<(), BadChecksum> {
        let behind;
        let checksum = match self {
            Self::None => return Ok(()),
            Self::Header(checksum) => checksum,
            Self::Trailer => {
                behind = trailers.map(Checksum::from_fields).transpose()?.flatten().ok_or(BadChecksum::NoTrailer)?;
                &behind
            }
        };
        if digests.of(checksum.algorithm) == checksum.digest { Ok(()) } else { Err(BadChecksum::Mismatch) }
    }
}

/// Digests of a body in the making.
#[derive(Clone, Debug)]
pub struct Digests {
    sha1: Option<Sha1>,
    sha256: Option<Sha256>,
    blake3: Option<Box<blake3::Hasher>>,
}

impl Digests {
    /// Takes in more of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(bytes);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        if let Some(blake3) = &mut self.blake3 {
            blake3.update(bytes);
        }
    }

    /// The digest so far; empty for an algorithm that does not run, which no checksum equals.
    fn of(&self, algorithm: Algorithm) -> Vec<u8> {
        match algorithm {
            Algorithm::Sha1 => self.sha1.clone().map(|sha1| sha1.finalize().to_vec()),
            Algorithm::Sha256 => self.sha256.clone().map(|sha256| sha256.finalize().to_vec()),
            Algorithm::Blake3 => self.blake3.as_ref().map(|blake3| blake3.finalize().as_bytes().to_vec()),
        }
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value"))).collect()
    }

    /// The digests of "hello world", from the algorithms' own tools.
    const HELLO: [(&str, &str); 3] = [
        ("sha1", "Kq5sNclPz7QV2+lfQIuc6R7oRu0="),
        ("sha256", "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="),
        ("blake3", "10mB76cKDIgLjYwZhdB128v2ebmaX5kU5ar5a4ManiQ="),
    ];

    #[test]
    fn every_algorithm_in_header_and_trailer() {
        for (name, digest) in HELLO {
            let value = format!("{name} {digest}");
            let fields = headers(&[("upload-checksum", &value)]);
            let announced = headers(&[("trailer", "Expires, Upload-Checksum")]);
            for (check, trailers) in [
                (Check::from_headers(&fields).expect("good"), None),
                (Check::from_headers(&announced).expect("good"), Some(&fields)),
            ] {
                let mut digests = check.begin().expect("something to verify");
                digests.update(b"hello ");
                digests.update(b"world");
                assert_eq!(check.judge(&digests, trailers), Ok(()), "{name}");
                digests.update(b"!");
                assert_eq!(check.judge(&digests, trailers), Err(BadChecksum::Mismatch), "{name}");
            }
        }
        assert_eq!(Check::from_headers(&HeaderMap::new()), Ok(Check::None));
        let check = Check::Trailer;
        let digests = check.begin().expect("something to verify");
        assert_eq!(check.judge(&digests, None), Err(BadChecksum::NoTrailer));
        assert_eq!(check.judge(&digests, Some(&HeaderMap::new())), Err(BadChecksum::NoTrailer));
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        for (text, why) in [
            ("", BadChecksum::Unparsable),
            ("sha1", BadChecksum::Unparsable),
            ("sha1 %%%", BadChecksum::Unparsable),
            ("sha1 YQ==", BadChecksum::Length),
            ("sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", BadChecksum::Length),
            ("md5 1B2M2Y8AsgTpgAmY7PhCfg==", BadChecksum::Algorithm),
            ("SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", BadChecksum::Algorithm),
        ] {
            assert_eq!(Checksum::parse(text), Err(why), "{text:?}");
        }
        let value = format!("sha1 {}", HELLO[0].1);
        let both = headers(&[("upload-checksum", &value), ("trailer", "upload-checksum")]);
        assert_eq!(Check::from_headers(&both), Err(BadChecksum::Twice));
    }

    proptest! {
        #[test]
        fn no_header_panics(text in ".{0,80}") {
            let _ = Checksum::parse(&text);
            let _ = Checksum::parse(&format!("sha1 {text}"));
        }
    }
}
