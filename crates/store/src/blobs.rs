//! Bytes on local disk: a key is a file's path under the root.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use kernel::blobs::{BlobError, BlobKey, BlobWriter, Blobs};

mod read;
mod write;

/// Blobs as files. Clones share the root. One machine's processes may share a root; a network file system may not hold
/// it, because `fdatasync` must mean what it says.
#[derive(Debug, Clone)]
pub struct LocalBlobs {
    root: Arc<Path>,
}

impl LocalBlobs {
    /// The store at `root`, which is made if need be (mode 700).
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, BlobError> {
        let root: PathBuf = root.into();
        DirBuilder::new().recursive(true).mode(0o700).create(&root).map_err(io_error)?;
        Ok(Self { root: root.into() })
    }

    fn path(&self, key: &BlobKey) -> PathBuf {
        self.root.join(key.as_str())
    }
}

#[async_trait]
impl Blobs for LocalBlobs {
    async fn create(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, BlobError> {
        let (store, key) = (self.clone(), key.clone());
        let writer = blocking(move || {
            let path = store.path(&key);
            let file = create_file(&store.root, &path).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => BlobError::Exists(key),
                _ => io_error(error),
            })?;
            Ok(write::LocalWriter::new(file, store.root, path))
        })
        .await?;
        Ok(Box::new(writer))
    }

    async fn read(
        &self,
        key: &BlobKey,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        let (path, key) = (self.path(key), key.clone());
        let wanted = range.clone();
        let file = blocking(move || {
            let file = File::open(path).map_err(|error| missing_or(error, &key))?;
            let length = file.metadata().map_err(io_error)?.len();
            if wanted.end > length { Err(BlobError::Missing(key)) } else { Ok((file, key)) }
        })
        .await?;
        Ok(read::pieces(file.0, file.1, range))
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>, BlobError> {
        let path = self.path(key);
        blocking(move || match std::fs::metadata(path) {
            Ok(found) if found.is_file() => Ok(Some(found.len())),
            Ok(_) => Ok(None),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(io_error(error)),
        })
        .await
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        let (store, path) = (self.clone(), self.path(key));
        blocking(move || {
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(io_error(error)),
            }
            // Folders that became empty go as well; one that is not empty refuses, which ends the walk.
            for folder in path.ancestors().skip(1).take_while(|folder| **folder != *store.root) {
                if std::fs::remove_dir(folder).is_err() {
                    break;
                }
            }
            Ok(())
        })
        .await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<BlobKey>, BlobError> {
        let (store, prefix) = (self.clone(), prefix.to_owned());
        blocking(move || {
            let mut keys = Vec::new();
            let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
            // A prefix that is no key's beginning (`../`) matches nothing.
            if folder.is_empty() || BlobKey::new(folder).is_ok() {
                walk(&store.root, &store.root.join(folder), &prefix, &mut keys).map_err(io_error)?;
            }
            Ok(keys)
        })
        .await
    }
}

fn walk(root: &Path, folder: &Path, prefix: &str, keys: &mut Vec<BlobKey>) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) else { continue };
        if entry.file_type()?.is_dir() {
            // Only folders that can hold a match.
            if prefix.starts_with(name) || name.starts_with(prefix) {
                walk(root, &path, prefix, keys)?;
            }
        } else if name.starts_with(prefix)
            && let Ok(key) = BlobKey::new(name)
        {
            keys.push(key);
        }
    }
    Ok(())
}

fn create_file(root: &Path, path: &Path) -> io::Result<File> {
    loop {
        // `mode(600)`: what users uploaded is nobody else's on this machine.
        match OpenOptions::new().append(true).create_new(true).mode(0o600).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A delete beside us may remove the folder again before the file is in it: then once more.
                let folder = path.parent().unwrap_or(root);
                if !root.is_dir() {
                    return Err(error);
                }
                DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            other => return other,
        }
    }
}

/// Runs file system calls where blocking is allowed.
async fn blocking<T, F>(work: F) -> Result<T, BlobError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, BlobError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(BlobError::Io(io::Error::other(error))),
    }
}

fn io_error(error: io::Error) -> BlobError {
    if is_no_space(&error) { BlobError::NoSpace } else { BlobError::Io(error) }
}

fn missing_or(error: io::Error, key: &BlobKey) -> BlobError {
    if is_absent(&error) { BlobError::Missing(key.clone()) } else { io_error(error) }
}

/// No such file, or a part of its path is a file.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// ENOSPC or EDQUOT.
pub(crate) fn is_no_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
