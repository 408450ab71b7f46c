//! The nodes' repositories, opened when they are first needed by the one process that leads.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kernel::blobs::Blobs;
use kernel::clock::Timestamp;
use kernel::id::Id;
use store::StoreError;
use tokio::sync::Mutex;
use vault::Repository;
use vault::repository::RepositoryError;

use super::Means;
use crate::model::{Address, Archive};
use crate::store::archives;

/// Why a repository cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShelfError {
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The repositories that are open.
pub(crate) struct Shelf {
    blobs: Arc<dyn Blobs>,
    means: Means,
    open: Mutex<HashMap<Id, Arc<Repository>>>,
}

impl Shelf {
    pub(super) fn new(blobs: Arc<dyn Blobs>, means: Means) -> Self {
        Self { blobs, means, open: Mutex::new(HashMap::new()) }
    }

    /// A node's repository. The first time it is repaired, and the list in SQL is made to say what it really has: the
    /// record in the repository is the commit, and whoever wrote it may have ended before SQL knew.
    ///
    /// # Errors
    /// Blobs or SQL are away.
    pub(crate) async fn repository(&self, node: Id, address: &Address) -> Result<Arc<Repository>, ShelfError> {
        let mut open = self.open.lock().await;
        if let Some(repository) = open.get(&node) {
            return Ok(Arc::clone(repository));
        }
        let now = self.means.clock.now();
        let prefix = format!("nodes/{node}");
        let repository = Arc::new(Repository::open(Arc::clone(&self.blobs), &prefix, micros(now)).await?);
        self.reconcile(node, address, &repository).await?;
        open.insert(node, Arc::clone(&repository));
        Ok(repository)
    }

    async fn reconcile(&self, node: Id, address: &Address, repository: &Repository) -> Result<(), ShelfError> {
        let listed: BTreeSet<u64> = archives::kept(self.means.sql.reader(), node).await?.into_iter().collect();
        let records = repository.backups();
        let here: BTreeSet<u64> = records.iter().map(|record| record.number).collect();
        let gone: Vec<u64> = listed.difference(&here).copied().collect();
        let mut found = Vec::new();
        for record in records.into_iter().filter(|record| !listed.contains(&record.number)) {
            if !repository.has_root(&record.root).await? {
                continue;
            }
            tracing::warn!(node.id = %node, backup.number = record.number, "a committed backup is listed again");
            found.push(Archive {
                id: self.means.ids.next(),
                node,
                address: address.clone(),
                path: record.target,
                number: record.number,
                at: Timestamp::from_micros(i64::try_from(record.at).unwrap_or(i64::MAX)),
                size: record.length,
                span: record.span,
                entries: record.entries,
                warnings: record.notes_total,
                kept: true,
                proof: None,
            });
        }
        if gone.is_empty() && found.is_empty() {
            return Ok(());
        }
        let written = self.means.sql.write(move |transaction| {
            let (gone, found) = (gone.clone(), found.clone());
            Box::pin(async move {
                archives::drop_numbers(transaction, node, &gone).await?;
                for archive in &found {
                    archives::insert(transaction, archive).await?;
                }
                Ok::<_, StoreError>(())
            })
        });
        Ok(written.await?)
    }
}

/// A time as the repository keeps it.
pub(crate) fn micros(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_micros()).unwrap_or(0)
}
