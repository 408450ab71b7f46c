//! Where the tar stream is cut into chunks, known from names and sizes before any content is read.
//!
//! Small files go together with their headers into *bundles*; a large file's payload is cut by its content and begins
//! and ends at a chunk's border. What follows from metadata alone can be shared out: each [`Job`] is one worker's, and
//! workers need only give their results back in the jobs' order.

use std::mem;

use crate::chunk::ChunkId;
use crate::manifest::Entry;
use crate::tar::{self, END, Meta, MetaError};

/// Payloads of at least this many bytes are cut by content on their own.
pub const LARGE: u64 = 256 << 10;
/// A bundle may end once it has this many bytes: a change sends a bundle anew, and headers alone deflate to little.
const BUNDLE_MIN: u64 = 8 << 10;
/// How many more bytes it then gets on average.
const BUNDLE_MORE: u64 = 8 << 10;
/// A bundle never has more bytes.
pub const BUNDLE_MAX: u64 = 1 << 20;

/// A piece of work that depends on no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// One chunk: headers and small files.
    Bundle(Bundle),
    /// A large file's payload, for a [`crate::chunker::Chunker`]: first `map`, then its data.
    Payload {
        /// The file, whose headers were in the bundle before.
        meta: Meta,
        /// The map of its holes, if it has any.
        map: Vec<u8>,
    },
}

/// One chunk's headers, and how long its files are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bundle {
    /// Zeros that end a large file's payload, which is in the chunks before.
    lead: u16,
    members: Vec<Member>,
    /// Whether the stream ends here.
    last: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    meta: Meta,
    header: Vec<u8>,
    /// The map of holes and, but for a large file, data.
    map: Vec<u8>,
    inside: u64,
}

impl Bundle {
    /// The files whose content is needed, in order: those that have any, and are not large.
    pub fn files(&self) -> impl Iterator<Item = &Meta> {
        self.members.iter().filter(|member| member.inside > 0).map(|member| &member.meta)
    }

    /// Names everything that the chunk depends on besides content: with a fingerprint of each file (device, inode, ctime)
    /// hashed to it, an agent can look up the chunk of an unchanged bundle without reading a file.
    #[must_use]
    pub fn identity(&self) -> ChunkId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.lead.to_le_bytes()).update(&[u8::from(self.last)]);
        for member in &self.members {
            hasher.update(&member.header).update(&member.map).update(&member.inside.to_le_bytes());
        }
        ChunkId::new(*hasher.finalize().as_bytes())
    }

    /// Where the entries lie in the chunk.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let mut offset = u32::from(self.lead);
        let mut entries = Vec::with_capacity(self.members.len());
        for member in &self.members {
            entries.push(Entry::of(&member.meta, offset, member.header.len()));
            offset += u32::try_from(member.length()).unwrap_or(u32::MAX);
        }
        entries
    }

    /// The chunk's raw bytes. `content` appends a file's data to what it is given, of a file with holes its extents in
    /// order. Data that is shorter than the headers say is filled up with zeros, longer is cut: what was promised must
    /// stand, and the caller lists such a file as unstable.
    ///
    /// # Errors
    /// The first that `content` gives.
    pub fn assemble<E>(&self, mut content: impl FnMut(&Meta, &mut Vec<u8>) -> Result<(), E>) -> Result<Vec<u8>, E> {
        let mut raw = vec![0; usize::from(self.lead)];
        for member in &self.members {
            raw.extend_from_slice(&member.header);
            raw.extend_from_slice(&member.map);
            if member.inside > 0 {
                let start = raw.len();
                content(&member.meta, &mut raw)?;
                raw.resize(start + usize::try_from(member.inside).unwrap_or(0), 0);
            }
            raw.resize(raw.len() + usize::from(tar::padding(member.stored())), 0);
        }
        if self.last {
            raw.extend_from_slice(&END);
        }
        Ok(raw)
    }

    fn length(&self) -> u64 {
        u64::from(self.lead) + self.members.iter().map(Member::length).sum::<u64>()
    }
}

impl Member {
    fn stored(&self) -> u64 {
        self.map.len() as u64 + self.inside
    }

    fn length(&self) -> u64 {
        self.header.len() as u64 + self.stored().next_multiple_of(tar::BLOCK)
    }
}

/// Makes jobs of entries that come sorted. Holds the headers of one bundle.
#[derive(Debug, Default)]
pub struct Planner {
    bundle: Bundle,
    length: u64,
    previous: Option<Vec<u8>>,
}

impl Planner {
    /// At the beginning of a tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry; gives the jobs that are now complete.
    ///
    /// # Errors
    /// [`MetaError`]; the entry is then left out and the rest may go on.
    pub fn push(&mut self, meta: Meta) -> Result<Vec<Job>, MetaError> {
        let header = tar::header(&meta)?;
        tar::check_order(self.previous.as_deref(), &meta.name)?;
        self.previous = Some(meta.name.clone());
        let stored = tar::stored_length(&meta);
        let large = stored >= LARGE;
        let map = match &meta.kind {
            tar::Kind::File { size, extents: Some(extents) } => extents.map(*size),
            _ => Vec::new(),
        };
        let (member_map, inside) = if large { (Vec::new(), 0) } else { (map.clone(), stored - map.len() as u64) };
        let member = Member { meta: meta.clone(), header, map: member_map, inside };
        let length = member.length();
        let ends = large || cuts_after(&member.meta.name, length);
        let mut jobs = Vec::new();
        if self.length + length > BUNDLE_MAX - END.len() as u64 {
            jobs.extend(self.cut());
        }
        self.length += length;
        self.bundle.members.push(member);
        if large || (ends && self.length >= BUNDLE_MIN) {
            jobs.extend(self.cut());
        }
        if large {
            jobs.push(Job::Payload { meta, map });
            self.bundle.lead = tar::padding(stored);
            self.length = u64::from(self.bundle.lead);
        }
        Ok(jobs)
    }

    /// The last bundle, which ends the stream.
    #[must_use]
    pub fn finish(mut self) -> Job {
        self.bundle.last = true;
        Job::Bundle(self.bundle)
    }

    fn cut(&mut self) -> Option<Job> {
        let bundle = mem::take(&mut self.bundle);
        self.length = 0;
        (bundle.length() > 0).then_some(Job::Bundle(bundle))
    }
}

/// By name and length, so that a change of content moves no border: the longer an entry, the likelier.
fn cuts_after(name: &[u8], length: u64) -> bool {
    u64::from(ChunkId::of(name).lot()) * BUNDLE_MORE < length << 32
}

#[cfg(test)]
mod tests;
