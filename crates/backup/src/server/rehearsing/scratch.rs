//! Where rehearsals restore to: a folder that is empty between them.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::model::alerts::Disk;

/// Blocks and names of an entry, in bytes: what it takes beside its content.
const ENTRY: u64 = 4096;

/// What restoring so many entries of a tar stream of `span` bytes takes at most.
pub(super) fn needs(span: u64, entries: u64) -> u64 {
    span.saturating_add(entries.saturating_mul(ENTRY))
}

/// How full the disk of a folder is.
///
/// # Errors
/// It cannot be asked.
pub(in crate::server) fn disk(folder: &Path) -> io::Result<Disk> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(Disk {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        total: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

/// Makes a folder that nobody else can look into, and those above it.
///
/// # Errors
/// The disk.
pub(super) fn make(folder: &Path) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    Ok(folder.to_owned())
}

/// Removes everything in a folder, whatever modes it has, and gives how many entries that were. Links are removed, never
/// followed. A folder that is not there is empty.
///
/// # Errors
/// The disk.
pub(super) fn empty(folder: &Path) -> io::Result<u64> {
    let inside = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            fs::set_permissions(folder, Permissions::from_mode(0o700))?;
            fs::read_dir(folder)?
        }
        inside => inside?,
    };
    let mut count = 0;
    for entry in inside {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            fs::set_permissions(&path, Permissions::from_mode(0o700))?;
            count += empty(&path)?;
            fs::remove_dir(&path)?;
        } else {
            fs::remove_file(&path)?;
        }
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_folder_is_emptied_and_counted_whatever_its_modes_and_links_are_not_followed() {
        let place = tempfile::tempdir().expect("a folder");
        let (scratch, outside) = (place.path().join("scratch"), place.path().join("outside"));
        make(&scratch.join("a/b")).expect("makes");
        make(&outside).expect("makes");
        fs::write(outside.join("kept"), "kept").expect("writes");
        fs::write(scratch.join("a/b/file"), "x").expect("writes");
        symlink(&outside, scratch.join("a/link")).expect("links");
        fs::set_permissions(scratch.join("a/b"), Permissions::from_mode(0o0)).expect("sets");
        fs::set_permissions(scratch.join("a"), Permissions::from_mode(0o0)).expect("sets");
        assert_eq!(empty(&scratch).expect("empties"), 4);
        assert_eq!(fs::read_dir(&scratch).expect("is there").count(), 0);
        assert!(outside.join("kept").exists());
        assert_eq!(empty(&place.path().join("absent")).expect("is empty"), 0);
    }
}
