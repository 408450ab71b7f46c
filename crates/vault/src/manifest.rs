//! Manifests: what a backup is made of, in two levels. A *leaf* lists chunks and the entries that begin in them; the
//! *root* lists leaves. Both are chunks themselves, named by their hash: an unchanged tree has the same root, and a small
//! change the same leaves but one.

mod build;
mod leaf;
mod root;

pub use build::Builder;
pub use leaf::{Entry, EntryKind, Leaf, Piece};
pub use root::{LeafRef, Root};

use crate::tar::MetaError;
use crate::wire::WireError;

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Its bytes are not a manifest's.
    #[error("not a manifest")]
    Wire(#[from] WireError),
    /// An entry in it must not be.
    #[error("an entry of a manifest is bad")]
    Entry(#[from] MetaError),
    /// It says something else than the leaves or chunks it names.
    #[error("a manifest does not fit what it names")]
    Inconsistent,
    /// The backup has more leaves than a root can name: some 30 TB of large files.
    #[error("the backup is too large for one root")]
    TooLarge,
}
