//! Threads that serve connections, one event loop each.
//!
//! One loop shared by all threads balances work by moving it, which costs a wake-up and cold caches each time, and while
//! the thread that holds the loop's turn is not running, nobody sees what arrives. Connections are many and alike, so
//! they are spread when they are accepted and stay where they are, with connections to replicas of their own.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::connection::{Door, serve};
use crate::gateway::Gateway;
use crate::limits::Admission;

/// Most threads, whatever the machine has.
pub(crate) const MOST: usize = 16;

/// Bodies under way are always ready to go on, so that a thread would look for new requests only after this many of their
/// turns.
const TURNS_BETWEEN_LOOKS: u32 = 8;

thread_local! {
    static SEAT: Cell<usize> = const { Cell::new(0) };
}

/// The place of the calling thread among the workers; 0 for all others.
pub(crate) fn seat() -> usize {
    SEAT.get()
}

/// An accepted connection.
pub(crate) struct Arrival {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) door: Door,
    pub(crate) admission: Admission,
}

/// The threads.
pub(crate) struct Workers(Vec<Worker>);

struct Worker {
    arrivals: mpsc::UnboundedSender<Arrival>,
    open: Arc<AtomicUsize>,
}

impl Workers {
    /// Starts one thread a processor. They end with the hard token.
    pub(crate) fn start(gateway: &Arc<Gateway>) -> io::Result<Self> {
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(MOST);
        (0..count).map(|place| start(Arc::clone(gateway), place)).collect::<io::Result<_>>().map(Self)
    }

    /// Gives a connection to the thread that has fewest.
    pub(crate) fn give(&self, arrival: Arrival) {
        let fewest = self.0.iter().min_by_key(|worker| worker.open.load(Ordering::Relaxed));
        if let Some(worker) = fewest {
            worker.open.fetch_add(1, Ordering::Relaxed);
            // A worker that is gone has ended with the process: the connection is closed by being dropped.
            let _ = worker.arrivals.send(arrival);
        }
    }
}

/// Makes the calling thread one that is not run in place of another as soon as it wakes (`SCHED_BATCH`, sched(7)). A
/// gateway wakes for its replicas' answers: taken at once they come one by one, a little later several together, and
/// each change of task costs as much as a small request. With two threads on two cores, 1 KiB answers went from 0.80 to
/// 0.88 of nginx's rate (medians of 14 interleaved rounds).
#[expect(unsafe_code, reason = "no safe interface sets a thread's scheduling policy without its niceness")]
fn yield_to_whom_it_wakes() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 is the calling thread, and the call only reads `parameters`, which outlives it.
    if unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const parameters) } != 0 {
        tracing::debug!(error = %io::Error::last_os_error(), "the scheduling policy stays as it is");
    }
}

fn start(gateway: Arc<Gateway>, place: usize) -> io::Result<Worker> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().event_interval(TURNS_BETWEEN_LOOKS).build()?;
    let (arrivals, mut receiver) = mpsc::unbounded_channel();
    let open = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&open);
    let work = async move {
        let hard = gateway.lifecycle.hard().clone();
        loop {
            let arrival = tokio::select! {
                biased;
                () = hard.cancelled() => return,
                arrival = receiver.recv() => arrival,
            };
            let Some(Arrival { stream, peer, door, admission }) = arrival else {
                // Nothing more is accepted; what was goes on, and this loop carries it.
                hard.cancelled().await;
                return;
            };
            let serving = tokio::net::TcpStream::from_std(stream)
                .map(|stream| serve(Arc::clone(&gateway), stream, peer, door, admission));
            let counted = Arc::clone(&counted);
            gateway.lifecycle.spawn(async move {
                if let Ok(serving) = serving {
                    serving.await;
                }
                counted.fetch_sub(1, Ordering::Relaxed);
            });
        }
    };
    std::thread::Builder::new().name(format!("door-{place}")).spawn(move || {
        SEAT.set(place);
        yield_to_whom_it_wakes();
        runtime.block_on(work);
    })?;
    Ok(Worker { arrivals, open })
}
