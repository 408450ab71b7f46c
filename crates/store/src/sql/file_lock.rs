//! The lock that writers of one SQLite file queue on, across processes.
//!
//! `flock` blocks, and the kernel frees it when its holder dies, however it dies. A thread of its own does the waiting:
//! neither the runtime's threads nor the end of the process ever wait for it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, mpsc};

use rustix::fs::{FlockOperation, flock};
use tokio::sync::oneshot;

/// The right to write, given back when dropped.
pub(super) struct Held(Arc<File>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Err(error) = flock(&*self.0, FlockOperation::Unlock) {
            tracing::error!(error = %error, "a file lock could not be given back");
        }
    }
}

/// A lock on a file that other processes lock as well.
pub(super) struct FileLock {
    wishes: mpsc::Sender<oneshot::Sender<io::Result<Held>>>,
}

impl FileLock {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file =
            Arc::new(OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?);
        let (wishes, asked) = mpsc::channel::<oneshot::Sender<io::Result<Held>>>();
        std::thread::Builder::new().name("sql-lock".to_owned()).stack_size(64 << 10).spawn(move || {
            while let Ok(wish) = asked.recv() {
                let held = lock(&file).map(|()| Held(Arc::clone(&file)));
                // A wish nobody waits for any more is dropped, and the lock with it.
                drop(wish.send(held));
            }
        })?;
        Ok(Self { wishes })
    }

    /// Asks for the lock; it is held from when the answer is there.
    pub(super) fn ask(&self) -> oneshot::Receiver<io::Result<Held>> {
        let (wish, answer) = oneshot::channel();
        // If the thread is gone the answer says so by being closed.
        drop(self.wishes.send(wish));
        answer
    }
}

fn lock(file: &File) -> io::Result<()> {
    loop {
        match flock(file, FlockOperation::LockExclusive) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
