//! Deciding what to delete, without deleting.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use super::{PACK, Record, Repository, RepositoryError};
use crate::chunk::ChunkId;

/// Packs below this size are gathered into larger ones.
const SMALL: u64 = PACK / 8;

/// What is to be kept.
#[derive(Debug, Clone)]
pub struct Retention {
    /// How many backups of each target: the newest. At least one always stays.
    pub keep: usize,
    /// Backups that stay besides; each takes the place of one of the newest.
    pub pinned: BTreeSet<u64>,
    /// Packs younger than this are left alone: what they have may belong to a backup that is still coming.
    pub grace: Duration,
}

/// What [`Repository::apply`] is going to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Backups to drop.
    pub drop: Vec<u64>,
    /// Packs without anything that is needed.
    pub delete: Vec<u64>,
    /// Packs of which what is needed moves into new ones.
    pub rewrite: Vec<u64>,
    /// How many bytes of packs this frees.
    pub freed: u64,
    /// Backups that stay and whose manifests cannot be read: what they need is not known, so no pack is touched.
    pub unreadable: Vec<u64>,
    pub(super) live: HashSet<ChunkId>,
    pub(super) generation: u64,
}

impl Repository {
    /// Finds what can go. `now` is in µs since 1970.
    ///
    /// # Errors
    /// [`RepositoryError::Blob`]. Damage is no error: it keeps everything where it is.
    pub async fn plan(&self, retention: &Retention, now: u64) -> Result<Plan, RepositoryError> {
        let (generation, records, broken) = {
            let known = self.known();
            let records: Vec<Record> = known.records.values().cloned().collect();
            (known.generation, records, known.broken.iter().copied().collect())
        };
        let dropped = dropped(&records, retention);
        let mut plan = Plan {
            drop: dropped.iter().copied().collect(),
            delete: Vec::new(),
            rewrite: Vec::new(),
            freed: 0,
            unreadable: broken,
            live: HashSet::new(),
            generation,
        };
        for record in records.iter().filter(|record| !dropped.contains(&record.number)) {
            match self.mark(record, &mut plan.live).await {
                Ok(()) => {}
                Err(RepositoryError::Blob(error)) if error.kind() != kernel::error::Kind::NotFound => {
                    return Err(error.into());
                }
                Err(_) => plan.unreadable.push(record.number),
            }
        }
        if plan.unreadable.is_empty() {
            let grace = u64::try_from(retention.grace.as_micros()).unwrap_or(u64::MAX);
            self.sweep(&mut plan, now.saturating_sub(grace));
        }
        Ok(plan)
    }

    /// Gathers the names of everything that a backup needs.
    pub(super) async fn mark(&self, record: &Record, live: &mut HashSet<ChunkId>) -> Result<(), RepositoryError> {
        let root = self.root(&record.root).await?;
        live.insert(record.root.id);
        for leaf in root.leaves {
            if live.insert(leaf.chunk.id) {
                let pieces = self.leaf(&leaf.chunk).await?.pieces;
                live.extend(pieces.iter().map(|piece| piece.chunk.id));
            }
        }
        Ok(())
    }

    fn sweep(&self, plan: &mut Plan, old: u64) {
        let known = self.known();
        let mut small = Vec::new();
        for (number, content) in known.index.by_pack() {
            let Some(pack) = known.index.pack(number).filter(|pack| pack.created <= old) else { continue };
            let needed = content.iter().filter(|located| plan.live.contains(&located.chunk.id));
            let needed: u64 = needed.map(|located| u64::from(located.place.length) + super::pack::RECORD).sum();
            if needed == 0 {
                plan.delete.push(number);
                plan.freed += pack.size;
            } else if needed < pack.size / 2 {
                plan.rewrite.push(number);
                plan.freed += pack.size - needed;
            } else if pack.size < SMALL {
                small.push((number, pack.size - needed));
            }
        }
        if small.len() + plan.rewrite.len() > 1 {
            plan.rewrite.extend(small.iter().map(|(number, _)| number));
            plan.freed += small.iter().map(|(_, freed)| freed).sum::<u64>();
        }
    }
}

fn dropped(records: &[Record], retention: &Retention) -> BTreeSet<u64> {
    let mut targets: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for record in records {
        targets.entry(&record.target).or_default().push(record.number);
    }
    let mut dropped = BTreeSet::new();
    for numbers in targets.values() {
        let (pinned, free): (Vec<u64>, Vec<u64>) = numbers.iter().partition(|number| retention.pinned.contains(number));
        let newest = retention.keep.saturating_sub(pinned.len()).max(1);
        dropped.extend(free.iter().rev().skip(newest));
    }
    dropped
}
