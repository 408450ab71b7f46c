//! Restoring: an archive through GNU tar, and an archive in parts, for whoever restores several at once.

use std::io;
use std::path::Path;
use std::process::Stdio;

use futures::{Stream, TryStreamExt};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use utoipa::ToSchema;
use vault::fragment::{Decoder, FragmentError};
use vault::repository;

/// What a part inflates to at most: whoever restores holds a few at once.
const MOST: u64 = 16 << 20;
/// Lines of what tar says that are kept.
const LINES: usize = 5;

/// How what is extracted comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As the tar stream.
    Tar,
    /// As the archive, a `.tgz`.
    Gzip,
}

/// Why nothing was extracted.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError<E> {
    /// GNU tar.
    #[error("GNU tar could not be started: {0}")]
    Tar(#[source] io::Error),
    /// Whoever gives the pieces.
    #[error("{0}")]
    Source(E),
}

/// Extracts what comes into a folder, through GNU tar. Gives what tar complained of, if it did not end well.
///
/// # Errors
/// Tar cannot be started, or the source fails: tar has then ended too.
pub async fn extract<P, E>(
    folder: &Path,
    form: Form,
    pieces: impl Stream<Item = Result<P, E>> + Unpin,
) -> Result<Option<String>, ExtractError<E>>
where
    P: AsRef<[u8]>,
{
    let mut tar = Command::new("tar")
        .args(["--extract", "--preserve-permissions", "--delay-directory-restore", "--xattrs"])
        // Access lists are among the attributes; `--acls` would drop them, and look for them elsewhere.
        // Records of a mebibyte: tar reads and writes as much at once.
        .args(["--xattrs-include=*", "--blocking-factor=2048", "--file=-", "--directory"])
        .arg(folder)
        .args((form == Form::Gzip).then_some("--gzip"))
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(ExtractError::Tar)?;
    let input = tar.stdin.take().ok_or_else(|| ExtractError::Tar(io::Error::other("it takes no input")))?;
    let feeding = feed(input, pieces);
    let (fed, ended) = tokio::join!(feeding, tar.wait_with_output());
    fed.map_err(ExtractError::Source)?;
    let ended = ended.map_err(ExtractError::Tar)?;
    if ended.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Ok(Some(said.lines().take(LINES).collect::<Vec<_>>().join("; ")))
}

/// Gives tar the pieces, and with the last its end; one that ends early has its reasons, which it tells.
async fn feed<P: AsRef<[u8]>, E>(
    mut input: tokio::process::ChildStdin,
    mut pieces: impl Stream<Item = Result<P, E>> + Unpin,
) -> Result<(), E> {
    while let Some(piece) = pieces.try_next().await? {
        if let Err(error) = input.write_all(piece.as_ref()).await {
            tracing::debug!(error = %error, "tar ended early");
            break;
        }
    }
    Ok(())
}

/// An archive's parts, in order: together they inflate to its tar stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parts {
    /// The archive's `ETag`: what its bytes are named by.
    pub etag: String,
    /// The archive's length in bytes.
    pub length: u64,
    /// All that lies between its header and its tail.
    pub items: Vec<Part>,
}

/// A part of an archive: raw deflate, of whole blocks, that refers to nothing before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// Where it begins in the archive.
    pub start: u64,
    /// How many bytes of the archive it has.
    pub length: u64,
    /// How many bytes it inflates to.
    pub content_size: u64,
    /// The CRC-32 of those.
    pub crc32: u32,
}

/// A part is not what the server said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a part of the archive is damaged: {0}")]
pub struct BadPart(#[from] FragmentError);

impl Part {
    pub(crate) const fn of(part: &repository::Part) -> Self {
        Self { start: part.start, length: part.length, content_size: part.raw, crc32: part.crc }
    }

    /// What its bytes inflate to.
    ///
    /// # Errors
    /// They are not what they should be.
    pub fn inflate(&self, bytes: &[u8]) -> Result<Vec<u8>, BadPart> {
        if self.content_size > MOST {
            return Err(FragmentError::BadLength(self.content_size).into());
        }
        Ok(Decoder::default().decode_run((self.content_size, self.crc32), bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

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
        let bytes = std::fs::read(&archive).map_err(|error| error.to_string());
        let said = extract(&folder, Form::Gzip, stream::iter([bytes])).await.expect("tar runs");
        assert!(said.is_some(), "it is told");
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
