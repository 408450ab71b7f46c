//! `bedel backup restore`: the archive's parts, several at once, through GNU tar, into a new folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use backup::restore::{ExtractError, Form, Part, Parts, extract};
use futures::{StreamExt, stream};
use reqwest::header::{IF_RANGE, RANGE};
use reqwest::{Method, StatusCode};
use rustix::fs::{FlockOperation, flock};

use super::super::{Campus, accept, read};
use super::amount;
use crate::cli::backup::Restore;

/// How often a part is asked for before the campus counts as lost, and how long is waited before each time but the first.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(500);

/// Restores beside the place first, and puts the folder there when all of it is there. Whatever ends it before, nothing is
/// left at the place itself, and what is left beside it the next try removes.
///
/// # Errors
/// If the folder exists, the backup does not, or anything of it could not be written.
pub(super) async fn restore(arguments: Restore) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let to = std::path::absolute(arguments.to.unwrap_or_else(|| PathBuf::from(&arguments.id)))?;
    if to.symlink_metadata().is_ok() {
        bail!("{} exists: name a folder that does not, with --to", to.display());
    }
    let parts = format!("/backups/{}/parts", arguments.id);
    let parts: Parts = read(campus.request(Method::GET, &parts).await?.send().await?).await?;
    let place = Place::make(&to)?;
    let archive = Archive { campus: &campus, id: &arguments.id, etag: &parts.etag };
    let unpacked = tokio::select! {
        unpacked = unpack(&archive, &parts, arguments.connections, &place.folder) => unpacked,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted: nothing was restored")),
    };
    let placed = unpacked
        .and_then(|()| std::fs::rename(&place.folder, &to).with_context(|| format!("cannot make {}", to.display())));
    match placed {
        Ok(()) => {
            println!("Restored into {} from {} of archive.", to.display(), amount(parts.length));
            Ok(())
        }
        Err(error) => {
            drop(std::fs::remove_dir_all(&place.folder));
            Err(error)
        }
    }
}

/// A folder beside the one that is wanted, held by this process alone.
struct Place {
    folder: PathBuf,
    _lock: File,
}

impl Place {
    /// Makes it; one that a try left which is no more is removed first.
    fn make(to: &Path) -> anyhow::Result<Self> {
        let mut folder = to.to_owned().into_os_string();
        folder.push(".bedel-part");
        let folder = PathBuf::from(folder);
        let cannot = || format!("cannot make {}: choose a place that can be written, with --to", folder.display());
        if let Ok(left) = File::open(&folder) {
            if flock(&left, FlockOperation::NonBlockingLockExclusive).is_err() {
                bail!("{} is being restored to by another process: wait for it, or choose another place", to.display());
            }
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("{} is left from a try before: remove it", folder.display()))?;
        }
        std::fs::create_dir(&folder).with_context(cannot)?;
        let lock = File::open(&folder).with_context(cannot)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).with_context(cannot)?;
        Ok(Self { folder, _lock: lock })
    }
}

/// An archive that is being restored.
struct Archive<'a> {
    campus: &'a Campus,
    id: &'a str,
    etag: &'a str,
}

impl Archive<'_> {
    /// What a part inflates to; asked for again if the campus goes away, or what comes is damaged.
    async fn part(&self, part: Part) -> anyhow::Result<Vec<u8>> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.attempt(part).await {
                Ok(raw) => return Ok(raw),
                Err(Lost::Again(error)) => tracing::debug!(error = %error, "a part is asked for again"),
                Err(Lost::ForGood(error)) => return Err(error),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE * 16);
        }
        self.attempt(part).await.map_err(|lost| match lost {
            Lost::Again(error) | Lost::ForGood(error) => error,
        })
    }

    async fn attempt(&self, part: Part) -> Result<Vec<u8>, Lost> {
        let range = format!("bytes={}-{}", part.start, part.start + part.length - 1);
        let path = format!("/backups/{}/archive.tgz", self.id);
        let request = self.campus.request(Method::GET, &path).await.map_err(Lost::ForGood)?;
        let answer = request.header(RANGE, range).header(IF_RANGE, self.etag).send().await;
        let answer = answer.context("the campus was lost during the restore").map_err(Lost::Again)?;
        if answer.status().is_server_error() {
            return Err(Lost::Again(anyhow::anyhow!("the campus answered {}", answer.status())));
        }
        let answer = accept(answer).await.map_err(Lost::ForGood)?;
        if answer.status() != StatusCode::PARTIAL_CONTENT {
            let repaired = "the archive's bytes changed during the restore, since the campus repaired it: try again";
            return Err(Lost::ForGood(anyhow::anyhow!(repaired)));
        }
        let bytes = answer.bytes().await.context("the campus was lost during the restore").map_err(Lost::Again)?;
        let inflating = tokio::task::spawn_blocking(move || part.inflate(&bytes));
        match inflating.await {
            Ok(inflated) => inflated.map_err(|error| Lost::Again(error.into())),
            Err(error) => Err(Lost::ForGood(error.into())),
        }
    }
}

/// Why a part did not come.
enum Lost {
    Again(anyhow::Error),
    ForGood(anyhow::Error),
}

/// Fetches and inflates several parts at once, and gives them to tar in order.
async fn unpack(archive: &Archive<'_>, parts: &Parts, connections: usize, folder: &Path) -> anyhow::Result<()> {
    let coming = stream::iter(parts.items.iter().map(|part| archive.part(*part))).buffered(connections);
    match extract(folder, Form::Tar, std::pin::pin!(coming)).await {
        Ok(None) => Ok(()),
        Ok(Some(said)) => bail!("tar could not write everything: {said}"),
        Err(ExtractError::Tar(error)) => Err(error).context("GNU tar is needed to restore, and could not be used"),
        Err(ExtractError::Source(error)) => Err(error),
    }
}
