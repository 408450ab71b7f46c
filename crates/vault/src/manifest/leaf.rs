//! The lower level: chunks, and where entries begin in them.

use super::ManifestError;
use crate::chunk::{Chunk, MAX_CHUNK};
use crate::tar::{self, Kind, MAX_HEADER, Meta, Mtime, check_name, check_order};
use crate::wire::{Input, Output, WireError};

const MAGIC: &[u8] = b"BDLleaf1";

/// What kind of file an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    /// A regular file.
    File = 0,
    /// A regular file with holes.
    Sparse = 1,
    /// A folder.
    Directory = 2,
    /// A symbolic link.
    Symlink = 3,
    /// Another name of an earlier file.
    HardLink = 4,
    /// A named pipe.
    Fifo = 5,
    /// A device.
    Device = 6,
}

impl EntryKind {
    const ALL: [Self; 7] =
        [Self::File, Self::Sparse, Self::Directory, Self::Symlink, Self::HardLink, Self::Fifo, Self::Device];
}

/// What is told of an entry without reading the archive, and where it begins in its chunk. For browsing; what is
/// extracted comes from the entry's headers, which must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path below the archive's root.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// The file's length, holes included.
    pub size: u64,
    /// How many bytes of payload the archive has, before padding.
    pub stored: u64,
    /// Last change of the content.
    pub mtime: Mtime,
    /// Where its headers begin in the chunk.
    pub offset: u32,
    /// How long its headers are; they lie in the chunk whole.
    pub header: u32,
}

impl Entry {
    /// Less than this an encoded entry never has.
    const LEAST: usize = 9;

    pub(crate) fn of(meta: &Meta, offset: u32, header: usize) -> Self {
        let kind = match &meta.kind {
            Kind::File { extents: None, .. } => EntryKind::File,
            Kind::File { extents: Some(_), .. } => EntryKind::Sparse,
            Kind::Directory => EntryKind::Directory,
            Kind::Symlink(_) => EntryKind::Symlink,
            Kind::HardLink(_) => EntryKind::HardLink,
            Kind::Fifo => EntryKind::Fifo,
            Kind::CharDevice { .. } | Kind::BlockDevice { .. } => EntryKind::Device,
        };
        let size = if let Kind::File { size, .. } = meta.kind { size } else { 0 };
        Self {
            name: meta.name.clone(),
            kind,
            size,
            stored: tar::stored_length(meta),
            mtime: meta.mtime,
            offset,
            header: u32::try_from(header).unwrap_or(u32::MAX),
        }
    }

    fn write(&self, output: &mut Output) {
        output.bytes(&self.name);
        output.raw(&[self.kind as u8]);
        output.number(self.size);
        output.number(self.stored);
        output.signed(self.mtime.seconds);
        output.number(u64::from(self.mtime.nanos));
        output.number(u64::from(self.offset));
        output.number(u64::from(self.header));
    }

    fn read(input: &mut Input<'_>) -> Result<Self, ManifestError> {
        let name = input.bytes()?.to_vec();
        check_name(&name)?;
        let [kind] = input.array()?;
        let kind = *EntryKind::ALL.get(usize::from(kind)).ok_or(WireError::OutOfRange)?;
        let most = i64::MAX.cast_unsigned();
        let (size, stored) = (input.bounded(most)?, input.bounded(most)?);
        let seconds = input.signed()?;
        let narrow = |value: u64| u32::try_from(value).map_err(|_| WireError::OutOfRange);
        let nanos = narrow(input.bounded(999_999_999)?)?;
        let offset = narrow(input.bounded(u64::from(MAX_CHUNK))?)?;
        let header = narrow(input.bounded(MAX_HEADER as u64)?)?;
        Ok(Self { name, kind, size, stored, mtime: Mtime { seconds, nanos }, offset, header })
    }

    fn encoded(&self) -> usize {
        self.name.len() + 24
    }
}

/// A chunk in its place, with the entries that begin in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The chunk.
    pub chunk: Chunk,
    /// The entries whose headers lie in it, in order.
    pub entries: Vec<Entry>,
}

impl Piece {
    /// About how many bytes it takes in a leaf.
    pub(super) fn encoded(&self) -> usize {
        Chunk::ENCODED + self.entries.iter().map(Entry::encoded).sum::<usize>()
    }
}

/// A run of chunks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leaf {
    /// The chunks, in the stream's order.
    pub pieces: Vec<Piece>,
}

impl Leaf {
    /// How many bytes of the tar stream it covers.
    #[must_use]
    pub fn span(&self) -> u64 {
        self.pieces.iter().map(|piece| u64::from(piece.chunk.length)).sum()
    }

    /// All entries that begin in it, in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.pieces.iter().flat_map(|piece| &piece.entries)
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut output = Output::new(MAGIC);
        output.number(self.pieces.len() as u64);
        for piece in &self.pieces {
            piece.chunk.write(&mut output);
            output.number(piece.entries.len() as u64);
            piece.entries.iter().for_each(|entry| entry.write(&mut output));
        }
        output.done()
    }

    /// Reads what [`Leaf::encode`] wrote, and nothing else.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        let mut input = Input::new(MAGIC, bytes)?;
        let count = input.count(Chunk::ENCODED - 3)?;
        let mut pieces = Vec::with_capacity(count);
        let mut previous: Option<Vec<u8>> = None;
        for _ in 0..count {
            let chunk = Chunk::read(&mut input)?;
            let begins = input.count(Entry::LEAST)?;
            let mut entries = Vec::with_capacity(begins);
            let mut end = 0_u64;
            for _ in 0..begins {
                let entry = Entry::read(&mut input)?;
                check_order(previous.as_deref(), &entry.name)?;
                previous = Some(entry.name.clone());
                let begin = u64::from(entry.offset);
                if begin < end || begin + u64::from(entry.header) > u64::from(chunk.length) {
                    return Err(ManifestError::Inconsistent);
                }
                end = begin + u64::from(entry.header);
                entries.push(entry);
            }
            pieces.push(Piece { chunk, entries });
        }
        input.end()?;
        Ok(Self { pieces })
    }
}
