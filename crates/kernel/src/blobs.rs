//! The port for bytes that outlive a process.
//!
//! A blob is append-only while its writer lives and never changes afterwards. Contract, which [`contract::run`] checks:
//! `create` refuses a key that exists; what `sync` acknowledged survives the process; `read` gives exactly the range or
//! an error, never less; `delete` of a missing key succeeds; a full disk is [`BlobError::NoSpace`], and what was synced
//! before stays.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::error::Kind;

pub mod contract;

/// A blob's name: segments of `[A-Za-z0-9._-]` that do not begin with a dot, joined by `/`, at most 200 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobKey(String);

impl BlobKey {
    /// Checks and wraps a name.
    ///
    /// # Errors
    /// [`BlobError::BadKey`].
    pub fn new(text: impl Into<String>) -> Result<Self, BlobError> {
        let text = text.into();
        let segment_is_good = |segment: &str| {
            !segment.is_empty()
                && !segment.starts_with('.')
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if text.len() <= 200 && text.split('/').all(segment_is_good) {
            Ok(Self(text))
        } else {
            Err(BlobError::BadKey(text))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why bytes could not be kept or given.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The name is not a blob's name.
    #[error("not a blob key: {0:?}")]
    BadKey(String),
    /// There is a blob of this name already.
    #[error("blob {0} exists")]
    Exists(BlobKey),
    /// There is no blob of this name, or it is shorter than the range asked for.
    #[error("blob {0} is missing or too short")]
    Missing(BlobKey),
    /// The disk is full.
    #[error("no space left for blobs")]
    NoSpace,
    /// The store failed otherwise.
    #[error("blob store failed")]
    Io(#[source] std::io::Error),
}

impl BlobError {
    /// The kind callers tell apart.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::BadKey(_) => Kind::Invalid,
            Self::Exists(_) => Kind::Conflict,
            Self::Missing(_) => Kind::NotFound,
            Self::NoSpace => Kind::NoSpace,
            Self::Io(_) => Kind::Unavailable,
        }
    }
}

/// A store of blobs.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Begins a blob.
    async fn create(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, BlobError>;
    /// The bytes of `range`, in pieces of at most 1 MiB.
    async fn read(
        &self,
        key: &BlobKey,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError>;
    /// The blob's length, `None` if there is none.
    async fn size(&self, key: &BlobKey) -> Result<Option<u64>, BlobError>;
    /// Removes a blob; readers that have it open may go on.
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError>;
    /// The keys that begin with `prefix`, in no order.
    async fn list(&self, prefix: &str) -> Result<Vec<BlobKey>, BlobError>;
}

/// The one writer of a blob that is being made.
#[async_trait]
pub trait BlobWriter: Send {
    /// Appends pieces in order. After an error the writer is of no use, and what was synced stays.
    async fn append(&mut self, pieces: Vec<Bytes>) -> Result<(), BlobError>;
    /// Makes everything appended durable; returns how many bytes that is.
    async fn sync(&mut self) -> Result<u64, BlobError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_cannot_leave_the_store() {
        for bad in ["", "/", "a//b", "../x", "a/../b", ".hidden", "a b", "a\0b", "ñ"] {
            assert!(BlobKey::new(bad).is_err(), "{bad:?}");
        }
        assert!(BlobKey::new("01abc/1.part").is_ok());
    }
}
