//! Sending events to the sockets of other processes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often a full socket is tried, 1 ms apart: its process is busy, or stopped.
const TRIES: u32 = 50;

/// For how long a socket that stayed full is tried only once an event: its process is stopped, and nobody waits for it.
const SLOW_FOR: Duration = Duration::from_secs(1);

pub(super) struct FanOut {
    folder: Arc<File>,
    socket: UnixDatagram,
    slow: Mutex<BTreeMap<String, Instant>>,
}

impl FanOut {
    pub(super) fn new(folder: Arc<File>) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self { folder, socket, slow: Mutex::default() })
    }

    /// Sends to each, and names those that nobody reads any more. A full one misses the event: its subscribers see the
    /// gap.
    pub(super) async fn send(&self, sockets: &[String], channel: &str, seq: u64, payload: &[u8]) -> Vec<String> {
        let mut dead = Vec::new();
        if sockets.is_empty() {
            return dead;
        }
        let datagram = super::inbox::encode(channel, seq, payload);
        for name in sockets {
            match self.deliver(name, &datagram).await {
                Ok(()) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
                    drop(std::fs::remove_file(socket_path(&self.folder, name)));
                    dead.push(name.clone());
                }
                Err(error) => tracing::debug!(error = %error, live.socket = name, "an event was missed"),
            }
        }
        dead
    }

    async fn deliver(&self, name: &str, datagram: &[u8]) -> io::Result<()> {
        let path = socket_path(&self.folder, name);
        let patient = {
            let slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
            slow.get(name).is_none_or(|until| *until < Instant::now())
        };
        let mut tries = if patient { TRIES } else { 1 };
        loop {
            tries -= 1;
            match self.socket.send_to(datagram, &path) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && tries > 0 => {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Err(error) => {
                    if error.kind() == io::ErrorKind::WouldBlock && patient {
                        let mut slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
                        slow.retain(|_, until| *until > Instant::now());
                        slow.insert(name.to_owned(), Instant::now() + SLOW_FOR);
                    }
                    return Err(error);
                }
            }
        }
    }
}

/// A path to a socket that fits `sun_path` (108 bytes) wherever the data folder is.
pub(super) fn socket_path(folder: &File, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()))
}
