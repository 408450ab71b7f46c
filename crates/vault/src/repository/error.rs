//! Why a repository could not do as asked.

use kernel::blobs::BlobError;
use kernel::error::Kind;

use crate::chunk::ChunkId;
use crate::fragment::FragmentError;
use crate::manifest::ManifestError;
use crate::tar::{MetaError, ReadError};
use crate::wire::WireError;

/// Why a repository could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The store of blobs failed.
    #[error("the store of a repository failed")]
    Blob(#[from] BlobError),
    /// A chunk is named that is not there; the node must send it.
    #[error("chunk {0} is missing")]
    Missing(ChunkId),
    /// What is stored of a chunk is damaged; its backups can be read but for it, and the node can send it again.
    #[error("chunk {id} is damaged")]
    Damaged {
        /// The chunk.
        id: ChunkId,
        /// What is wrong with it.
        #[source]
        source: FragmentError,
    },
    /// A manifest is not one, or says something else than what it names.
    #[error("a manifest is refused")]
    Manifest(#[from] ManifestError),
    /// A record or an index is damaged.
    #[error("a record is damaged")]
    Wire(#[from] WireError),
    /// An entry's headers are not what the manifest says of them.
    #[error("an entry is not what the manifest says")]
    Entry(#[from] ReadError),
    /// There is no such backup, or it was dropped.
    #[error("there is no backup {0}")]
    NoBackup(u64),
    /// The backup has no such entry, or it is no file.
    #[error("the backup has no such file")]
    NoEntry,
    /// The range begins beyond the archive's end.
    #[error("the range is outside the archive of {0} bytes")]
    BadRange(u64),
    /// Somebody else wrote this number: this process no longer leads.
    #[error("somebody else writes here")]
    Fenced,
    /// Sessions are open; nothing is deleted now.
    #[error("sessions are open")]
    Busy,
    /// Something was put or committed since the plan was made.
    #[error("the plan is stale")]
    Stale,
    /// The record would be too long.
    #[error("a target's name is too long")]
    BadTarget,
}

impl RepositoryError {
    /// The kind callers tell apart.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Blob(error) => error.kind(),
            Self::Missing(_) | Self::Fenced | Self::Stale => Kind::Conflict,
            Self::Damaged { .. } | Self::Wire(_) | Self::Entry(_) => Kind::Internal,
            Self::Manifest(_) | Self::BadRange(_) | Self::BadTarget => Kind::Invalid,
            Self::NoBackup(_) | Self::NoEntry => Kind::NotFound,
            Self::Busy => Kind::Unavailable,
        }
    }
}

impl From<MetaError> for RepositoryError {
    fn from(error: MetaError) -> Self {
        Self::Entry(error.into())
    }
}
