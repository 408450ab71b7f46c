//! What a connection is doing, and what it is told to do. Shared by its IO, its requests and the listener's task.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Limits;

/// What the listener's task tells a connection; a later one is stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Command {
    /// Go on.
    Run = 0,
    /// Finish what is in flight, take nothing new.
    Finish = 1,
    /// End now.
    Drop = 2,
}

pub(super) struct Activity {
    limits: Limits,
    begun: Instant,
    command: AtomicU8,
    /// Requests being read, answered or drained. While there are any, no deadline counts.
    in_flight: AtomicUsize,
    /// Whether the next byte that is read is a request's first.
    between: AtomicBool,
    /// When the present wait is over, in milliseconds since `begun`.
    deadline: AtomicU64,
    /// HTTP/2 frames that are no requests come at any time: its wait is never a wait for headers.
    multiplexed: AtomicBool,
    tunnel: AtomicBool,
    /// A request's body was left unread: closing at once would reset the connection under the answer.
    unread: AtomicBool,
    task: AtomicWaker,
    reader: AtomicWaker,
    writer: AtomicWaker,
    closed: CancellationToken,
}

impl Activity {
    pub(super) fn new(limits: Limits) -> Self {
        let activity = Self {
            limits,
            begun: Instant::now(),
            command: AtomicU8::new(Command::Run as u8),
            in_flight: AtomicUsize::new(0),
            between: AtomicBool::new(true),
            deadline: AtomicU64::new(0),
            multiplexed: AtomicBool::new(false),
            tunnel: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            task: AtomicWaker::new(),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
            closed: CancellationToken::new(),
        };
        activity.wait_at_most(limits.idle);
        activity
    }

    fn wait_at_most(&self, wait: Duration) {
        let at = self.begun.elapsed() + wait;
        self.deadline.store(u64::try_from(at.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn is_overdue(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) == 0
            && !self.is_tunnel()
            && self.begun.elapsed().as_millis() >= u128::from(self.deadline.load(Ordering::Relaxed))
    }

    pub(super) fn command(&self, command: Command) {
        if self.command.fetch_max(command as u8, Ordering::AcqRel) < command as u8 {
            self.task.wake();
            self.reader.wake();
            self.writer.wake();
        }
    }

    pub(super) fn commanded(&self) -> Command {
        match self.command.load(Ordering::Acquire) {
            0 => Command::Run,
            1 => Command::Finish,
            _ => Command::Drop,
        }
    }

    pub(super) fn register_task(&self, waker: &Waker) {
        self.task.register(waker);
    }

    pub(super) fn register_reader(&self, waker: &Waker) {
        self.reader.register(waker);
    }

    pub(super) fn register_writer(&self, waker: &Waker) {
        self.writer.register(waker);
    }

    pub(super) fn bytes_came(&self) {
        if self.between.load(Ordering::Relaxed)
            && !self.multiplexed.load(Ordering::Relaxed)
            && self.in_flight.load(Ordering::Relaxed) == 0
        {
            self.between.store(false, Ordering::Relaxed);
            self.wait_at_most(self.limits.header);
        }
    }

    pub(super) fn is_multiplexed(&self) {
        self.multiplexed.store(true, Ordering::Relaxed);
        self.wait_at_most(self.limits.idle);
    }

    /// The connection was upgraded: from here on the handler decides how long it lasts.
    pub(super) fn becomes_tunnel(&self) {
        self.tunnel.store(true, Ordering::Release);
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.tunnel.load(Ordering::Acquire)
    }

    pub(super) fn leaves_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Whether closing must linger; the wait for the client's end begins with the first asking.
    pub(super) fn must_linger(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    pub(super) fn begins_to_linger(&self) {
        self.between.store(false, Ordering::Relaxed);
        self.wait_at_most(self.limits.drain);
    }

    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }
}

/// One request: held by whatever still reads its body or writes its answer.
pub(super) struct InFlight {
    activity: Arc<Activity>,
    /// The client waits for `100 Continue` and nobody has asked for the body yet.
    awaits_continue: AtomicBool,
}

impl InFlight {
    pub(super) fn begin(activity: &Arc<Activity>, awaits_continue: bool) -> Arc<Self> {
        activity.in_flight.fetch_add(1, Ordering::AcqRel);
        activity.between.store(false, Ordering::Relaxed);
        Arc::new(Self { activity: Arc::clone(activity), awaits_continue: AtomicBool::new(awaits_continue) })
    }

    pub(super) fn activity(&self) -> &Activity {
        &self.activity
    }

    pub(super) fn body_is_wanted(&self) {
        self.awaits_continue.store(false, Ordering::Relaxed);
    }

    pub(super) fn awaits_continue(&self) -> bool {
        self.awaits_continue.load(Ordering::Relaxed)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        // The deadline is set before the count falls, or the connection would look overdue in between.
        self.activity.wait_at_most(self.activity.limits.idle);
        self.activity.between.store(true, Ordering::Relaxed);
        self.activity.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
