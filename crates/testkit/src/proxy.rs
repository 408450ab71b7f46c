//! A TCP proxy that spoils what passes through it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use rustix::net::sockopt::set_socket_linger;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

const PIECE: usize = 16 * 1024;

/// What goes wrong. The default spoils nothing. A change counts for living connections too, but for `cut_after`, which
/// each connection draws when it is accepted.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// How much later each piece arrives, in each direction.
    pub latency: Duration,
    /// The speed of each connection in each direction.
    pub bytes_per_second: Option<u64>,
    /// Each connection ends after this many bytes of both directions together: a number drawn from the range by the
    /// proxy's seed; `n..n + 1` for exactly `n`.
    pub cut_after: Option<Range<u64>>,
    /// How connections are ended.
    pub cut: Cut,
    /// Nothing moves and nothing ends: the far side looks alive and is silent.
    pub stalled: bool,
    /// New connections are ended at once.
    pub refusing: bool,
}

/// How a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// With a FIN: an orderly end that comes too early.
    #[default]
    Close,
    /// With a RST, which throws away what was under way.
    Reset,
}

/// A proxy in front of one address; ends with its connections when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    faults: watch::Sender<Faults>,
    /// Counts the calls of `cut_all`; a connection ends when it changes.
    cuts: watch::Sender<u64>,
    accepted: AtomicU64,
    passed: AtomicU64,
}

impl FaultProxy {
    /// A proxy on a free loopback port. `seed` decides where connections are cut.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(target: SocketAddr, seed: u64) -> Self {
        Self::start_on(IpAddr::V4(Ipv4Addr::LOCALHOST), target, seed).await
    }

    /// The same on another of this machine's addresses, such as the near end of a [`Link`](crate::net::Link): so
    /// clients behind a link reach a campus that listens on loopback only.
    ///
    /// # Panics
    /// If the address is not this machine's.
    pub async fn start_on(listen: IpAddr, target: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind((listen, 0)).await.expect("the address is ours and has a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let shared = Arc::new(Shared {
            target,
            faults: watch::Sender::new(Faults::default()),
            cuts: watch::Sender::new(0),
            accepted: AtomicU64::new(0),
            passed: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), SmallRng::seed_from_u64(seed)));
        Self { address, shared, accepting }
    }

    /// Where clients connect.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on these faults, for living connections too.
    pub fn set(&self, faults: Faults) {
        self.shared.faults.send_replace(faults);
    }

    /// Changes some of the faults.
    pub fn change(&self, change: impl FnOnce(&mut Faults)) {
        self.shared.faults.send_modify(change);
    }

    /// Ends every living connection, as [`Faults::cut`] says.
    pub fn cut_all(&self) {
        self.shared.cuts.send_modify(|count| *count += 1);
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Bytes passed on so far, both directions together.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort(); // and with it the set of connections that it owns
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut random: SmallRng) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        let budget = shared.faults.borrow().cut_after.clone().map_or(u64::MAX, |range| random.random_range(range));
        connections.spawn(connect(client, Arc::clone(&shared), budget));
    }
}

async fn connect(client: TcpStream, shared: Arc<Shared>, budget: u64) {
    if shared.faults.borrow().refusing {
        return end(&client, &shared);
    }
    let mut cuts = shared.cuts.subscribe();
    let Ok(server) = TcpStream::connect(shared.target).await else { return end(&client, &shared) };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let budget = Arc::new(AtomicU64::new(budget));
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let mut up = Pump { shared: Arc::clone(&shared), budget: Arc::clone(&budget), from: client_read, to: server_write };
    let mut down = Pump { shared: Arc::clone(&shared), budget, from: server_read, to: client_write };
    let both = async { tokio::try_join!(up.run(), down.run()) };
    // An orderly end of both directions is passed on by dropping; whatever else ends as the faults say.
    let cut = tokio::select! {
        ended = both => ended.is_err(),
        _ = cuts.changed() => true,
    };
    if cut {
        end(up.from.as_ref(), &shared);
        end(down.from.as_ref(), &shared);
        if shared.faults.borrow().cut == Cut::Reset {
            // Dropping a write half says goodbye with a FIN first; only closing the socket resets it.
            up.to.forget();
            down.to.forget();
        }
    }
}

/// Prepares the end that comes when the stream is dropped.
fn end(stream: &TcpStream, shared: &Shared) {
    if shared.faults.borrow().cut == Cut::Reset {
        let _ = set_socket_linger(stream, Some(Duration::ZERO));
    }
}

struct Pump {
    shared: Arc<Shared>,
    budget: Arc<AtomicU64>,
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
}

/// The connection is to be ended.
struct Ended;

impl Pump {
    async fn run(&mut self) -> Result<(), Ended> {
        let mut faults = self.shared.faults.subscribe();
        let mut piece = vec![0; PIECE];
        loop {
            // Nothing is even read while stalled, so that the sender's window fills as behind a dead link.
            let _ = faults.wait_for(|faults| !faults.stalled).await;
            let (length, allowed) = {
                let count = self.from.read(&mut piece).await.map_err(|_| Ended)?;
                (count, self.spend(count))
            };
            if length == 0 {
                let _ = self.to.shutdown().await;
                return Ok(());
            }
            let (latency, speed) = {
                let now = faults.borrow();
                (now.latency, now.bytes_per_second)
            };
            let narrow = speed.map_or(Duration::ZERO, |speed| Duration::from_secs_f64(allowed as f64 / speed as f64));
            if latency + narrow > Duration::ZERO {
                sleep(latency + narrow).await;
            }
            let _ = faults.wait_for(|faults| !faults.stalled).await;
            self.to.write_all(&piece[..allowed]).await.map_err(|_| Ended)?;
            self.shared.passed.fetch_add(allowed as u64, Ordering::SeqCst);
            if allowed < length || self.budget.load(Ordering::SeqCst) == 0 {
                return Err(Ended);
            }
        }
    }

    /// How many of `count` bytes may still pass.
    fn spend(&self, count: usize) -> usize {
        let take = |left: u64| Some(left.saturating_sub(count as u64));
        let left = self.budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).unwrap_or(0);
        usize::try_from(left).map_or(count, |left| left.min(count))
    }
}

#[cfg(test)]
mod tests;
