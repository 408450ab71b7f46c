//! What a tar entry says about a file.

use std::cmp::Ordering;

use super::Extents;

/// The longest name or link target, in bytes.
const MAX_NAME: usize = 4096;
/// The largest file, in bytes: what a signed 64-bit offset can reach.
const MAX_SIZE: u64 = i64::MAX.cast_unsigned();

/// Why an entry cannot be archived, or must not be extracted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetaError {
    /// The name is empty, absolute, too long, has `.`, `..`, an empty part or a NUL, or its last `/` does not fit its kind.
    #[error("not a name within an archive: {}", String::from_utf8_lossy(.0).escape_debug())]
    BadName(Vec<u8>),
    /// The link target is empty, too long or has a NUL, or a hard link's target is no earlier name.
    #[error("not a link target: {}", String::from_utf8_lossy(.0).escape_debug())]
    BadTarget(Vec<u8>),
    /// Entries are sorted by the bytes of their names, and no name comes twice.
    #[error("out of order: {}", String::from_utf8_lossy(.0).escape_debug())]
    BadOrder(Vec<u8>),
    /// A number is out of its range: mode, nanoseconds, size, or data beyond the size.
    #[error("a number of the entry is out of range")]
    BadNumber,
    /// An attribute's name is empty or has a NUL, or attributes are not sorted by name.
    #[error("not an attribute's name: {}", String::from_utf8_lossy(.0).escape_debug())]
    BadAttribute(Vec<u8>),
    /// The headers would be longer than [`super::MAX_HEADER`].
    #[error("the extended attributes are too large: {0} bytes of headers")]
    TooLarge(usize),
}

/// When a file's content last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mtime {
    /// Whole seconds since 1970, rounded down.
    pub seconds: i64,
    /// Nanoseconds after them, below 10⁹.
    pub nanos: u32,
}

/// What kind of file it is, with what only this kind has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// Its length, holes included.
        size: u64,
        /// Where its data lies, if it has holes worth telling.
        extents: Option<Extents>,
    },
    /// A folder; its name ends in `/`.
    Directory,
    /// A symbolic link to this text.
    Symlink(Vec<u8>),
    /// Another name of the entry of this name, which comes earlier.
    HardLink(Vec<u8>),
    /// A named pipe.
    Fifo,
    /// A character device.
    CharDevice {
        /// Its driver.
        major: u32,
        /// Which of the driver's.
        minor: u32,
    },
    /// A block device.
    BlockDevice {
        /// Its driver.
        major: u32,
        /// Which of the driver's.
        minor: u32,
    },
}

/// A tar entry without its content. Neither atime nor ctime: they would make two equal trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The path below the archive's root, in bytes; `./` is the root itself.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permissions with setuid, setgid and sticky: at most `0o7777`.
    pub mode: u32,
    /// The owner.
    pub uid: u64,
    /// The owning group.
    pub gid: u64,
    /// The owner's name, or nothing.
    pub user: Vec<u8>,
    /// The owning group's name, or nothing.
    pub group: Vec<u8>,
    /// Last change of the content.
    pub mtime: Mtime,
    /// Extended attributes, ACLs among them (`system.posix_acl_access`), sorted by name.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Meta {
    /// Whether this can be archived and extracted safely.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), MetaError> {
        check_name(&self.name)?;
        if self.name.ends_with(b"/") != (self.kind == Kind::Directory) {
            return Err(MetaError::BadName(self.name.clone()));
        }
        match &self.kind {
            Kind::Symlink(target) if target.is_empty() || target.len() > MAX_NAME || target.contains(&0) => {
                return Err(MetaError::BadTarget(target.clone()));
            }
            Kind::HardLink(target)
                if check_name(target).is_err()
                    || target.ends_with(b"/")
                    || order(target, &self.name) != Ordering::Less =>
            {
                return Err(MetaError::BadTarget(target.clone()));
            }
            Kind::File { size, extents } => {
                let data_end = extents.as_ref().map_or(0, Extents::end);
                if *size > MAX_SIZE || data_end > *size {
                    return Err(MetaError::BadNumber);
                }
            }
            _ => {}
        }
        if self.mode > 0o7777 || self.mtime.nanos >= 1_000_000_000 {
            return Err(MetaError::BadNumber);
        }
        if self.user.contains(&0) || self.group.contains(&0) {
            return Err(MetaError::BadNumber);
        }
        let sorted = self.xattrs.windows(2).all(|pair| pair[0].0 < pair[1].0);
        match self.xattrs.iter().find(|(name, _)| !sorted || name.is_empty() || name.contains(&0)) {
            Some((name, _)) => Err(MetaError::BadAttribute(name.clone())),
            None => Ok(()),
        }
    }
}

/// Whether extracting under this name stays below the folder extracted to.
///
/// # Errors
/// [`MetaError::BadName`].
pub fn check_name(name: &[u8]) -> Result<(), MetaError> {
    let path = name.strip_suffix(b"/").unwrap_or(name);
    let part_is_good = |part: &[u8]| !part.is_empty() && part != b"." && part != b".." && !part.contains(&0);
    if name == b"./" || (name.len() <= MAX_NAME && path.split(|byte| *byte == b'/').all(part_is_good)) {
        Ok(())
    } else {
        Err(MetaError::BadName(name.to_vec()))
    }
}

/// Whether `name` may follow `previous`: by bytes, the root first. Since folders end in `/`, this is also the order in
/// which a walk meets them that sorts each folder's names with the `/` of folders included.
///
/// # Errors
/// [`MetaError::BadOrder`].
pub fn check_order(previous: Option<&[u8]>, name: &[u8]) -> Result<(), MetaError> {
    match previous.map(|previous| order(previous, name)) {
        None | Some(Ordering::Less) => Ok(()),
        Some(_) => Err(MetaError::BadOrder(name.to_vec())),
    }
}

/// The order of entries.
pub(crate) fn order(left: &[u8], right: &[u8]) -> Ordering {
    fn key(name: &[u8]) -> &[u8] {
        if name == b"./" { b"" } else { name }
    }
    key(left).cmp(key(right))
}
