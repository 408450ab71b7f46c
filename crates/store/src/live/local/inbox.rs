//! This process's socket, and the subscriptions it feeds.
//!
//! Two publishers draw their numbers in order but may send in the other: an event that comes too early waits a moment
//! for the one before it, and only then is the gap let through.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::live::LiveEvent;
use tokio::net::UnixDatagram;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::fan_out::socket_path;

/// How long an event waits for the one before it.
const PATIENCE: Duration = Duration::from_millis(100);

/// Events a subscriber may lag behind before it misses some.
const LAG: usize = 1024;

/// Channel name (200), number, payload (32 KiB), and room to notice what is too long.
const DATAGRAM: usize = 1 + 200 + 8 + (32 << 10) + 1;

/// Tells the sockets of one process apart; a test has several.
static SOCKETS: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
struct Channel {
    next: u64,
    early: BTreeMap<u64, Bytes>,
    early_since: Option<Instant>,
    subscribers: Vec<mpsc::Sender<LiveEvent>>,
}

#[derive(Default)]
struct Channels(Mutex<BTreeMap<String, Channel>>);

/// One subscriber's end.
pub(super) struct Subscription(mpsc::Receiver<LiveEvent>);

impl Subscription {
    pub(super) async fn next(&mut self) -> Option<LiveEvent> {
        self.0.recv().await
    }
}

pub(super) struct Inbox {
    name: String,
    folder: Arc<File>,
    channels: Arc<Channels>,
    reader: JoinHandle<()>,
}

impl Inbox {
    pub(super) fn bind(folder: Arc<File>) -> io::Result<Self> {
        let name = format!("{}-{}.sock", std::process::id(), SOCKETS.fetch_add(1, Ordering::Relaxed));
        let path = socket_path(&folder, &name);
        // Left by a process that had our number and died.
        drop(std::fs::remove_file(&path));
        let socket = UnixDatagram::bind(path)?;
        let channels = Arc::new(Channels::default());
        let reader = tokio::spawn(read(socket, Arc::clone(&channels)));
        Ok(Self { name, folder, channels, reader })
    }

    /// The socket's file name, which publishers find in the store.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Feeds a new subscriber with what comes after `last`.
    pub(super) fn subscribe(&self, channel: &str, last: u64) -> Subscription {
        let (events, subscription) = mpsc::channel(LAG);
        let mut channels = self.channels.lock();
        let state =
            channels.entry(channel.to_owned()).or_insert_with(|| Channel { next: last + 1, ..Channel::default() });
        state.subscribers.push(events);
        Subscription(subscription)
    }

    /// Whether anyone subscribed to this channel.
    pub(super) fn has(&self, channel: &str) -> bool {
        self.channels.lock().contains_key(channel)
    }

    /// Forgets subscribers that left.
    pub(super) fn prune(&self, channel: &str) {
        let mut channels = self.channels.lock();
        if let Some(state) = channels.get_mut(channel) {
            state.subscribers.retain(|subscriber| !subscriber.is_closed());
            if state.subscribers.is_empty() {
                channels.remove(channel);
            }
        }
    }

    /// Ends all subscriptions: their numbers mean nothing any more.
    pub(super) fn end_all(&self) {
        self.channels.lock().clear();
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.reader.abort();
        drop(std::fs::remove_file(socket_path(&self.folder, &self.name)));
    }
}

impl Channels {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn receive(&self, channel: &str, seq: u64, payload: Bytes) {
        if let Some(state) = self.lock().get_mut(channel) {
            state.receive(seq, payload);
        }
    }

    /// When the first early event has waited long enough, if one waits.
    fn deadline(&self) -> Option<Instant> {
        self.lock().values().filter_map(|state| state.early_since).min().map(|since| since + PATIENCE)
    }

    fn let_gaps_through(&self, now: Instant) {
        for state in self.lock().values_mut() {
            if state.early_since.is_some_and(|since| since + PATIENCE <= now) {
                state.skip_gap();
            }
        }
    }
}

impl Channel {
    fn receive(&mut self, seq: u64, payload: Bytes) {
        if seq < self.next {
            return;
        }
        self.early.insert(seq, payload);
        self.deliver();
    }

    fn deliver(&mut self) {
        while let Some(payload) = self.early.remove(&self.next) {
            let event = LiveEvent { seq: self.next, payload };
            // One whose queue is full misses this event and sees the gap.
            self.subscribers.retain(|subscriber| {
                !matches!(subscriber.try_send(event.clone()), Err(mpsc::error::TrySendError::Closed(_)))
            });
            self.next += 1;
        }
        self.early_since = if self.early.is_empty() { None } else { self.early_since.or_else(|| Some(Instant::now())) };
    }

    fn skip_gap(&mut self) {
        if let Some((&seq, _)) = self.early.first_key_value() {
            self.next = seq;
            self.early_since = None;
            self.deliver();
        }
    }
}

async fn read(socket: UnixDatagram, channels: Arc<Channels>) {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let received = match channels.deadline() {
            None => socket.recv(&mut buffer).await,
            Some(deadline) => match tokio::time::timeout_at(deadline, socket.recv(&mut buffer)).await {
                Ok(received) => received,
                Err(_elapsed) => {
                    channels.let_gaps_through(Instant::now());
                    continue;
                }
            },
        };
        match received {
            Ok(length) => match decode(&buffer[..length]) {
                Some((channel, seq, payload)) => channels.receive(channel, seq, payload),
                None => tracing::warn!(datagram.bytes = length, "a datagram on the live socket is no event"),
            },
            Err(error) => {
                tracing::error!(error = %error, "the live socket failed: subscriptions end");
                channels.lock().clear();
                return;
            }
        }
    }
}

/// Length of the channel's name (1 byte), the name, the number (8 bytes, big-endian), the payload.
pub(super) fn encode(channel: &str, seq: u64, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::with_capacity(1 + channel.len() + 8 + payload.len());
    datagram.push(u8::try_from(channel.len()).unwrap_or(u8::MAX));
    datagram.extend_from_slice(channel.as_bytes());
    datagram.extend_from_slice(&seq.to_be_bytes());
    datagram.extend_from_slice(payload);
    datagram
}

fn decode(datagram: &[u8]) -> Option<(&str, u64, Bytes)> {
    let (&length, rest) = datagram.split_first()?;
    let (channel, rest) = rest.split_at_checked(usize::from(length))?;
    let (seq, payload) = rest.split_first_chunk::<8>()?;
    (datagram.len() < DATAGRAM).then_some(())?;
    Some((std::str::from_utf8(channel).ok()?, u64::from_be_bytes(*seq), Bytes::copy_from_slice(payload)))
}
