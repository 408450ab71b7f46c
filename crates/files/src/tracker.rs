//! What moves now, told to Live: one task a replica does all the telling, so that no request waits for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::clock::Clock;
use kernel::id::Id;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::model::concat::Kind;
use crate::model::presence::{self, Sighting};
use crate::model::transfer::{
    CHANNEL, Direction, PREFIX, Transfer, TransferEvent, TransferState, resume_download, resume_upload,
};
use crate::model::{Owner, Upload};

/// How often changes are published: at most four times a second for a transfer.
const PUBLISH: Duration = Duration::from_millis(300);
/// How often a transfer's value is written again.
const REFRESH: Duration = Duration::from_secs(1);
/// How long a value outlives the replica that wrote it.
const TTL: Duration = Duration::from_secs(5);
/// How long the end of a transfer can be read.
const ENDED_TTL: Duration = Duration::from_secs(30);
/// Most ends told in one round; the rest were too short for anybody to watch.
const MOST_ENDS: usize = 200;
/// How often a user who keeps asking is noted.
const SEEN_AGAIN: Duration = Duration::from_secs(10);

struct Active {
    about: Transfer,
    /// From where a download comes.
    path: Option<String>,
    /// Its end makes a file of it.
    becomes_file: bool,
    offset: AtomicU64,
    durable: AtomicU64,
    ended: AtomicBool,
    told: Mutex<Told>,
    /// Cancelled when somebody ordered it to stop; `order` says how.
    stop: CancellationToken,
    order: Mutex<Option<Order>>,
}

/// What somebody ordered for a transfer that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    /// It may go on later.
    Pause,
    /// It may not.
    End,
}

/// What people see of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The file, if it is one.
    pub(crate) file: Option<Id>,
    /// What it is called.
    pub(crate) name: String,
    /// How many bytes there are.
    pub(crate) size: u64,
    /// The path it comes from, to go on there.
    pub(crate) path: String,
}

/// What was told last, for the speed.
struct Told {
    at: Instant,
    offset: u64,
    per_second: u64,
    kept_at: Option<Instant>,
}

struct Seen {
    name: String,
    at: Instant,
    transferring: bool,
    told: bool,
}

/// The transfers of this process.
pub(crate) struct Tracker {
    live: Arc<dyn Live>,
    clock: Arc<dyn Clock>,
    active: Mutex<Vec<Arc<Active>>>,
    ended: Mutex<Vec<Transfer>>,
    forgotten: Mutex<Vec<String>>,
    seen: Mutex<BTreeMap<String, Seen>>,
    wake: Notify,
}

/// A transfer that moves. Clones are the same transfer; dropping the last without [`Moving::end`] says it was broken off.
#[derive(Clone)]
pub(crate) struct Moving(Arc<Shared>);

struct Shared {
    tracker: Arc<Tracker>,
    active: Arc<Active>,
}

impl Moving {
    /// How far it is.
    pub(crate) fn moved_to(&self, offset: u64) {
        self.0.active.offset.store(offset, Ordering::Relaxed);
    }

    /// From where it could go on.
    pub(crate) fn durable_to(&self, offset: u64) {
        self.0.active.durable.fetch_max(offset, Ordering::Relaxed);
    }

    /// Cancelled when somebody orders it to stop.
    pub(crate) fn stop(&self) -> CancellationToken {
        self.0.active.stop.clone()
    }

    /// What was ordered.
    pub(crate) fn order(&self) -> Option<Order> {
        *lock(&self.0.active.order)
    }

    /// How it ended. Only the first word counts.
    pub(crate) fn end(&self, state: TransferState) {
        self.0.tracker.end(&self.0.active, state);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.tracker.end(&self.active, TransferState::Disconnected);
    }
}

impl Active {
    fn transfer(&self, state: TransferState, per_second: u64) -> Transfer {
        let durable = self.durable.load(Ordering::Relaxed);
        let moved = self.offset.load(Ordering::Relaxed);
        let upload = self.about.direction == Direction::Upload;
        let done = state == TransferState::Done;
        let transferring = state == TransferState::Transferring;
        let resume = match &self.path {
            _ if done => None,
            Some(path) => Some(resume_download(path, moved)),
            None => Some(resume_upload(&self.about.id, durable)),
        };
        Transfer {
            state,
            // What did not become durable did not arrive.
            offset: if upload && !transferring { durable } else { moved },
            size: if done { Some(self.about.size.unwrap_or(moved)) } else { self.about.size },
            bytes_per_s: if transferring { per_second } else { 0 },
            file_id: if self.becomes_file && done { Some(self.about.id.clone()) } else { self.about.file_id.clone() },
            resume,
            ..self.about.clone()
        }
    }
}

impl Tracker {
    /// Nothing moves yet.
    #[must_use]
    pub(crate) fn new(live: Arc<dyn Live>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            live,
            clock,
            active: Mutex::default(),
            ended: Mutex::default(),
            forgotten: Mutex::default(),
            seen: Mutex::default(),
            wake: Notify::new(),
        })
    }

    /// An upload begins to move.
    #[must_use]
    pub(crate) fn upload(self: &Arc<Self>, upload: &Upload) -> Moving {
        let mut about = Transfer::of_upload(upload, self.clock.now());
        about.state = TransferState::Transferring;
        self.begin(about, None, upload.offset, upload.kind != Kind::Partial)
    }

    /// A download begins to move, at `offset`.
    #[must_use]
    pub(crate) fn download(self: &Arc<Self>, id: String, shown: &Shown, user: &Owner, offset: u64) -> Moving {
        let about = Transfer {
            id,
            file_id: shown.file.map(|file| file.to_string()),
            user: user.id.to_string(),
            user_name: user.name.clone(),
            name: shown.name.clone(),
            direction: Direction::Download,
            state: TransferState::Transferring,
            offset,
            size: Some(shown.size),
            bytes_per_s: 0,
            resume: None,
        };
        self.begin(about, Some(shown.path.clone()), offset, false)
    }

    fn begin(self: &Arc<Self>, about: Transfer, path: Option<String>, offset: u64, becomes_file: bool) -> Moving {
        let told = Told { at: Instant::now(), offset, per_second: 0, kept_at: None };
        let active = Arc::new(Active {
            about,
            path,
            becomes_file,
            offset: AtomicU64::new(offset),
            durable: AtomicU64::new(offset),
            ended: AtomicBool::new(false),
            told: Mutex::new(told),
            stop: CancellationToken::new(),
            order: Mutex::default(),
        });
        lock(&self.active).push(Arc::clone(&active));
        self.wake.notify_one();
        Moving(Arc::new(Shared { tracker: Arc::clone(self), active }))
    }

    fn end(&self, active: &Arc<Active>, state: TransferState) {
        if active.ended.swap(true, Ordering::Relaxed) {
            return;
        }
        lock(&self.active).retain(|other| !Arc::ptr_eq(other, active));
        let mut ended = lock(&self.ended);
        if ended.len() < MOST_ENDS {
            ended.push(active.transfer(state, 0));
        }
        drop(ended);
        self.wake.notify_one();
    }

    /// A transfer stands as somebody ordered, be it moving here or nowhere.
    pub(crate) fn note(&self, transfer: Transfer) {
        lock(&self.ended).push(transfer);
        self.wake.notify_one();
    }

    /// Cuts a transfer that moves in this process. `None` if there is none of this id.
    pub(crate) fn cut(&self, id: &str, order: Order) -> Option<Transfer> {
        let active = lock(&self.active).iter().find(|active| active.about.id == id).cloned()?;
        let mut given = lock(&active.order);
        given.get_or_insert(order);
        drop(given);
        active.stop.cancel();
        let state = if order == Order::Pause { TransferState::Paused } else { TransferState::Disconnected };
        // Said now: a client that does not read learns of it only when it does.
        self.end(&active, state);
        Some(active.transfer(state, 0))
    }

    /// A transfer is to be seen no more.
    pub(crate) fn forget(&self, id: &str) {
        lock(&self.forgotten).push(id.to_owned());
        self.wake.notify_one();
    }

    /// What moves in this process: what is known when Live is away.
    #[must_use]
    pub(crate) fn here(&self) -> Vec<Transfer> {
        let active = lock(&self.active);
        active
            .iter()
            .map(|active| active.transfer(TransferState::Transferring, lock(&active.told).per_second))
            .collect()
    }

    /// A user asked for something.
    pub(crate) fn saw(&self, user: &Owner) {
        let now = Instant::now();
        let mut seen = lock(&self.seen);
        let id = user.id.to_string();
        if seen.get(&id).is_some_and(|last| now.duration_since(last.at) < SEEN_AGAIN) {
            return;
        }
        let transferring = seen.get(&id).is_some_and(|last| last.transferring);
        seen.insert(id, Seen { name: user.name.clone(), at: now, transferring, told: false });
        drop(seen);
        self.wake.notify_one();
    }

    /// Tells Live until the process ends. It sleeps while there is nothing to tell.
    pub(crate) async fn tell(self: Arc<Self>, lifecycle: Lifecycle) {
        let mut tick = tokio::time::interval(PUBLISH);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let hard = lifecycle.hard().clone();
        let telling = async {
            loop {
                tick.tick().await;
                self.round().await;
                if lock(&self.active).is_empty() && lock(&self.ended).is_empty() && lock(&self.forgotten).is_empty() {
                    self.wake.notified().await;
                }
            }
        };
        tokio::select! {
            () = hard.cancelled() => {}
            () = telling => {}
        }
    }

    async fn round(&self) {
        let forgotten = std::mem::take(&mut *lock(&self.forgotten));
        for id in forgotten {
            drop(self.live.delete(&format!("{PREFIX}{id}")).await);
        }
        let active: Vec<Arc<Active>> = lock(&self.active).clone();
        for active in &active {
            let (transfer, keep) = measure(active);
            if keep {
                self.keep(&transfer, TTL).await;
            }
            // It may have ended meanwhile: its end must be the last thing that is told.
            if !active.ended.load(Ordering::Relaxed) {
                self.publish(&transfer).await;
            }
        }
        let ended = std::mem::take(&mut *lock(&self.ended));
        for transfer in ended {
            self.keep(&transfer, ENDED_TTL).await;
            self.publish(&transfer).await;
        }
        self.tell_presence(&active).await;
    }

    async fn keep(&self, transfer: &Transfer, ttl: Duration) {
        let value = Bytes::from(serde_json::to_vec(transfer).unwrap_or_default());
        // Live is away: SQL still knows what matters.
        drop(self.live.put(&format!("{PREFIX}{}", transfer.id), value, Some(ttl)).await);
    }

    async fn publish(&self, transfer: &Transfer) {
        let event = TransferEvent { user: transfer.user.clone(), transfer: transfer.clone() };
        drop(self.live.publish(CHANNEL, Bytes::from(serde_json::to_vec(&event).unwrap_or_default())).await);
    }

    async fn tell_presence(&self, active: &[Arc<Active>]) {
        let moving: BTreeMap<&str, &str> =
            active.iter().map(|active| (active.about.user.as_str(), active.about.user_name.as_str())).collect();
        let now = Instant::now();
        let mut tell: Vec<(String, String)> = Vec::new();
        {
            let mut seen = lock(&self.seen);
            for (user, name) in &moving {
                if seen.get(*user).is_none_or(|last| now.duration_since(last.at) >= SEEN_AGAIN) {
                    let fresh = Seen { name: (*name).to_owned(), at: now, transferring: true, told: false };
                    seen.insert((*user).to_owned(), fresh);
                }
            }
            for (user, seen) in seen.iter_mut() {
                let transferring = moving.contains_key(user.as_str());
                if !seen.told || seen.transferring != transferring {
                    seen.told = true;
                    seen.transferring = transferring;
                    tell.push((user.clone(), seen.name.clone()));
                }
            }
            seen.retain(|_, seen| now.duration_since(seen.at) < presence::ONLINE_FOR);
        }
        for (user, name) in tell {
            let transferring = moving.contains_key(user.as_str());
            self.note_presence(&user, &name, transferring).await;
        }
    }

    async fn note_presence(&self, user: &str, name: &str, transferring: bool) {
        let key = format!("{}{user}", presence::PREFIX);
        let now = self.clock.now();
        let before = self.live.get(&key).await.ok().flatten();
        let before: Option<Sighting> = before.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let next = Sighting::next(before.as_ref(), name, transferring, now);
        let value = Bytes::from(serde_json::to_vec(&next).unwrap_or_default());
        drop(self.live.put(&key, value, Some(presence::REMEMBERED_FOR)).await);
        let shown = next.presence(user, now);
        if before.is_none_or(|before| before.presence(user, now) != shown) {
            let event = Bytes::from(serde_json::to_vec(&shown).unwrap_or_default());
            drop(self.live.publish(presence::CHANNEL, event).await);
        }
    }
}

/// A transfer as it is now, and whether its value is due again.
fn measure(active: &Active) -> (Transfer, bool) {
    let mut told = lock(&active.told);
    let now = Instant::now();
    let offset = active.offset.load(Ordering::Relaxed);
    let passed = now.duration_since(told.at);
    if passed >= PUBLISH {
        let bytes = u128::from(offset.saturating_sub(told.offset));
        let rate = u64::try_from(bytes * 1000 / passed.as_millis().max(1)).unwrap_or(u64::MAX);
        // A third of the new to two thirds of the old: about a second's memory.
        told.per_second = if told.kept_at.is_none() { rate } else { told.per_second / 3 * 2 + rate / 3 };
        told.at = now;
        told.offset = offset;
    }
    let keep = told.kept_at.is_none_or(|at| now.duration_since(at) >= REFRESH);
    if keep {
        told.kept_at = Some(now);
    }
    (active.transfer(TransferState::Transferring, told.per_second), keep)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
