//! Who is admitted: a folder of `*.pub` files, re-read when it changes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{PublicKey, read_public};

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// The keys of a folder and their names; whoever holds a clone sees the same, newest list.
#[derive(Debug, Clone)]
pub struct Admission {
    folder: Arc<PathBuf>,
    names: watch::Sender<Arc<HashMap<PublicKey, Arc<str>>>>,
    seen: Arc<Mutex<Seen>>,
}

/// What the folder looked like when it was last read.
type Seen = Vec<(PathBuf, u64, Option<SystemTime>)>;

impl Admission {
    /// Reads the folder; one that is missing admits nobody until it is made.
    #[must_use]
    pub fn open(folder: impl Into<PathBuf>) -> Self {
        let admission =
            Self { folder: Arc::new(folder.into()), names: watch::Sender::new(Arc::default()), seen: Arc::default() };
        admission.refresh();
        admission
    }

    /// The name under which a key is admitted, if it is.
    #[must_use]
    pub fn name_of(&self, key: &PublicKey) -> Option<Arc<str>> {
        self.names.borrow().get(key).cloned()
    }

    /// Whether a key is admitted under this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.borrow().values().any(|admitted| **admitted == *name)
    }

    /// Wakes whenever the list changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Arc<HashMap<PublicKey, Arc<str>>>> {
        self.names.subscribe()
    }

    /// Looks at the folder now and reads it if it changed. A file that holds no key admits nobody and is logged.
    pub fn refresh(&self) {
        let now = look(&self.folder);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == now {
                return;
            }
            seen.clone_from(&now);
        }
        let mut names = HashMap::new();
        for (path, _, _) in now {
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
            match read_public(&path) {
                Ok(key) => {
                    names.insert(key, Arc::from(name));
                }
                Err(error) => tracing::warn!(error = %error, "an admitted key cannot be read"),
            }
        }
        tracing::info!(folder = %self.folder.display(), keys = names.len(), "admission read");
        self.names.send_replace(Arc::new(names));
    }

    /// Follows the folder until `end`.
    pub async fn follow(self, end: CancellationToken) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let admission = self.clone();
            if tokio::task::spawn_blocking(move || admission.refresh()).await.is_err() {
                return;
            }
        }
    }
}

fn look(folder: &Path) -> Seen {
    let mut found: Seen = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pub"))
        .filter_map(|path| {
            let metadata = std::fs::metadata(&path).ok()?;
            Some((path, metadata.len(), metadata.modified().ok()))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use kernel::clock::SystemClock;
    use kernel::id::IdSource;

    use super::*;
    use crate::keys::KeyPair;

    #[test]
    fn a_key_is_admitted_while_its_file_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let admission = Admission::open(folder.path().join("authorized"));
        let pair = KeyPair::generate(&IdSource::from_os(Arc::new(SystemClock)));
        assert_eq!(admission.name_of(&pair.public()), None);
        pair.write(&folder.path().join("authorized"), "faculty-01").expect("writes");
        admission.refresh();
        assert_eq!(admission.name_of(&pair.public()).as_deref(), Some("faculty-01"));
        std::fs::write(folder.path().join("authorized/broken.pub"), "no key").expect("writes");
        std::fs::remove_file(folder.path().join("authorized/faculty-01.pub")).expect("removes");
        admission.refresh();
        assert_eq!(admission.name_of(&pair.public()), None);
    }
}
