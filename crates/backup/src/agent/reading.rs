//! Reading a file that somebody may be writing: no lock is taken; it is looked at before and after.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use vault::repository::NoteKind;
use vault::tar::{Kind, Meta};

use super::allowed::open_file;
use super::walk::{Fingerprint, state};

/// How often a small file is read anew because it changed meanwhile.
const ATTEMPTS: u32 = 3;
const PIECE: usize = 256 << 10;

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
pub(super) fn small(root: &OwnedFd, meta: &Meta, seen: Fingerprint, raw: &mut Vec<u8>) -> Option<NoteKind> {
    let start = raw.len();
    for attempt in 1..=ATTEMPTS {
        raw.truncate(start);
        let read = open_file(root, &meta.name).map_err(io::Error::from).and_then(|file| {
            let before = state(&file)?;
            each(&file, meta, |piece| {
                raw.extend_from_slice(piece);
                Ok(())
            })?;
            Ok((before, state(&file)?))
        });
        match read {
            Ok((before, after)) if before == seen && after == seen => return None,
            // What it is now can be read, but is not what the headers say.
            Ok((before, after)) if before == after && attempt > 1 => return Some(NoteKind::Unstable),
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
    mut give: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Option<NoteKind>, E> {
    let wanted: u64 = runs(meta).iter().map(|(_, length)| length).sum();
    let (mut given, mut stopped) = (0, None);
    let read = open_file(root, &meta.name).map_err(io::Error::from).and_then(|file| {
        let before = state(&file)?;
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
        Ok((before, after)) if before == seen && after == seen => None,
        Ok(_) => Some(NoteKind::Unstable),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(NoteKind::Unstable),
        Err(_) => Some(NoteKind::Unreadable),
    })
}

/// Reads a file's data in order; what has been cut off meanwhile reads as zeros.
fn each(file: &File, meta: &Meta, mut give: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    for (offset, length) in runs(meta) {
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
