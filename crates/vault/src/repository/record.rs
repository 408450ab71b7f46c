//! A backup's record.

use crate::chunk::{Chunk, ChunkId};
use crate::wire::{Input, Output, WireError};

const MAGIC: &[u8] = b"BDLback1";
/// A record lists at most this many files; it counts all.
pub(super) const MAX_NOTES: usize = 10_000;
pub(super) const MAX_TARGET: usize = 8192;

/// What is to be known of a file that was not archived as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum NoteKind {
    /// It changed while it was read, each time.
    Unstable = 0,
    /// It could not be read.
    Unreadable = 1,
    /// A socket: there is nothing to archive.
    Socket = 2,
    /// Its name or its attributes cannot be archived.
    Refused = 3,
}

impl NoteKind {
    const ALL: [Self; 4] = [Self::Unstable, Self::Unreadable, Self::Socket, Self::Refused];
}

/// A file that was not archived as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Why.
    pub kind: NoteKind,
    /// Its path below the archive's root.
    pub name: Vec<u8>,
}

/// A backup that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number, rising.
    pub number: u64,
    /// When it was committed, µs since 1970.
    pub at: u64,
    /// What it is a backup of: the last N are kept of each.
    pub target: String,
    /// The root's bytes, a chunk like any other.
    pub root: Chunk,
    /// The archive's length in bytes.
    pub length: u64,
    /// Names the archive's bytes: BLAKE3 of its chunks' names and its fragments' lengths.
    pub tag: ChunkId,
    /// The length of the tar stream.
    pub span: u64,
    /// How many entries there are.
    pub entries: u64,
    /// Files that were not archived as they are, at most 10,000 of them.
    pub notes: Vec<Note>,
    /// How many such files there were.
    pub notes_total: u64,
}

impl Record {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut output = Output::new(MAGIC);
        output.number(self.number);
        output.number(self.at);
        output.bytes(self.target.as_bytes());
        self.root.write(&mut output);
        output.number(self.length);
        output.raw(self.tag.as_bytes());
        output.number(self.span);
        output.number(self.entries);
        output.number(self.notes_total);
        output.number(self.notes.len() as u64);
        for note in &self.notes {
            output.raw(&[note.kind as u8]);
            output.bytes(&note.name);
        }
        output.sealed()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Input::unsealed(MAGIC, bytes)?;
        let (number, at) = (input.number()?, input.number()?);
        let target = std::str::from_utf8(input.bytes()?).map_err(|_| WireError::OutOfRange)?.to_owned();
        let root = Chunk::read(&mut input)?;
        let length = input.number()?;
        let tag = ChunkId::new(input.array()?);
        let (span, entries, notes_total) = (input.number()?, input.number()?, input.number()?);
        let count = input.count(2)?;
        let mut notes = Vec::with_capacity(count.min(MAX_NOTES));
        for _ in 0..count {
            let [kind] = input.array()?;
            let kind = *NoteKind::ALL.get(usize::from(kind)).ok_or(WireError::OutOfRange)?;
            notes.push(Note { kind, name: input.bytes()?.to_vec() });
        }
        input.end()?;
        Ok(Self { number, at, target, root, length, tag, span, entries, notes, notes_total })
    }
}
