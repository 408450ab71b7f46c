//! Restoring as a user does: the plain `.tgz`, through GNU tar.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use futures::TryStreamExt;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use vault::repository::{Archive, RepositoryError};

/// Lines of what tar says that are kept.
const LINES: usize = 5;

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestoreError {
    #[error("GNU tar could not be started: {0}")]
    Tar(#[from] io::Error),
    #[error("the archive cannot be read: {0}")]
    Archive(#[from] RepositoryError),
}

/// Writes an archive into a folder. Gives what tar complained of, if it did not end well.
pub(super) async fn restore(archive: &Arc<Archive>, folder: &Path) -> Result<Option<String>, RestoreError> {
    let mut tar = Command::new("tar")
        .args(["--extract", "--gzip", "--preserve-permissions", "--delay-directory-restore", "--xattrs"])
        .args(["--xattrs-include=*", "--acls", "--file=-", "--directory"])
        .arg(folder)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut input = tar.stdin.take().ok_or_else(|| io::Error::other("it takes no input"))?;
    let feeding = async {
        let mut pieces = archive.read(0..archive.length())?;
        while let Some(piece) = pieces.try_next().await? {
            if let Err(error) = input.write_all(&piece).await {
                tracing::debug!(error = %error, "tar ended early");
                break;
            }
        }
        drop(input);
        Ok::<_, RepositoryError>(())
    };
    let (fed, ended) = tokio::join!(feeding, tar.wait_with_output());
    fed?;
    let ended = ended?;
    if ended.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Ok(Some(said.lines().take(LINES).collect::<Vec<_>>().join("; ")))
}
