//! An archive in parts, for whoever restores several at once: what the server tells of them, and reading one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault::fragment::{Decoder, FragmentError};
use vault::repository;

/// What a part inflates to at most: whoever restores holds a few at once.
const MOST: u64 = 16 << 20;

/// An archive's parts, in order: together they inflate to its tar stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parts {
    /// The archive's `ETag`: what its bytes are named by.
    pub etag: String,
    /// The archive's length in bytes.
    pub length: u64,
    /// All that lies between its header and its tail.
    pub items: Vec<Part>,
}

/// A part of an archive: raw deflate, of whole blocks, that refers to nothing before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// Where it begins in the archive.
    pub start: u64,
    /// How many bytes of the archive it has.
    pub length: u64,
    /// How many bytes it inflates to.
    pub content_size: u64,
    /// The CRC-32 of those.
    pub crc32: u32,
}

/// A part is not what the server said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a part of the archive is damaged: {0}")]
pub struct BadPart(#[from] FragmentError);

impl Part {
    pub(crate) const fn of(part: &repository::Part) -> Self {
        Self { start: part.start, length: part.length, content_size: part.raw, crc32: part.crc }
    }

    /// What its bytes inflate to.
    ///
    /// # Errors
    /// They are not what they should be.
    pub fn inflate(&self, bytes: &[u8]) -> Result<Vec<u8>, BadPart> {
        if self.content_size > MOST {
            return Err(FragmentError::BadLength(self.content_size).into());
        }
        Ok(Decoder::default().decode_run((self.content_size, self.crc32), bytes)?)
    }
}
