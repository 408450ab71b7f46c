//! Deleting by plan: in an order that can be cut anywhere.

use bytes::Bytes;

use super::put::PackWriter;
use super::{Plan, Repository, RepositoryError};
use crate::fragment::Decoder;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Backups dropped.
    pub dropped: Vec<u64>,
    /// Packs removed.
    pub removed: Vec<u64>,
    /// Packs left as they are because something in them that is needed is damaged.
    pub damaged: Vec<u64>,
}

impl Repository {
    /// Does what a plan says. Records go first, then packs are copied, and only when the copies are durable and indexed
    /// do the old ones go, each after its index. `leads` is asked before each deletion whether this process still may.
    ///
    /// # Errors
    /// [`RepositoryError::Busy`] while sessions are open, [`RepositoryError::Stale`] if something was put or committed
    /// since the plan, [`RepositoryError::Fenced`] if `leads` says no, [`RepositoryError::Blob`]. What was done stays
    /// done; a new plan finds the rest.
    pub async fn apply(&self, plan: &Plan, leads: &(dyn Fn() -> bool + Sync)) -> Result<Applied, RepositoryError> {
        let _alone = self.gate.clone().try_write_owned().map_err(|_| RepositoryError::Busy)?;
        self.flush().await?;
        {
            let mut known = self.known();
            if known.generation != plan.generation {
                return Err(RepositoryError::Stale);
            }
            known.generation += 1;
            known.removals += 1;
            known.complete.clear();
        }
        let ask = || if leads() { Ok(()) } else { Err(RepositoryError::Fenced) };
        let mut applied = Applied::default();
        for number in &plan.drop {
            ask()?;
            self.blobs.delete(&self.key("backups", *number)?).await?;
            self.known().records.remove(number);
            self.blobs.delete(&self.key("digests", *number)?).await?;
            applied.dropped.push(*number);
        }
        let mut removable = plan.delete.clone();
        let copied = self.copy(plan, &mut applied.damaged).await?;
        removable.extend(copied);
        for number in removable {
            ask()?;
            self.known().index.remove_pack(number);
            // Cut in between, this order leaves a pack to be salvaged, and never an index of nothing.
            self.blobs.delete(&self.key("index", number)?).await?;
            self.blobs.delete(&self.key("packs", number)?).await?;
            applied.removed.push(number);
        }
        Ok(applied)
    }

    /// Copies what is needed of the packs to be rewritten; gives those of which everything was copied.
    async fn copy(&self, plan: &Plan, damaged: &mut Vec<u64>) -> Result<Vec<u64>, RepositoryError> {
        let contents = self.known().index.by_pack();
        // As young as the youngest: a copy must not look older than what it is of.
        let created =
            plan.rewrite.iter().filter_map(|number| self.known().index.pack(*number).map(|pack| pack.created));
        let created = created.max().unwrap_or(0);
        let mut copied = Vec::new();
        let mut writer: Option<PackWriter> = None;
        let mut decoder = Decoder::default();
        for number in &plan.rewrite {
            let key = self.key("packs", *number)?;
            let mut whole = true;
            let needed =
                contents.get(number).into_iter().flatten().filter(|located| plan.live.contains(&located.chunk.id));
            for located in needed {
                let begin = u64::from(located.place.offset);
                let bytes = self.range(&key, begin..begin + u64::from(located.place.length)).await?;
                let Ok(fragment) = decoder.verify(&located.chunk, Bytes::from(bytes)) else {
                    whole = false;
                    continue;
                };
                let mut filling = match writer.take() {
                    Some(filling) => filling,
                    None => self.begin(created).await?,
                };
                filling.push(&fragment).await?;
                if filling.is_full() {
                    self.seal(filling).await?;
                } else {
                    writer = Some(filling);
                }
            }
            if whole { copied.push(*number) } else { damaged.push(*number) }
        }
        if let Some(writer) = writer {
            self.seal(writer).await?;
        }
        Ok(copied)
    }
}
