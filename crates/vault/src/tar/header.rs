//! Writing an entry's headers.

use super::{BLOCK, Kind, MAX_HEADER, Meta, MetaError, pax};

/// How many bytes of payload an entry has in the archive, before padding: of a file with holes, its map and its data.
#[must_use]
pub fn stored_length(meta: &Meta) -> u64 {
    match &meta.kind {
        Kind::File { size, extents: Some(extents) } => extents.map(*size).len() as u64 + extents.data(),
        Kind::File { size, extents: None } => *size,
        _ => 0,
    }
}

/// An entry's headers: all blocks before its payload.
///
/// # Errors
/// What [`Meta::check`] finds, and [`MetaError::TooLarge`].
pub fn header(meta: &Meta) -> Result<Vec<u8>, MetaError> {
    meta.check()?;
    let stored = stored_length(meta);
    let mut output = Vec::with_capacity(BLOCK as usize);
    let name = Name::of(meta);
    let target = match &meta.kind {
        Kind::Symlink(target) | Kind::HardLink(target) => &target[..],
        _ => &[],
    };
    let records = records(meta, &name, target, stored);
    if !records.is_empty() {
        extra(&mut output, b'x', b"PaxHeaders/x", &records);
    }
    if target.len() > 100 {
        extra(&mut output, b'K', b"././@LongLink", &[target, b"\0"].concat());
    }
    if name.long {
        extra(&mut output, b'L', b"././@LongLink", &[&meta.name[..], b"\0"].concat());
    }
    let mut block = Block::new();
    block.text(0..100, &name.name);
    block.number(100..108, i128::from(meta.mode));
    block.number(108..116, i128::from(meta.uid));
    block.number(116..124, i128::from(meta.gid));
    block.number(124..136, i128::from(stored));
    block.number(136..148, i128::from(meta.mtime.seconds));
    block.0[156] = match meta.kind {
        Kind::File { .. } => b'0',
        Kind::HardLink(_) => b'1',
        Kind::Symlink(_) => b'2',
        Kind::CharDevice { .. } => b'3',
        Kind::BlockDevice { .. } => b'4',
        Kind::Directory => b'5',
        Kind::Fifo => b'6',
    };
    block.text(157..257, target);
    block.text(265..297, if fits(&meta.user, 31) { &meta.user } else { b"" });
    block.text(297..329, if fits(&meta.group, 31) { &meta.group } else { b"" });
    if let Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor } = meta.kind {
        block.number(329..337, i128::from(major));
        block.number(337..345, i128::from(minor));
    }
    block.text(345..500, &name.prefix);
    output.extend(block.sealed());
    if output.len() > MAX_HEADER { Err(MetaError::TooLarge(output.len())) } else { Ok(output) }
}

fn fits(text: &[u8], most: usize) -> bool {
    text.len() <= most
}

/// An entry's name in the fields of its header.
struct Name {
    prefix: Vec<u8>,
    name: Vec<u8>,
    /// Neither field can hold it: it comes before the header, in GNU's way, which every reader knows, and in PAX's if it
    /// is UTF-8, since PAX allows nothing else.
    long: bool,
}

impl Name {
    fn of(meta: &Meta) -> Self {
        let name = &meta.name;
        if let Some(text) = sparse_name(meta) {
            // What a reader without sparse files shall call the map and the data.
            let base = text.rsplit('/').next().unwrap_or_default();
            let base = &base[..base.floor_char_boundary(80)];
            return Self { prefix: Vec::new(), name: format!("GNUSparseFile.0/{base}").into_bytes(), long: false };
        }
        if name.len() <= 100 {
            return Self { prefix: Vec::new(), name: name.clone(), long: false };
        }
        let split = (name.len() - 101..name.len() - 1).find(|at| *at > 0 && *at <= 155 && name[*at] == b'/');
        match split {
            Some(at) => Self { prefix: name[..at].to_vec(), name: name[at + 1..].to_vec(), long: false },
            None => Self { prefix: Vec::new(), name: name[..100].to_vec(), long: true },
        }
    }
}

/// The name of a file with holes, for its PAX record. One that is no UTF-8, which bsdtar refuses there, stays where other
/// names are.
fn sparse_name(meta: &Meta) -> Option<&str> {
    let sparse = matches!(meta.kind, Kind::File { extents: Some(_), .. });
    std::str::from_utf8(&meta.name).ok().filter(|_| sparse)
}

/// What the header's fields cannot say. Numbers too large for octal are in the header as well, in base 256.
fn records(meta: &Meta, name: &Name, target: &[u8], stored: u64) -> Vec<u8> {
    let mut records = Vec::new();
    let is_text = |text: &[u8]| std::str::from_utf8(text).is_ok();
    if name.long && is_text(&meta.name) {
        pax::write(&mut records, b"path", &meta.name);
    }
    if target.len() > 100 && is_text(target) {
        pax::write(&mut records, b"linkpath", target);
    }
    for (key, value, width) in [("size", stored, 11), ("uid", meta.uid, 7), ("gid", meta.gid, 7)] {
        if value >> (3 * width) > 0 {
            pax::write(&mut records, key.as_bytes(), value.to_string().as_bytes());
        }
    }
    for (key, value) in [("uname", &meta.user), ("gname", &meta.group)] {
        if !fits(value, 31) && is_text(value) {
            pax::write(&mut records, key.as_bytes(), value);
        }
    }
    if meta.mtime.nanos > 0 || meta.mtime.seconds < 0 || meta.mtime.seconds >> 33 > 0 {
        pax::write(&mut records, b"mtime", pax::time(meta.mtime.seconds, meta.mtime.nanos).as_bytes());
    }
    if let Kind::File { size, extents: Some(_) } = meta.kind {
        pax::write(&mut records, b"GNU.sparse.major", b"1");
        pax::write(&mut records, b"GNU.sparse.minor", b"0");
        if let Some(name) = sparse_name(meta) {
            pax::write(&mut records, b"GNU.sparse.name", name.as_bytes());
        }
        pax::write(&mut records, b"GNU.sparse.realsize", size.to_string().as_bytes());
    }
    for (attribute, value) in &meta.xattrs {
        pax::write(&mut records, &[b"SCHILY.xattr.", &pax::escape(attribute)[..]].concat(), value);
    }
    records
}

/// A header that carries what belongs to the next one.
fn extra(output: &mut Vec<u8>, flag: u8, name: &[u8], content: &[u8]) {
    let mut block = Block::new();
    block.text(0..100, name);
    block.number(100..108, 0o644);
    block.number(108..116, 0);
    block.number(116..124, 0);
    block.number(124..136, content.len() as i128);
    block.number(136..148, 0);
    block.0[156] = flag;
    output.extend(block.sealed());
    output.extend_from_slice(content);
    output.resize(output.len().next_multiple_of(BLOCK as usize), 0);
}

struct Block([u8; BLOCK as usize]);

impl Block {
    fn new() -> Self {
        let mut block = Self([0; BLOCK as usize]);
        block.0[257..265].copy_from_slice(b"ustar\x0000");
        block
    }

    fn text(&mut self, field: std::ops::Range<usize>, text: &[u8]) {
        let field = &mut self.0[field];
        let length = text.len().min(field.len());
        field[..length].copy_from_slice(&text[..length]);
    }

    /// Octal digits and a NUL; what does not fit or is negative in GNU's base 256.
    fn number(&mut self, field: std::ops::Range<usize>, value: i128) {
        let field = &mut self.0[field];
        let digits = field.len() - 1;
        if value >= 0 && value >> (3 * digits) == 0 {
            field[..digits].copy_from_slice(format!("{value:0digits$o}").as_bytes());
        } else {
            let bytes = value.to_be_bytes();
            field.copy_from_slice(&bytes[bytes.len() - digits - 1..]);
            field[0] = if value < 0 { 0xff } else { 0x80 };
        }
    }

    fn sealed(mut self) -> [u8; BLOCK as usize] {
        self.0[148..156].fill(b' ');
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.0[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0
    }
}
