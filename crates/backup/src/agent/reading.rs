//! Reading a file that somebody may be writing: no lock is taken; it is looked at before and after.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use kernel::clock::Clock;
use vault::repository::NoteKind;
use vault::tar::{Kind, Meta};

use super::allowed::open_file;
use super::walk::{Fingerprint, state};

/// How often a small file is read anew because it changed meanwhile.
const ATTEMPTS: u32 = 3;
const PIECE: usize = 256 << 10;
/// File systems' clocks tick every 1 to 10 ms: a file that is changed twice between two ticks looks as if it was changed once.
const TICK: Duration = Duration::from_millis(20);

/// The state of a file from which on every change shows; none if it is being changed all the time.
fn settled(file: &File, clock: &dyn Clock) -> io::Result<Option<Fingerprint>> {
    for wait in [true, false] {
        let (now, state) = (clock.now(), state(file)?);
        let changed = state.changed();
        // Changed in the future: a clock was put back, and the next change has another time.
        if now.since(changed) >= TICK || changed.since(now) >= TICK {
            return Ok(Some(state));
        }
        if wait {
            std::thread::sleep(TICK);
        }
    }
    Ok(None)
}

/// Where a file's data lies: all of it, or its extents.
fn runs(meta: &Meta) -> Vec<(u64, u64)> {
    match &meta.kind {
        Kind::File { extents: Some(extents), .. } => extents.as_slice().to_vec(),
        Kind::File { size, extents: None } => vec![(0, *size)],
        _ => Vec::new(),
    }
}

/// Appends a small file's data to `raw`; if it is shorter than it was, what is missing is left to the caller. Gives why it
/// is not as it was seen, if it is not.
pub(super) fn small(
    root: &OwnedFd,
    meta: &Meta,
    seen: Fingerprint,
    raw: &mut Vec<u8>,
    clock: &dyn Clock,
) -> Option<NoteKind> {
    let start = raw.len();
    for attempt in 1..=ATTEMPTS {
        raw.truncate(start);
        let read = open_file(root, &meta.name).map_err(io::Error::from).and_then(|file| {
            let before = settled(&file, clock)?;
            each(&file, meta, |piece| {
                raw.extend_from_slice(piece);
                Ok(())
            })?;
            Ok((before, state(&file)?))
        });
        match read {
            Ok((before, after)) if before == Some(seen) && after == seen => return None,
            // What it is now can be read, but is not what the headers say.
            Ok((before, after)) if before == Some(after) && attempt > 1 => return Some(NoteKind::Unstable),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(NoteKind::Unstable),
            Err(_) if attempt < ATTEMPTS => {}
            Err(_) => return Some(NoteKind::Unreadable),
        }
    }
    Some(NoteKind::Unstable)
}

/// Gives a large file's data piece by piece, as many bytes as the headers say. Gives why it is not as it was seen, if it
/// is not; zeros stand for what is missing.
pub(super) fn large<E>(
    root: &OwnedFd,
    meta: &Meta,
    seen: Fingerprint,
    clock: &dyn Clock,
    mut give: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Option<NoteKind>, E> {
    let wanted: u64 = runs(meta).iter().map(|(_, length)| length).sum();
    let (mut given, mut stopped) = (0, None);
    let read = open_file(root, &meta.name).map_err(io::Error::from).and_then(|file| {
        let before = settled(&file, clock)?;
        each(&file, meta, |piece| {
            given += piece.len() as u64;
            give(piece).map_err(|error| {
                stopped = Some(error);
                io::Error::from(io::ErrorKind::Interrupted)
            })
        })?;
        Ok((before, state(&file)?))
    });
    if let Some(error) = stopped {
        return Err(error);
    }
    while given < wanted {
        let zeros = &[0; 4096][..usize::try_from(wanted - given).unwrap_or(usize::MAX).min(4096)];
        give(zeros)?;
        given += zeros.len() as u64;
    }
    Ok(match read {
        Ok((before, after)) if before == Some(seen) && after == seen => None,
        Ok(_) => Some(NoteKind::Unstable),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(NoteKind::Unstable),
        Err(_) => Some(NoteKind::Unreadable),
    })
}

/// Reads a file's data in order; what has been cut off meanwhile reads as zeros.
fn each(file: &File, meta: &Meta, mut give: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let runs = runs(meta);
    let longest = runs.iter().map(|(_, length)| *length).max().unwrap_or(0);
    let mut buffer = vec![0; usize::try_from(longest).unwrap_or(PIECE).min(PIECE)];
    for (offset, length) in runs {
        let mut position = offset;
        while position < offset + length {
            let most = usize::try_from(offset + length - position).unwrap_or(usize::MAX).min(PIECE);
            let read = match file.read_at(&mut buffer[..most], position) {
                Ok(0) => {
                    buffer[..most].fill(0);
                    most
                }
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            give(&buffer[..read])?;
            position += read as u64;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use kernel::clock::SystemClock;
    use vault::tar::Mtime;

    use super::*;

    #[test]
    fn a_file_that_is_changed_within_a_tick_of_its_last_change_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = OwnedFd::from(File::open(folder.path()).expect("opens"));
        let size = 2 * PIECE as u64;
        let meta = Meta {
            name: b"file".to_vec(),
            kind: Kind::File { size, extents: None },
            mode: 0o644,
            uid: 0,
            gid: 0,
            user: Vec::new(),
            group: Vec::new(),
            mtime: Mtime::default(),
            xattrs: Vec::new(),
        };
        let path = folder.path().join("file");
        for round in 0..20_u8 {
            std::fs::write(&path, vec![round; 2 * PIECE]).expect("writes");
            let file = File::options().write(true).open(&path).expect("opens");
            let seen = state(&file).expect("a state");
            let (mut first, mut read) = (true, Vec::new());
            let odd = large(&root, &meta, seen, &SystemClock, |piece| {
                read.extend_from_slice(piece);
                if std::mem::take(&mut first) {
                    file.write_all_at(&vec![round + 100; 2 * PIECE], 0).expect("writes");
                }
                Ok::<_, Infallible>(())
            });
            assert!(read.iter().any(|byte| *byte != read[0]), "it was changed in its middle");
            assert!(matches!(odd, Ok(Some(NoteKind::Unstable))), "round {round}: a false green");
            let mut raw = Vec::new();
            let seen = state(&file).expect("a state");
            assert!(small(&root, &meta, seen, &mut raw, &SystemClock).is_none(), "it is left alone");
            assert_eq!(raw, vec![round + 100; 2 * PIECE]);
        }
    }
}
