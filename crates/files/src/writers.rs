//! Which requests write which uploads, here and elsewhere, and how a newer one ends an older.
//!
//! A request that comes back for an upload must not wait for the one it replaces: here the older is told by a token, on
//! other replicas through Live, and it answers at once that it is stopping. Whoever does not answer is taken for dead.
//! None of this is needed for safety: an older writer's commit fails on the epoch.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use kernel::id::Id;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::model::Writer;

/// The Live channel between replicas.
const CHANNEL: &str = "files/writers";
/// How long another replica may take to say that it is stopping. One that lives answers within a few milliseconds.
const ANSWER: Duration = Duration::from_millis(250);
/// How long a writer that said it is stopping may take to commit what it has.
const STOP: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    /// Somebody wants to take the upload over from this writer.
    Stop { upload: Id, writer: String },
    /// The writer heard.
    Stopping { upload: Id, writer: String },
    /// The writer has committed what it had.
    Stopped { upload: Id, writer: String },
}

struct Running {
    writer: String,
    stop: CancellationToken,
    done: CancellationToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Nothing,
    Stopping,
    Stopped,
}

/// The writers of this process.
pub(crate) struct Writers {
    live: Arc<dyn Live>,
    /// `REPLICA:RUN`: a restarted replica does not answer for its former self.
    process: String,
    counter: AtomicU64,
    running: Mutex<BTreeMap<Id, Vec<Running>>>,
    waiting: Mutex<Vec<(String, watch::Sender<Heard>)>>,
}

/// A request's place among the writers of an upload. Dropping it says that the request will commit nothing more.
pub(crate) struct Guard {
    writers: Arc<Writers>,
    upload: Id,
    writer: String,
    stop: CancellationToken,
    done: CancellationToken,
}

impl Guard {
    /// The name SQL knows this request by.
    #[must_use]
    pub(crate) fn writer(&self) -> Writer {
        Writer(self.writer.clone())
    }

    /// Cancelled when a newer request wants the upload.
    #[must_use]
    pub(crate) const fn stop(&self) -> &CancellationToken {
        &self.stop
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut running = self.writers.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_upload) = running.get_mut(&self.upload) {
            of_upload.retain(|other| other.writer != self.writer);
            if of_upload.is_empty() {
                running.remove(&self.upload);
            }
        }
        self.done.cancel();
    }
}

impl Writers {
    /// No writers yet. `run` is different in each process that ever was `replica`.
    #[must_use]
    pub(crate) fn new(live: Arc<dyn Live>, replica: &str, run: Id) -> Arc<Self> {
        Arc::new(Self {
            live,
            process: format!("{replica}:{run}"),
            counter: AtomicU64::new(0),
            running: Mutex::default(),
            waiting: Mutex::default(),
        })
    }

    /// Enters a request among the writers of `upload` and tells those of this process to stop.
    #[must_use]
    pub(crate) fn enter(self: &Arc<Self>, upload: Id) -> Guard {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let (stop, done) = (CancellationToken::new(), CancellationToken::new());
        let writer = format!("{}:{number}", self.process);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let of_upload = running.entry(upload).or_default();
        for older in of_upload.iter() {
            older.stop.cancel();
        }
        of_upload.push(Running { writer: writer.clone(), stop: stop.clone(), done: done.clone() });
        Guard { writers: Arc::clone(self), upload, writer, stop, done }
    }

    /// Ends `older`, the writer that SQL names, and waits until it has committed what it had; returns early if nobody
    /// answers for it.
    pub(crate) async fn end(&self, upload: Id, older: &Writer) {
        if let Some((stop, done)) = self.find(upload, &older.0) {
            stop.cancel();
            drop(tokio::time::timeout(STOP, done.cancelled()).await);
        } else if !older.0.starts_with(&self.process) {
            self.end_elsewhere(upload, older).await;
        }
    }

    async fn end_elsewhere(&self, upload: Id, older: &Writer) {
        let (tell, mut heard) = watch::channel(Heard::Nothing);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((older.0.clone(), tell));
        if self.publish(&Message::Stop { upload, writer: older.0.clone() }).await {
            let answer = heard.wait_for(|heard| *heard >= Heard::Stopping);
            if matches!(tokio::time::timeout(ANSWER, answer).await, Ok(Ok(_))) {
                drop(tokio::time::timeout(STOP, heard.wait_for(|heard| *heard == Heard::Stopped)).await);
            }
        }
        drop(heard);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, tell)| !tell.is_closed());
    }

    fn find(&self, upload: Id, writer: &str) -> Option<(CancellationToken, CancellationToken)> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let found = running.get(&upload)?.iter().find(|running| running.writer == writer)?;
        Some((found.stop.clone(), found.done.clone()))
    }

    async fn publish(&self, message: &Message) -> bool {
        let payload = Bytes::from(serde_json::to_vec(message).unwrap_or_default());
        matches!(tokio::time::timeout(ANSWER, self.live.publish(CHANNEL, payload)).await, Ok(Ok(_)))
    }

    /// Answers for this process's writers until the lifecycle ends.
    pub(crate) async fn listen(self: Arc<Self>, lifecycle: Lifecycle) {
        let hard = lifecycle.hard().clone();
        let listening = async {
            loop {
                if let Ok(mut events) = self.live.subscribe(CHANNEL).await {
                    while let Some(event) = events.next().await {
                        if let Ok(message) = serde_json::from_slice(&event.payload) {
                            self.hear(message, &lifecycle);
                        }
                    }
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        tokio::select! {
            () = hard.cancelled() => {}
            () = listening => {}
        }
    }

    fn hear(self: &Arc<Self>, message: Message, lifecycle: &Lifecycle) {
        let (writer, heard) = match message {
            Message::Stop { upload, writer } => {
                let Some((stop, done)) = self.find(upload, &writer) else {
                    if writer.starts_with(&self.process) {
                        let writers = Arc::clone(self);
                        lifecycle.spawn(async move { writers.publish(&Message::Stopped { upload, writer }).await });
                    }
                    return;
                };
                stop.cancel();
                let writers = Arc::clone(self);
                lifecycle.spawn(async move {
                    writers.publish(&Message::Stopping { upload, writer: writer.clone() }).await;
                    drop(tokio::time::timeout(STOP, done.cancelled()).await);
                    writers.publish(&Message::Stopped { upload, writer }).await;
                });
                return;
            }
            Message::Stopping { writer, .. } => (writer, Heard::Stopping),
            Message::Stopped { writer, .. } => (writer, Heard::Stopped),
        };
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, tell) in waiting.iter().filter(|(name, _)| *name == writer) {
            tell.send_replace(heard);
        }
    }
}
