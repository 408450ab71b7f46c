//! A file that is being downloaded: its bytes in `TARGET.ID.part`, and beside it which of them are there.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use bytes::Bytes;
use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock};
use serde::{Deserialize, Serialize};

use super::held::Held;

/// What is written beside the bytes.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    size: u64,
    etag: Option<String>,
    held: Held,
}

/// The bytes and their record. What is on the disk when it is dropped is recorded, whatever the reason.
pub(super) struct Partial {
    path: PathBuf,
    bytes: Arc<File>,
    record: Mutex<Record>,
    /// The record was written, or need not be.
    kept: Mutex<Option<Held>>,
}

impl Partial {
    /// Opens or begins the download of `size` bytes into `path`.
    ///
    /// # Errors
    /// If another process is at it, the disk is full, or the file cannot be written.
    pub(super) fn open(path: PathBuf, size: u64) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write {}", path.display());
        let options = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let bytes = options.with_context(cannot)?;
        if flock(&bytes, FlockOperation::NonBlockingLockExclusive).is_err() {
            bail!("another bedel is downloading it to the same place now");
        }
        let text = std::fs::read(record_path(&path)).unwrap_or_default();
        let known = serde_json::from_slice::<Record>(&text).ok();
        // Room was made for every byte, so a file of another length is not the one the record speaks of.
        let whole = bytes.metadata()?.len() == size;
        let known = known.filter(|known| whole && known.size == size && known.held.is_sound(size));
        if known.is_none() {
            bytes.set_len(0).with_context(cannot)?;
            match fallocate(&bytes, FallocateFlags::empty(), 0, size) {
                // It is known now rather than after the last byte but one.
                Err(error) if error == rustix::io::Errno::NOSPC => {
                    let _ = std::fs::remove_file(&path);
                    bail!("the disk of {} has no room for {size} bytes", path.display());
                }
                // Not every file system can, and an empty file needs no room.
                _ => bytes.set_len(size).with_context(cannot)?,
            }
        }
        let record = known.unwrap_or(Record { size, ..Record::default() });
        let kept = Mutex::new(Some(record.held.clone()));
        Ok(Self { path, bytes: Arc::new(bytes), record: Mutex::new(record), kept })
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes are there.
    pub(super) fn total(&self) -> u64 {
        self.record().held.total()
    }

    /// See [`Held::missing`].
    pub(super) fn missing(&self, most: u64) -> Vec<(u64, u64)> {
        let record = self.record();
        record.held.missing(record.size, most)
    }

    /// The version all of the bytes are of, as far as one is known.
    pub(super) fn etag(&self) -> Option<String> {
        self.record().etag.clone()
    }

    /// The version a part is of. False if it is another than that of the bytes before.
    pub(super) fn is_of(&self, etag: &str) -> bool {
        self.record().etag.get_or_insert_with(|| etag.to_owned()) == etag
    }

    /// Nothing that is there is of use: the next download begins anew.
    pub(super) fn empty(&self) {
        let mut record = self.record();
        (record.etag, record.held) = (None, Held::default());
    }

    /// Writes `pieces`, which begin at `at`; returns where they end.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) async fn write(&self, at: u64, pieces: Vec<Bytes>) -> anyhow::Result<u64> {
        let bytes = Arc::clone(&self.bytes);
        let written = tokio::task::spawn_blocking(move || {
            pieces.iter().try_fold(at, |at, piece| {
                bytes.write_all_at(piece, at)?;
                Ok::<_, io::Error>(at + piece.len() as u64)
            })
        });
        let end = written.await?.with_context(|| format!("cannot write {}", self.path.display()))?;
        self.record().held.add(at, end);
        Ok(end)
    }

    /// Makes durable what is there, and then the record of it: never the other way about.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn keep(&self) -> io::Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (held, text) = {
            let record = self.record();
            (record.held.clone(), serde_json::to_vec(&*record)?)
        };
        if kept.as_ref() == Some(&held) {
            return Ok(());
        }
        self.bytes.sync_data()?;
        kernel::data_dir::replace_file(&record_path(&self.path), &text)?;
        *kept = Some(held);
        Ok(())
    }

    /// The whole file is at `target` from now on.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn finish(self, target: &Path) -> io::Result<()> {
        self.bytes.sync_all()?;
        std::fs::rename(&self.path, target)?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        self.forget();
        Ok(())
    }

    /// Throws the bytes away.
    pub(super) fn discard(self) {
        let _ = std::fs::remove_file(&self.path);
        self.forget();
    }

    /// Where the bytes are.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn forget(self) {
        let held = self.record().held.clone();
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
        let _ = std::fs::remove_file(record_path(&self.path));
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Nobody is left to tell: what is not recorded is fetched again.
        if self.total() > 0 {
            let _ = self.keep();
        } else {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// How many bytes of a download are there, by where they are.
#[must_use]
pub(crate) fn recorded(path: &Path) -> u64 {
    let text = std::fs::read(record_path(path)).unwrap_or_default();
    serde_json::from_slice::<Record>(&text).map_or(0, |record| record.held.total())
}

fn record_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_download_goes_on_with_what_is_recorded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.part");
        let partial = Partial::open(path.clone(), 10).expect("opens");
        assert!(Partial::open(path.clone(), 10).is_err(), "somebody else is at it");
        assert!(partial.is_of("\"a\"") && !partial.is_of("\"b\""));
        assert_eq!(partial.write(4, vec![Bytes::from("45"), Bytes::from("6")]).await.expect("writes"), 7);
        drop(partial);
        assert_eq!(recorded(&path), 3);
        let partial = Partial::open(path.clone(), 10).expect("opens again");
        assert_eq!((partial.missing(100), partial.etag().as_deref()), (vec![(0, 4), (7, 10)], Some("\"a\"")));
        partial.write(0, vec![Bytes::from("0123")]).await.expect("writes");
        partial.write(7, vec![Bytes::from("789")]).await.expect("writes");
        let target = folder.path().join("x");
        partial.finish(&target).expect("finishes");
        assert_eq!(std::fs::read(&target).expect("reads"), b"0123456789");
        assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 1, "nothing is left behind");
    }

    #[tokio::test]
    async fn what_does_not_fit_its_record_is_begun_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.part");
        for damage in ["{", r#"{"size":10,"etag":null,"held":[[0,99]]}"#, r#"{"size":11,"etag":null,"held":[[0,9]]}"#] {
            let partial = Partial::open(path.clone(), 10).expect("opens");
            partial.write(0, vec![Bytes::from("0123")]).await.expect("writes");
            drop(partial);
            std::fs::write(record_path(&path), damage).expect("writes");
            let partial = Partial::open(path.clone(), 10).expect("opens");
            assert_eq!(partial.total(), 0, "{damage}");
            partial.discard();
        }
        drop(Partial::open(path.clone(), 10).expect("opens"));
        assert!(!path.exists(), "room that nothing came into is given back");
        std::fs::write(&path, b"short").expect("writes");
        std::fs::write(record_path(&path), r#"{"size":10,"etag":null,"held":[[0,9]]}"#).expect("writes");
        assert_eq!(Partial::open(path, 10).expect("opens").total(), 0, "the bytes are gone");
    }
}
