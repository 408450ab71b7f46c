//! The walk over a tree, on folders' descriptors: in the archive's order, without following links, without locks.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::vec;

use kernel::clock::Timestamp;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, SeekFrom, Stat};
use rustix::io::Errno;
use vault::repository::{Note, NoteKind};
use vault::tar::{Extents, Kind, Meta, Mtime, SMALLEST_HOLE};

use super::allowed::open_file;

/// File systems whose files are no data: proc, sysfs, devpts, cgroup, cgroup2, debugfs, tracefs, securityfs, bpf.
const NO_DATA: [u64; 9] =
    [0x9fa0, 0x6265_6572, 0x1cd1, 0x27_e0eb, 0x6367_7270, 0x6462_6720, 0x7472_6163, 0x7363_6673, 0xcafe_4a11];

/// What tells one state of a file from another, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint {
    device: u64,
    inode: u64,
    size: i64,
    /// Seconds and nanoseconds of mtime and ctime.
    times: [i64; 4],
}

impl Fingerprint {
    pub(super) fn of(stat: &Stat) -> Self {
        #[expect(clippy::unnecessary_cast, reason = "the types differ between architectures")]
        let times = [stat.st_mtime as i64, stat.st_mtime_nsec as i64, stat.st_ctime as i64, stat.st_ctime_nsec as i64];
        #[expect(clippy::unnecessary_cast, reason = "the types differ between architectures")]
        let (device, inode) = (stat.st_dev as u64, stat.st_ino as u64);
        Self { device, inode, size: stat.st_size, times }
    }

    pub(super) fn bytes(&self) -> [u8; 56] {
        let mut bytes = [0; 56];
        let words = [self.device, self.inode, self.size.cast_unsigned()];
        let words = words.into_iter().chain(self.times.map(i64::cast_unsigned));
        for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// When it was last changed in any way.
    pub(super) fn changed(&self) -> Timestamp {
        Timestamp::from_micros(self.times[2].saturating_mul(1_000_000).saturating_add(self.times[3] / 1000))
    }

    /// Whether it was changed at `second` or later: then it may be changed again without its times telling.
    pub(super) fn since(&self, second: i64) -> bool {
        self.times[0] >= second || self.times[2] >= second
    }
}

/// What a walk meets.
pub(super) enum Met {
    Entry(Meta, Fingerprint),
    Note(Note),
}

/// A folder that is being gone through.
struct Level {
    folder: OwnedFd,
    device: u64,
    /// How much of the prefix is its own.
    prefix: usize,
    /// Sorted as in the archive: folders with their slash.
    names: vec::IntoIter<Vec<u8>>,
}

/// A walk: an iterator that holds the folders from the root to where it is.
pub(super) struct Walk {
    root: Arc<OwnedFd>,
    levels: Vec<Level>,
    prefix: Vec<u8>,
    began: bool,
    /// Files with several names, by the first one met.
    links: HashMap<(u64, u64), Vec<u8>>,
    owners: Owners,
    /// Root reads everything; anybody else is asked.
    is_root: bool,
}

impl Walk {
    pub(super) fn new(root: Arc<OwnedFd>) -> Self {
        let is_root = rustix::process::geteuid().is_root();
        let (levels, prefix, links) = (Vec::new(), Vec::new(), HashMap::new());
        Self { root, levels, prefix, began: false, links, owners: Owners::read(), is_root }
    }

    fn begin(&mut self) -> Met {
        self.began = true;
        let stat = rustix::fs::fstat(&*self.root);
        let opened = rustix::fs::openat(&*self.root, ".", folder_flags(), Mode::empty());
        match (stat, opened) {
            (Ok(stat), Ok(folder)) => {
                let seen = Fingerprint::of(&stat);
                let xattrs = attributes(&format!("/proc/self/fd/{}", self.root.as_raw_fd()));
                if let Err(error) = self.enter(folder, seen.device) {
                    return Met::Note(unreadable(b"./", error));
                }
                Met::Entry(self.meta(b"./".to_vec(), Kind::Directory, &stat, xattrs), seen)
            }
            (Err(error), _) | (_, Err(error)) => Met::Note(unreadable(b"./", error)),
        }
    }

    /// Reads a folder's names and goes into it.
    fn enter(&mut self, folder: OwnedFd, device: u64) -> rustix::io::Result<()> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let mut name = entry.file_name().to_bytes().to_vec();
            if name == b"." || name == b".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => match rustix::fs::statat(&folder, &name[..], AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                    Err(_) => FileType::RegularFile,
                },
                kind => kind,
            };
            if kind == FileType::Directory {
                name.push(b'/');
            }
            names.push(name);
        }
        names.sort_unstable();
        self.levels.push(Level { folder, device, prefix: self.prefix.len(), names: names.into_iter() });
        Ok(())
    }

    /// `None`: the entry is left out without a word.
    fn visit(&mut self, short: &[u8]) -> Option<Met> {
        let level = self.levels.last()?;
        let name = [&self.prefix[..level.prefix], short].concat();
        let plain = short.strip_suffix(b"/").unwrap_or(short);
        let stat = match rustix::fs::statat(&level.folder, plain, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Some(Met::Note(Note { kind: NoteKind::Unstable, name })),
            Err(error) => return Some(Met::Note(unreadable(&name, error))),
        };
        let seen = Fingerprint::of(&stat);
        let kind = FileType::from_raw_mode(stat.st_mode);
        if (kind == FileType::Directory) != short.ends_with(b"/") {
            return Some(Met::Note(Note { kind: NoteKind::Unstable, name }));
        }
        let here = format!("/proc/self/fd/{}/", level.folder.as_raw_fd());
        let kind = match kind {
            FileType::Socket => return Some(Met::Note(Note { kind: NoteKind::Socket, name })),
            FileType::Directory => {
                let opened = rustix::fs::openat(&level.folder, plain, folder_flags(), Mode::empty());
                let other_device = seen.device != level.device;
                let xattrs = attributes_at(&here, plain);
                let entered = opened.and_then(|folder| {
                    if other_device && has_no_data(&folder) {
                        return Ok(());
                    }
                    let same = Fingerprint::of(&rustix::fs::fstat(&folder)?);
                    if (same.device, same.inode) != (seen.device, seen.inode) {
                        return Err(Errno::NOENT);
                    }
                    self.prefix.truncate(self.levels.last().map_or(0, |level| level.prefix));
                    self.prefix.extend_from_slice(short);
                    self.enter(folder, seen.device)
                });
                return match entered {
                    Ok(()) => Some(Met::Entry(self.meta(name, Kind::Directory, &stat, xattrs), seen)),
                    Err(error) => Some(Met::Note(unreadable(&name, error))),
                };
            }
            FileType::Symlink => match rustix::fs::readlinkat(&level.folder, plain, Vec::new()) {
                Ok(target) => Kind::Symlink(target.into_bytes()),
                Err(error) => return Some(Met::Note(unreadable(&name, error))),
            },
            FileType::Fifo => Kind::Fifo,
            FileType::CharacterDevice => {
                Kind::CharDevice { major: rustix::fs::major(stat.st_rdev), minor: rustix::fs::minor(stat.st_rdev) }
            }
            FileType::BlockDevice => {
                Kind::BlockDevice { major: rustix::fs::major(stat.st_rdev), minor: rustix::fs::minor(stat.st_rdev) }
            }
            _ => match self.file(&name, plain, &stat) {
                Ok(kind) => kind,
                Err(error) => return Some(Met::Note(unreadable(&name, error))),
            },
        };
        let xattrs = attributes_at(&here, plain);
        Some(Met::Entry(self.meta(name, kind, &stat, xattrs), seen))
    }

    fn file(&mut self, name: &[u8], plain: &[u8], stat: &Stat) -> rustix::io::Result<Kind> {
        let seen = Fingerprint::of(stat);
        if stat.st_nlink > 1 {
            if let Some(first) = self.links.get(&(seen.device, seen.inode)) {
                return Ok(Kind::HardLink(first.clone()));
            }
            self.links.insert((seen.device, seen.inode), name.to_vec());
        }
        if !self.is_root
            && let Some(level) = self.levels.last()
        {
            let access = rustix::fs::Access::READ_OK;
            let allowed = rustix::fs::accessat(&level.folder, plain, access, AtFlags::EACCESS);
            if let Err(error) = allowed {
                self.links.remove(&(seen.device, seen.inode));
                return Err(error);
            }
        }
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let on_disk = u64::try_from(stat.st_blocks).unwrap_or(0) * 512;
        let extents = if size >= SMALLEST_HOLE && on_disk < size { self.holes(name, size)? } else { None };
        Ok(Kind::File { size, extents })
    }

    fn holes(&self, name: &[u8], size: u64) -> rustix::io::Result<Option<Extents>> {
        let file = open_file(&self.root, name)?;
        let mut data = Vec::new();
        let mut position = 0;
        while position < size {
            let start = match rustix::fs::seek(&file, SeekFrom::Data(position)) {
                Ok(start) if start < size => start,
                Ok(_) | Err(Errno::NXIO) => break,
                // A file system that knows no holes.
                Err(_) => return Ok(None),
            };
            let end = rustix::fs::seek(&file, SeekFrom::Hole(start))?.min(size);
            data.push((start, end.saturating_sub(start)));
            position = end.max(start + 1);
        }
        Ok(Extents::new(&data, size).unwrap_or(None))
    }

    fn meta(&self, name: Vec<u8>, kind: Kind, stat: &Stat, xattrs: Vec<(Vec<u8>, Vec<u8>)>) -> Meta {
        let times = Fingerprint::of(stat).times;
        Meta {
            name,
            kind,
            mode: stat.st_mode & 0o7777,
            uid: u64::from(stat.st_uid),
            gid: u64::from(stat.st_gid),
            user: self.owners.user(stat.st_uid),
            group: self.owners.group(stat.st_gid),
            mtime: Mtime { seconds: times[0], nanos: u32::try_from(times[1]).unwrap_or(0) },
            xattrs,
        }
    }
}

impl Iterator for Walk {
    type Item = Met;

    fn next(&mut self) -> Option<Met> {
        if !self.began {
            return Some(self.begin());
        }
        loop {
            let Some(short) = self.levels.last_mut()?.names.next() else {
                self.levels.pop();
                continue;
            };
            if let Some(met) = self.visit(&short) {
                return Some(met);
            }
        }
    }
}

const fn folder_flags() -> OFlags {
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC)
}

fn has_no_data(folder: &impl AsFd) -> bool {
    // The type differs between architectures.
    rustix::fs::fstatfs(folder).is_ok_and(|info| u64::try_from(info.f_type).is_ok_and(|kind| NO_DATA.contains(&kind)))
}

fn unreadable(name: &[u8], error: Errno) -> Note {
    tracing::debug!(name = %String::from_utf8_lossy(name), error = %error, "unreadable");
    Note { kind: NoteKind::Unreadable, name: name.to_vec() }
}

fn attributes_at(folder: &str, plain: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    use std::os::unix::ffi::OsStrExt;
    attributes(std::ffi::OsStr::from_bytes(&[folder.as_bytes(), plain].concat()))
}

/// Extended attributes, sorted by name. Those that cannot be read are left out: tar can say no more of them.
fn attributes(path: &(impl AsRef<std::ffi::OsStr> + ?Sized)) -> Vec<(Vec<u8>, Vec<u8>)> {
    let path = path.as_ref();
    let mut list = vec![0; 1024];
    let length = match rustix::fs::llistxattr(path, &mut list[..]) {
        Ok(length) => length,
        Err(Errno::RANGE) => {
            list.resize(64 << 10, 0);
            rustix::fs::llistxattr(path, &mut list[..]).unwrap_or(0)
        }
        Err(_) => 0,
    };
    let mut found = Vec::new();
    for name in list[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let Ok(size) = rustix::fs::lgetxattr_query(path, name) else { continue };
        let mut value = vec![0; size];
        match rustix::fs::lgetxattr(path, name, &mut value[..]) {
            Ok(length) => value.truncate(length),
            Err(_) => continue,
        }
        found.push((name.to_vec(), value));
    }
    found.sort_unstable();
    found
}

/// Names of users and groups, from the files in `/etc` alone: asking name services could wait for the network.
struct Owners {
    users: HashMap<u32, Vec<u8>>,
    groups: HashMap<u32, Vec<u8>>,
}

impl Owners {
    fn read() -> Self {
        let read = |path| fs::read_to_string(path).map(|text| Self::parse(&text)).unwrap_or_default();
        Self { users: read("/etc/passwd"), groups: read("/etc/group") }
    }

    fn parse(text: &str) -> HashMap<u32, Vec<u8>> {
        let entry = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?.as_bytes().to_vec();
            Some((fields.nth(1)?.parse().ok()?, name))
        };
        let mut names = HashMap::new();
        for (number, name) in text.lines().filter_map(entry) {
            names.entry(number).or_insert(name);
        }
        names
    }

    fn user(&self, number: u32) -> Vec<u8> {
        self.users.get(&number).cloned().unwrap_or_default()
    }

    fn group(&self, number: u32) -> Vec<u8> {
        self.groups.get(&number).cloned().unwrap_or_default()
    }
}

/// The state of an open file.
pub(super) fn state(file: &fs::File) -> io::Result<Fingerprint> {
    Ok(Fingerprint::of(&rustix::fs::fstat(file)?))
}
