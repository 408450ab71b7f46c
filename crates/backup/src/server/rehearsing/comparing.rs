//! Whether a folder is what a backup's tar stream says, entry by entry and byte by byte. Nothing is looked at through a
//! link, nor outside the folder.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, SeekFrom, Stat};
use vault::tar::{Event, Extents, Kind, Meta, ReadError, Reader};

use crate::model::shown;
use crate::server::telling::Counts;

/// Differences that are told one by one.
const MOST_TOLD: usize = 8;
/// Bytes that are compared at once.
const PIECE: usize = 128 << 10;
/// Times that every file system keeps: from 1970 to 2106.
const TIMES: std::ops::RangeInclusive<i64> = 0..=4_294_967_295;

/// Why no comparison was made.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompareError {
    #[error("the scratch folder failed: {0}")]
    Io(#[from] io::Error),
    #[error("the backup's tar stream is not one: {0}")]
    Stream(#[from] ReadError),
}

impl From<rustix::io::Errno> for CompareError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

/// What a comparison found.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) entries: u64,
    /// The first differences.
    pub(super) differences: Vec<String>,
    /// How many there are.
    pub(super) unlike: u64,
    /// Devices that are missing because this process may not make any.
    pub(super) devices: u64,
    /// Whether the stream came to its end.
    pub(super) whole: bool,
}

/// A comparison that is under way.
pub(super) struct Comparison {
    root: OwnedFd,
    reader: Reader,
    found: Compared,
    open: Option<Open>,
    buffer: Vec<u8>,
    counts: Arc<Counts>,
    /// Whether this process may do everything: make devices, read what nobody may.
    mighty: bool,
}

/// A file whose data comes.
struct Open {
    name: Vec<u8>,
    file: OwnedFd,
    /// Where data is still to come, the next last.
    left: Vec<(u64, u64)>,
}

impl Comparison {
    /// With what was restored below `folder`.
    ///
    /// # Errors
    /// There is no such folder.
    pub(super) fn new(folder: &Path, counts: Arc<Counts>) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mighty = rustix::process::geteuid().is_root();
        // The folder has the mode of what was backed up, which may keep even its owner out.
        if !mighty {
            rustix::fs::chmod(folder, Mode::RWXU)?;
        }
        let root = rustix::fs::open(folder, flags, Mode::empty())?;
        let (reader, found) = (Reader::new(), Compared::default());
        Ok(Self { root, reader, found, open: None, buffer: vec![0; PIECE], counts, mighty })
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// The stream, or the disk; what differs is none.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), CompareError> {
        self.reader.push(bytes);
        while let Some(event) = self.reader.next_event()? {
            match event {
                Event::Entry(meta) => {
                    self.found.entries += 1;
                    self.counts.entries.store(self.found.entries, Ordering::Relaxed);
                    self.entry(&meta)?;
                }
                Event::Data(data) => {
                    self.counts.sent.fetch_add(data.len() as u64, Ordering::Relaxed);
                    self.data(&data)?;
                }
                Event::End => self.found.whole = true,
            }
        }
        Ok(())
    }

    /// What was found.
    pub(super) fn finish(self) -> Compared {
        self.found
    }

    fn differs(&mut self, name: &[u8], what: &str) {
        self.found.unlike += 1;
        if self.found.differences.len() < MOST_TOLD {
            self.found.differences.push(format!("{}: {what}", shown(name)));
        }
    }

    fn entry(&mut self, meta: &Meta) -> Result<(), CompareError> {
        self.open = None;
        let name = meta.name.strip_suffix(b"/").unwrap_or(&meta.name);
        let is_device = matches!(meta.kind, Kind::CharDevice { .. } | Kind::BlockDevice { .. });
        let stat = match rustix::fs::statat(&self.root, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(rustix::io::Errno::NOENT) if is_device && !self.mighty => {
                self.found.devices += 1;
                return Ok(());
            }
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {
                self.differs(&meta.name, "missing");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(what) = self.unlike(name, meta, &stat)? {
            self.differs(&meta.name, &what);
            return Ok(());
        }
        match &meta.kind {
            Kind::File { size, extents } if *size > 0 => match self.opened(name, *size, extents.as_ref(), &stat)? {
                Ok(open) => self.open = Some(open),
                Err(what) => self.differs(&meta.name, what),
            },
            Kind::Directory if !self.mighty && stat.st_mode & 0o700 != 0o700 => {
                let mode = Mode::from_raw_mode(stat.st_mode & 0o7777) | Mode::RWXU;
                // The root's is seen to beforehand.
                if name != b"." {
                    rustix::fs::chmodat(&self.root, name, mode, AtFlags::empty())?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What of an entry, its data apart, is not as it should be.
    fn unlike(&self, name: &[u8], meta: &Meta, stat: &Stat) -> Result<Option<String>, CompareError> {
        let (wanted, size) = match &meta.kind {
            Kind::File { size, .. } => (FileType::RegularFile, Some(*size)),
            Kind::HardLink(target) => {
                let other = rustix::fs::statat(&self.root, target.as_slice(), AtFlags::SYMLINK_NOFOLLOW);
                let same = other.is_ok_and(|other| (other.st_dev, other.st_ino) == (stat.st_dev, stat.st_ino));
                return Ok((!same).then(|| format!("is not another name of {}", shown(target))));
            }
            Kind::Symlink(target) => {
                let found = rustix::fs::readlinkat(&self.root, name, Vec::new()).ok();
                let same = found.is_some_and(|found| found.as_bytes() == target.as_slice());
                return Ok((!same).then(|| format!("is not a link to {}", shown(target))));
            }
            Kind::Directory => (FileType::Directory, None),
            Kind::Fifo => (FileType::Fifo, None),
            Kind::CharDevice { .. } => (FileType::CharacterDevice, None),
            Kind::BlockDevice { .. } => (FileType::BlockDevice, None),
        };
        let found = FileType::from_raw_mode(stat.st_mode);
        if found != wanted {
            return Ok(Some(format!("is {found:?} instead of {wanted:?}")));
        }
        let length = u64::try_from(stat.st_size).unwrap_or(0);
        if let Some(size) = size.filter(|size| *size != length) {
            return Ok(Some(format!("has {length} bytes instead of {size}")));
        }
        // That the root lets its owner in was seen to before it could be looked at.
        let mode = stat.st_mode & 0o7777;
        if mode != meta.mode && (self.mighty || name != b".") {
            return Ok(Some(format!("has mode {mode:o} instead of {:o}", meta.mode)));
        }
        if size.is_some() && TIMES.contains(&meta.mtime.seconds) && stat.st_mtime != meta.mtime.seconds {
            return Ok(Some("was last changed at another time".to_owned()));
        }
        Ok(None)
    }

    /// A file to be compared with the data that comes; or what is wrong with it already.
    fn opened(
        &self,
        name: &[u8],
        size: u64,
        extents: Option<&Extents>,
        stat: &Stat,
    ) -> Result<Result<Open, &'static str>, CompareError> {
        if !self.mighty && stat.st_mode & 0o400 == 0 {
            let mode = Mode::from_raw_mode(stat.st_mode & 0o7777) | Mode::RUSR;
            rustix::fs::chmodat(&self.root, name, mode, AtFlags::empty())?;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        let file = match rustix::fs::openat2(&self.root, name, flags, Mode::empty(), resolve) {
            Err(rustix::io::Errno::LOOP | rustix::io::Errno::XDEV) => return Ok(Err("lies behind a link")),
            opened => opened?,
        };
        let mut left: Vec<(u64, u64)> = extents.map_or_else(|| vec![(0, size)], |extents| extents.as_slice().to_vec());
        let mut end = 0;
        for (offset, length) in left.iter().copied().chain([(size, 0)]) {
            if !is_hole(&file, end, offset)? {
                return Ok(Err("has content where there is none"));
            }
            end = offset + length;
        }
        left.reverse();
        Ok(Ok(Open { name: name.to_vec(), file, left }))
    }

    fn data(&mut self, mut data: &[u8]) -> Result<(), CompareError> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        while !data.is_empty() {
            let Some((offset, length)) = open.left.pop() else { return Ok(()) };
            let wanted = data.len().min(PIECE).min(usize::try_from(length).unwrap_or(usize::MAX));
            let read = rustix::io::pread(&open.file, &mut self.buffer[..wanted], offset)?;
            if read == 0 || self.buffer[..read] != data[..read] {
                self.differs(&open.name, "has other content");
                return Ok(());
            }
            data = &data[read..];
            if length > read as u64 {
                open.left.push((offset + read as u64, length - read as u64));
            }
        }
        self.open = Some(open);
        Ok(())
    }
}

/// Whether a file reads as zeros from `begin` to `end`.
fn is_hole(file: &OwnedFd, mut begin: u64, end: u64) -> Result<bool, CompareError> {
    let mut buffer = vec![0; 4096];
    while begin < end {
        begin = match rustix::fs::seek(file, SeekFrom::Data(begin)) {
            Err(rustix::io::Errno::NXIO) => return Ok(true),
            data => data?,
        };
        let wanted = buffer.len().min(usize::try_from(end.saturating_sub(begin)).unwrap_or(usize::MAX));
        let read = rustix::io::pread(file, &mut buffer[..wanted], begin)?;
        if read == 0 {
            return Ok(true);
        }
        if buffer[..read].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        begin += read as u64;
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
