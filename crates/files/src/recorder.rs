//! Writing down what became of downloads, after their last byte and never before it.
//!
//! An answer that is over is noted in memory; one task writes what has gathered, many downloads in one transaction, and
//! is gone when there is nothing left. It runs on the lifecycle's tracker, so that a process ends only after its notes
//! are written. What a killed process had not written yet is lost: bytes are never held up for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::clock::{Clock, Timestamp};
use kernel::error::Kind;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use tokio::runtime::Handle;

use crate::model::audit::Served;
use crate::store::{Download, Records, RefusedUpload, Store};

/// Answers that may wait to be written; further ones are counted and forgotten.
const MOST: usize = 20_000;
/// Answers written in one transaction.
const BATCH: usize = 200;
/// Between two tries while the database is away.
const AGAIN: Duration = Duration::from_secs(1);

/// User or address, what let them in, file: what tells one download from another.
type Key = (String, &'static str, String);

#[derive(Default)]
struct Pending {
    downloads: BTreeMap<Key, (Download, VecDeque<Served>)>,
    refused: Vec<RefusedUpload>,
    waiting: usize,
    lost: usize,
    writing: bool,
}

/// What writes.
pub(crate) struct Recorder {
    store: Store,
    ids: IdSource,
    clock: Arc<dyn Clock>,
    lifecycle: Lifecycle,
    pending: Mutex<Pending>,
}

/// One answer with a file's bytes, from its first byte to its end.
pub(crate) struct Recording {
    recorder: Arc<Recorder>,
    download: Download,
    began: Timestamp,
}

impl Recording {
    /// The answer is over.
    pub(crate) fn end(&self, pieces: Vec<std::ops::Range<u64>>, bytes: u64, ending: crate::model::audit::Ending) {
        let served = Served { pieces, bytes, ending, began: self.began, over: self.recorder.clock.now() };
        self.recorder.note(self.download.clone(), served);
    }
}

impl Recorder {
    /// Nothing to write yet.
    #[must_use]
    pub(crate) fn new(store: Store, ids: IdSource, clock: Arc<dyn Clock>, lifecycle: Lifecycle) -> Arc<Self> {
        Arc::new(Self { store, ids, clock, lifecycle, pending: Mutex::default() })
    }

    /// An answer with a file's bytes begins.
    #[must_use]
    pub(crate) fn begin(self: &Arc<Self>, download: Download) -> Recording {
        Recording { recorder: Arc::clone(self), download, began: self.clock.now() }
    }

    /// An upload was refused before it began.
    pub(crate) fn refused(self: &Arc<Self>, refused: RefusedUpload) {
        self.add(|pending| pending.refused.push(refused));
    }

    fn note(self: &Arc<Self>, download: Download, served: Served) {
        let who = download.user.as_ref().map_or_else(|| download.address.clone(), |user| user.id.to_string());
        let key = (who, download.via.word(), download.file.to_string());
        self.add(|pending| {
            pending.downloads.entry(key).or_insert_with(|| (download, VecDeque::new())).1.push_back(served);
        });
    }

    fn add(self: &Arc<Self>, put: impl FnOnce(&mut Pending)) {
        let mut pending = self.lock();
        if pending.waiting >= MOST {
            pending.lost += 1;
            return;
        }
        put(&mut pending);
        pending.waiting += 1;
        // Whatever is dropped after the runtime has no one to write it.
        if !pending.writing && Handle::try_current().is_ok() {
            pending.writing = true;
            let recorder = Arc::clone(self);
            drop(self.lifecycle.spawn(async move { recorder.write_all().await }));
        }
    }

    async fn write_all(&self) {
        while let Some(records) = self.take() {
            let records = Arc::new(records);
            while let Err(error) = self.store.record(Arc::clone(&records), self.ids.clone()).await {
                let passing = matches!(error.kind, Kind::Unavailable | Kind::NoSpace);
                if !passing || self.lifecycle.soft().is_cancelled() {
                    tracing::error!(error = %error, downloads = records.downloads.len(), "the audit trail has a gap");
                    break;
                }
                tokio::select! {
                    () = self.lifecycle.soft().cancelled() => {}
                    () = tokio::time::sleep(AGAIN) => {}
                }
            }
        }
    }

    /// What is written next; `None`, and the task is gone, when there is nothing.
    fn take(&self) -> Option<Records> {
        let mut pending = self.lock();
        if pending.lost > 0 {
            tracing::error!(answers = pending.lost, "the audit trail has a gap: more ended than could be written");
            pending.lost = 0;
        }
        let mut records = Records::default();
        let mut taken = 0;
        while taken < BATCH {
            let Some((key, (download, mut answers))) = pending.downloads.pop_first() else { break };
            let now: Vec<Served> = answers.drain(..answers.len().min(BATCH - taken)).collect();
            taken += now.len();
            if !answers.is_empty() {
                pending.downloads.insert(key, (download.clone(), answers));
            }
            records.downloads.push((download, now));
        }
        let refused = pending.refused.len().min(BATCH - taken.min(BATCH));
        records.refused = pending.refused.drain(..refused).collect();
        taken += refused;
        pending.waiting -= taken;
        pending.writing = taken > 0;
        (taken > 0).then_some(records)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
