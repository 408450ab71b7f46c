//! How much two backups have in common.

use std::collections::HashSet;

use super::{Repository, RepositoryError};

impl Repository {
    /// How many bytes of a backup's tar stream lie in chunks that another has too.
    ///
    /// # Errors
    /// [`RepositoryError::NoBackup`], and what reading manifests meets.
    pub async fn in_common(&self, number: u64, other: u64) -> Result<u64, RepositoryError> {
        let mut known = HashSet::new();
        self.mark(&self.backup(other)?, &mut known).await?;
        let root = self.root(&self.backup(number)?.root).await?;
        let mut common = 0;
        for leaf in &root.leaves {
            if known.contains(&leaf.chunk.id) {
                common += leaf.span;
                continue;
            }
            let pieces = self.leaf(&leaf.chunk).await?.pieces;
            let here = pieces.iter().filter(|piece| known.contains(&piece.chunk.id));
            common += here.map(|piece| u64::from(piece.chunk.length)).sum::<u64>();
        }
        Ok(common)
    }
}
