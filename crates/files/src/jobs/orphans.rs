//! Removes blobs that are of no use. The one rule, here and for what was removed on purpose: **a blob lives while any chain
//! names it, or while its writer may still commit it.** A chain that begins to name blobs of others (tus concatenation)
//! does so in a transaction that holds their uploads, whose own chains name them at that time: so what no chain names and
//! nobody writes is never named again.
//!
//! Blobs are listed before SQL is asked. A writer's row is committed before its blob is made, so a blob whose row is not
//! found has none coming.

use std::collections::{BTreeMap, BTreeSet};

use kernel::blobs::BlobKey;
use kernel::id::Id;

use super::Jobs;
use crate::model::{UploadState, chain};
use crate::store::Swept;
use crate::thumbnails;

#[derive(Debug, thiserror::Error)]
pub(super) enum SweepError {
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error(transparent)]
    Blob(#[from] kernel::blobs::BlobError),
}

/// Uploads asked about at once.
const BATCH: usize = 100;

/// Looks at every upload and thumbnail; returns how many blobs were removed.
pub(super) async fn pass(work: &Jobs) -> Result<usize, SweepError> {
    Ok(remove_from(work, chain::PREFIX).await? + remove_thumbnails(work, thumbnails::PREFIX).await?)
}

/// Looks at one upload's blobs.
pub(super) async fn of_upload(work: &Jobs, id: &str) -> Result<usize, SweepError> {
    let removed = remove_from(work, &format!("{}{id}/", chain::PREFIX)).await?;
    Ok(removed + remove_thumbnails(work, &format!("{}{id}/", thumbnails::PREFIX)).await?)
}

/// A thumbnail goes with its file.
async fn remove_thumbnails(work: &Jobs, prefix: &str) -> Result<usize, SweepError> {
    let found = work.blobs.list(prefix).await?;
    let ids: BTreeSet<Id> = found.iter().filter_map(|key| thumbnails::parse(key.as_str())).collect();
    let ids: Vec<Id> = ids.into_iter().collect();
    let mut known = BTreeSet::new();
    for batch in ids.chunks(BATCH) {
        known.extend(work.store.existing(batch).await?);
    }
    let mut removed = 0;
    for key in found {
        if thumbnails::parse(key.as_str()).is_none_or(|file| !known.contains(&file)) {
            work.blobs.delete(&key).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

async fn remove_from(work: &Jobs, prefix: &str) -> Result<usize, SweepError> {
    let mut by_upload: BTreeMap<Id, Vec<(u64, BlobKey)>> = BTreeMap::new();
    for key in work.blobs.list(prefix).await? {
        if let Some((id, epoch)) = chain::parse_segment_name(key.as_str()) {
            by_upload.entry(id).or_default().push((epoch, key));
        }
    }
    let mut removed = 0;
    let ids: Vec<Id> = by_upload.keys().copied().collect();
    for batch in ids.chunks(BATCH) {
        let known = work.store.swept(batch).await?;
        for id in batch {
            for (epoch, key) in by_upload.get(id).into_iter().flatten() {
                if known.get(id).is_none_or(|known| is_orphan(known, *epoch, key.as_str())) {
                    work.blobs.delete(key).await?;
                    removed += 1;
                }
            }
        }
    }
    Ok(removed)
}

fn is_orphan(known: &Swept, epoch: u64, key: &str) -> bool {
    if known.named.contains(key) {
        return false;
    }
    match known.state {
        // The current epoch's writer may be about to commit.
        Some(UploadState::Open) => epoch < known.epoch,
        Some(UploadState::Part | UploadState::Done | UploadState::Gone) | None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_still_be_committed_is_left_alone() {
        let known = |state, epoch| Swept { state, epoch, named: ["uploads/x/1.part".to_owned()].into() };
        let open = known(Some(UploadState::Open), 3);
        assert!(!is_orphan(&open, 1, "uploads/x/1.part"), "in the chain");
        assert!(is_orphan(&open, 2, "uploads/x/2.part"), "an older epoch");
        assert!(!is_orphan(&open, 3, "uploads/x/3.part"), "the writer");
        assert!(!is_orphan(&open, 4, "uploads/x/4.part"), "a newer writer than SQL was asked about");
        assert!(is_orphan(&known(Some(UploadState::Done), 3), 3, "uploads/x/3.part"));
        assert!(is_orphan(&known(Some(UploadState::Part), 3), 3, "uploads/x/3.part"));
        assert!(
            !is_orphan(&known(Some(UploadState::Gone), 3), 1, "uploads/x/1.part"),
            "a part of a file that lives on"
        );
        assert!(!is_orphan(&known(None, 0), 1, "uploads/x/1.part"), "a file whose upload was forgotten");
        assert!(is_orphan(&known(None, 0), 2, "uploads/x/2.part"));
    }
}
