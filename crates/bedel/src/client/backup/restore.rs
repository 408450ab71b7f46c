//! `bedel backup restore`: the archive, through GNU tar, into a new folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use futures::TryStreamExt;
use reqwest::Method;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::super::{Campus, accept};
use super::amount;
use crate::cli::backup::Restore;

/// Restores beside the place first, and puts the folder there when all of it is there.
///
/// # Errors
/// If the folder exists, the backup does not, or anything of it could not be written; nothing is then left of it.
pub(super) async fn restore(arguments: Restore) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let to = std::path::absolute(arguments.to.unwrap_or_else(|| PathBuf::from(&arguments.id)))?;
    if to.symlink_metadata().is_ok() {
        bail!("{} exists: name a folder that does not, with --to", to.display());
    }
    let path = format!("/backups/{}/archive.tgz", arguments.id);
    let answer = accept(campus.request(Method::GET, &path).await?.send().await?).await?;
    let size = answer.content_length();
    let mut part = to.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    std::fs::create_dir(&part).with_context(|| {
        format!("cannot make {}: choose a place that can be written, and remove what is left there", part.display())
    })?;
    let unpacked = unpack(answer, &part).await;
    let placed = unpacked.and_then(|bytes| {
        if size.is_some_and(|size| size != bytes) {
            bail!("the archive ended after {bytes} bytes");
        }
        std::fs::rename(&part, &to).with_context(|| format!("cannot make {}", to.display()))?;
        Ok(bytes)
    });
    match placed {
        Ok(bytes) => {
            println!("Restored into {} from {} of archive.", to.display(), amount(bytes));
            Ok(())
        }
        Err(error) => {
            drop(std::fs::remove_dir_all(&part));
            Err(error)
        }
    }
}

async fn unpack(answer: reqwest::Response, folder: &Path) -> anyhow::Result<u64> {
    let mut command = Command::new("tar");
    command
        .args(["--extract", "--gzip", "--preserve-permissions", "--delay-directory-restore", "--xattrs"])
        // Access lists are among the attributes; `--acls` would drop them, and look for them elsewhere.
        .args(["--xattrs-include=*", "--file=-", "--directory"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut tar = command.spawn().context("GNU tar is needed to restore, and could not be started")?;
    let mut input = tar.stdin.take().context("tar takes no input")?;
    let feeding = async {
        let mut bytes = 0;
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.try_next().await.context("the campus was lost during the restore")? {
            bytes += piece.len() as u64;
            if let Err(error) = input.write_all(&piece).await {
                tracing::debug!(error = %error, "tar ended early");
                break;
            }
        }
        drop(input);
        Ok::<_, anyhow::Error>(bytes)
    };
    let (fed, ended) = tokio::join!(feeding, tar.wait_with_output());
    let (bytes, ended) = (fed?, ended?);
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        let first: Vec<&str> = said.lines().take(5).collect();
        bail!("tar could not write everything: {}", first.join("; "));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Members that would land outside: by their names, or through a link that is a member before them.
    const ARCHIVE: &str = "
import io, sys, tarfile
with tarfile.open(sys.argv[1], 'w:gz') as archive:
    def put(name, kind=tarfile.REGTYPE, target=''):
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, target, 4 if kind == tarfile.REGTYPE else 0
        archive.addfile(member, io.BytesIO(b'evil'))
    put('good')
    put('../evil')
    put('a/../../evil')
    put(sys.argv[2] + '/evil')
    put('out', tarfile.SYMTYPE, '..')
    put('out/evil')
    put('far', tarfile.SYMTYPE, sys.argv[2])
    put('far/evil')
";

    #[tokio::test]
    async fn nothing_of_an_archive_lands_outside_the_folder() {
        let place = tempfile::tempdir().expect("a folder");
        let (archive, folder, far) =
            (place.path().join("a.tgz"), place.path().join("inside"), place.path().join("far"));
        for folder in [&folder, &far] {
            std::fs::create_dir(folder).expect("makes");
        }
        let made = std::process::Command::new("python3")
            .args(["-c", ARCHIVE])
            .arg(&archive)
            .arg(&far)
            .status()
            .expect("python3");
        assert!(made.success());
        let answer = http::Response::new(std::fs::read(&archive).expect("reads"));
        unpack(answer.into(), &folder).await.expect_err("it is told");
        let landed = |folder: &Path| {
            let entries = std::fs::read_dir(folder).expect("lists");
            let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(landed(place.path()), ["a.tgz", "far", "inside"]);
        assert!(landed(&far).is_empty(), "{:?}", landed(&far));
        assert!(folder.join("good").exists());
    }
}
