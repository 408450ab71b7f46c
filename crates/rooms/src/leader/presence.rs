//! A TCP connection by which the standby knows within milliseconds that the active server is gone: the kernel closes it
//! with the process. A byte a heartbeat tells that the process still runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the active server went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Its end of the connection was closed, or nobody listens there.
    Closed,
    /// It does not answer, and may be stopped inside a transaction.
    Silent,
}

/// Shows this server's presence while it leads.
pub(crate) struct Presence {
    leads: watch::Sender<bool>,
    watchers: Arc<AtomicUsize>,
}

impl Presence {
    /// Serves whoever connects to `listener`, until the value is dropped.
    pub(crate) fn serve(listener: TcpListener, heartbeat: Duration) -> Self {
        let (leads, followed) = watch::channel(false);
        let watchers = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&watchers);
        tokio::spawn(async move {
            let mut followed_here = followed.clone();
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    ended = followed_here.changed() => match ended {
                        Ok(()) => continue,
                        Err(_) => return,
                    },
                };
                // A failed accept is about one client that is gone.
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(show(stream, followed.clone(), heartbeat, Arc::clone(&counted)));
                }
            }
        });
        Self { leads, watchers }
    }

    /// Begins or ends to be present; an end closes every connection.
    pub(crate) fn set(&self, leads: bool) {
        self.leads.send_replace(leads);
    }

    /// How many watch.
    pub(crate) fn watchers(&self) -> usize {
        self.watchers.load(Ordering::SeqCst)
    }
}

async fn show(
    mut stream: TcpStream,
    mut leads: watch::Receiver<bool>,
    heartbeat: Duration,
    watchers: Arc<AtomicUsize>,
) {
    watchers.fetch_add(1, Ordering::SeqCst);
    let mut sign = [0_u8; 1];
    while *leads.borrow_and_update() {
        if stream.write_all(b".").await.is_err() {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(heartbeat) => {}
            changed = leads.changed() => if changed.is_err() { break },
            // Nobody sends anything: a read ends when the watcher is gone.
            _ = stream.read(&mut sign) => break,
        }
    }
    watchers.fetch_sub(1, Ordering::SeqCst);
}

/// Waits until the server at `address` is gone; it counts as silent after `patience` without a sign.
pub(crate) async fn gone(address: SocketAddr, patience: Duration) -> Gone {
    let mut stream = match tokio::time::timeout(patience, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(_)) => return Gone::Closed,
        Err(_) => return Gone::Silent,
    };
    let mut signs = [0_u8; 64];
    loop {
        // What was read before the time is over counts, also when this process was the one that slept.
        match tokio::time::timeout(patience, stream.read(&mut signs)).await {
            Ok(Ok(0) | Err(_)) => return Gone::Closed,
            Ok(Ok(_)) => {}
            Err(_) => return Gone::Silent,
        }
    }
}
