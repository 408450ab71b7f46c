//! Which uploads this machine has begun, so that another `bedel put` of the same file goes on.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The uploads that are not complete, by campus and file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Uploads(BTreeMap<String, String>);

impl Uploads {
    fn path() -> anyhow::Result<PathBuf> {
        let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
        let state = state.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state")));
        Ok(state.context("neither XDG_STATE_HOME nor HOME is set")?.join("bedel/uploads.json"))
    }

    /// What tells one upload from another: the campus, the file's place, size and time of change, and how it is described.
    ///
    /// # Errors
    /// If the file cannot be seen.
    pub(crate) fn key(campus: &str, file: &Path, metadata: &str) -> anyhow::Result<String> {
        let place = file.canonicalize()?;
        let seen = place.metadata()?;
        Ok(format!("{campus} {} {} {}.{} {metadata}", place.display(), seen.size(), seen.mtime(), seen.mtime_nsec()))
    }

    /// Where an upload was begun.
    #[must_use]
    pub(crate) fn find(key: &str) -> Option<String> {
        Self::load().0.remove(key)
    }

    /// Remembers where an upload was begun, or forgets it.
    ///
    /// # Errors
    /// If it cannot be written down.
    pub(crate) fn note(key: &str, url: Option<&str>) -> anyhow::Result<()> {
        let path = Self::path()?;
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        let lock =
            std::fs::File::options().create(true).truncate(false).write(true).open(path.with_extension("lock"))?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
        let mut uploads = Self::load();
        match url {
            Some(url) => uploads.0.insert(key.to_owned(), url.to_owned()),
            None => uploads.0.remove(key),
        };
        kernel::data_dir::replace_file(&path, &serde_json::to_vec_pretty(&uploads)?)?;
        Ok(())
    }

    /// Damaged notes are no reason not to upload: the upload then begins anew.
    fn load() -> Self {
        let text = Self::path().ok().and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }
}
