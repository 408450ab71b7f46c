//! Looking whether what is stored is still what was stored.

use std::collections::BTreeSet;

use kernel::blobs::BlobError;

use super::{Repository, RepositoryError, index};
use crate::chunk::ChunkId;
use crate::fragment::Decoder;

/// What a scrub of one pack found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scrubbed {
    /// How many bytes of fragments were read.
    pub read: u64,
    /// Chunks that cannot be had any more from where the index says.
    pub damaged: Vec<ChunkId>,
}

impl Repository {
    /// The packs there are, for a scrub that takes a few at a time.
    #[must_use]
    pub fn packs(&self) -> Vec<u64> {
        self.known().index.packs().map(|(number, _)| number).collect()
    }

    /// Reads every fragment of a pack and checks it against its chunk's hash.
    ///
    /// # Errors
    /// [`RepositoryError::Blob`] if the store is away; that a pack is gone or cut is damage.
    pub async fn scrub(&self, pack: u64) -> Result<Scrubbed, RepositoryError> {
        let content = self.known().index.of_pack(pack);
        let key = self.key("packs", pack)?;
        let (mut scrubbed, mut decoder) = (Scrubbed::default(), Decoder::default());
        for located in content {
            let begin = u64::from(located.place.offset);
            let good = match self.range(&key, begin..begin + u64::from(located.place.length)).await {
                Ok(bytes) => decoder.decode(&located.chunk, &bytes).is_ok(),
                Err(BlobError::Missing(_)) => false,
                Err(error) => return Err(error.into()),
            };
            scrubbed.read += u64::from(located.place.length);
            let still = self.known().index.get(&located.chunk.id) == Some(&located);
            if !good && still {
                scrubbed.damaged.push(located.chunk.id);
            }
        }
        Ok(scrubbed)
    }

    /// Which backups need any of these chunks. Backups whose manifests cannot be read are among them.
    ///
    /// # Errors
    /// [`RepositoryError::Blob`].
    pub async fn affected(&self, chunks: &[ChunkId]) -> Result<Vec<u64>, RepositoryError> {
        let wanted: BTreeSet<&ChunkId> = chunks.iter().collect();
        let mut affected = Vec::new();
        for record in self.backups() {
            let mut needed = std::collections::HashSet::new();
            match self.mark(&record, &mut needed).await {
                Err(RepositoryError::Blob(error)) if error.kind() != kernel::error::Kind::NotFound => {
                    return Err(error.into());
                }
                Ok(()) if needed.iter().all(|id| !wanted.contains(id)) => {}
                _ => affected.push(record.number),
            }
        }
        Ok(affected)
    }

    /// Takes damaged chunks out of the index, durably: the next backup that has them sends them again, and all backups
    /// that need them are whole again.
    ///
    /// # Errors
    /// [`RepositoryError::Blob`]. Cut in the middle, what remains of a pack is salvaged at the next opening.
    pub async fn forget(&self, chunks: &[ChunkId]) -> Result<(), RepositoryError> {
        let packs: BTreeSet<u64> = {
            let mut known = self.known();
            known.generation += 1;
            known.removals += 1;
            known.complete.clear();
            chunks.iter().filter_map(|id| known.index.remove_chunk(id)).map(|located| located.place.pack).collect()
        };
        for number in packs {
            let (info, content) = {
                let known = self.known();
                let content = known.index.of_pack(number);
                (known.index.pack(number).copied(), content)
            };
            let Some(info) = info else { continue };
            let key = self.key("index", number)?;
            self.blobs.delete(&key).await?;
            self.write(&key, index::encode(info, &content)).await?;
        }
        Ok(())
    }
}
