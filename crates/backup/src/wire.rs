//! What a server and an agent say to each other: frames over one TLS connection. The server speaks first and says what to
//! back up; from then on the agent asks and sends, and the server answers.
//!
//! A frame is four bytes of length (little-endian), one byte of kind, and content. A chunk is its hash, four bytes of
//! length and four of CRC-32. Whoever gets a frame that is longer than it may be, or is not one, ends the connection.

use std::io;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use vault::chunk::{Chunk, ChunkId, MAX_CHUNK};
use vault::repository::{Note, NoteKind};

/// The conversation's version; an agent refuses another one.
pub(crate) const VERSION: u32 = 1;
/// Most chunks or leaves of one question.
pub(crate) const MOST_ASKED: usize = 1024;
/// Most bytes of files' names in one frame of notes.
pub(crate) const NOTES: usize = 256 << 10;
const CHUNK: usize = 40;
/// How much is read from a connection, and written to it, at once.
const BUFFER: usize = 128 << 10;
/// How much of a frame's content is copied behind its head: with it, no more than a record of TLS.
const TOGETHER: usize = 15 << 10;
/// A fragment is at most a little longer than its chunk; nothing else is as long.
const LONGEST: usize = MAX_CHUNK as usize + (64 << 10);

/// Something said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Server: back this up.
    Begin(Begin),
    /// Server: for each chunk or leaf that was asked about, whether it must be sent.
    Wanted(Vec<bool>),
    /// Server: whether a leaf was kept; false if something that it names is not here.
    Kept(bool),
    /// Server: what it knows of a root.
    Known(Known),
    /// Server: the backup is durable.
    Committed,
    /// Agent: it begins.
    Ready,
    /// Agent: it does not, or could not finish; why.
    Refused(Refusal),
    /// Agent: it is at work, and how far it has come.
    Alive(Progress),
    /// Agent: which of these chunks must be sent?
    Chunks(Vec<Chunk>),
    /// Agent: which of these leaves must be sent?
    Leaves(Vec<Chunk>),
    /// Agent: a chunk, deflated.
    Fragment(Chunk, Bytes),
    /// Agent: a leaf, deflated.
    Leaf(Chunk, Bytes),
    /// Agent: files that are not as they are in the archive.
    Notes(Vec<Note>),
    /// Agent: this is the tree; is it known?
    Root(Chunk),
    /// Agent: all is there; keep it. The root, deflated.
    Commit(Chunk, Bytes),
}

/// What a server asks for. Never a command: a path, which the agent looks up among those it may give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    pub(crate) version: u32,
    pub(crate) path: String,
    /// How hard to deflate, 1 to 9.
    pub(crate) level: u32,
}

/// Why an agent does not back up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    /// For people.
    pub(crate) detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// Another conversation's version.
    Version,
    /// The path is not below one that may be given.
    NotAllowed,
    /// The path is not there, or no folder.
    NoFolder,
    /// Another backup is under way.
    Busy,
    /// A hook failed.
    Hook,
    /// Reading or sending failed.
    Failed,
}

/// How far an agent has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

/// What a server knows of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing: its leaves must be offered.
    Not,
    /// All of it is here, from an earlier backup: it can be committed.
    Whole,
    /// It is the last backup's: there is nothing to do.
    Last,
}

/// Why a conversation ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// The link broke.
    #[error("the connection was lost")]
    Io(#[from] io::Error),
    /// The other side said something that it may not say.
    #[error("the other side broke the rules of the conversation: {0}")]
    Rules(&'static str),
}

/// A connection for TLS, whose records are an eighth of what is then read and written at once.
pub(crate) fn buffered<S: AsyncRead + AsyncWrite>(stream: S) -> BufStream<S> {
    BufStream::with_capacity(BUFFER, BUFFER, stream)
}

/// Reads one frame. Memory is bounded by the longest frame.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Frame, WireError> {
    let length = stream.read_u32_le().await? as usize;
    if length == 0 || length > LONGEST {
        return Err(WireError::Rules("a frame of a length that none has"));
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await?;
    let content = Bytes::from(content);
    decode(content[0], &content.slice(1..))
}

/// Writes one frame; it is on its way after a flush.
pub(crate) async fn write(stream: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> Result<(), WireError> {
    let (kind, head, body) = encode(frame);
    let length = u32::try_from(1 + head.len() + body.len()).unwrap_or(u32::MAX);
    let mut start = length.to_le_bytes().to_vec();
    start.push(kind);
    start.extend(head);
    // What begins a frame leaves with as much of the rest as TLS sends at once.
    let (first, rest) = body.split_at(body.len().min(TOGETHER));
    start.extend_from_slice(first);
    stream.write_all(&start).await?;
    stream.write_all(rest).await?;
    Ok(())
}

fn encode(frame: &Frame) -> (u8, Vec<u8>, Bytes) {
    let json = |value: serde_json::Result<Vec<u8>>| value.unwrap_or_default();
    let with = |kind, chunk: &Chunk, bytes: &Bytes| {
        let mut head = Vec::with_capacity(CHUNK);
        put(&mut head, chunk);
        (kind, head, bytes.clone())
    };
    let only = |kind, head| (kind, head, Bytes::new());
    match frame {
        Frame::Begin(begin) => only(0, json(serde_json::to_vec(begin))),
        Frame::Wanted(wanted) => only(1, wanted.iter().map(|wanted| u8::from(*wanted)).collect()),
        Frame::Kept(kept) => only(2, vec![u8::from(*kept)]),
        Frame::Known(known) => only(3, vec![*known as u8]),
        Frame::Committed => only(4, Vec::new()),
        Frame::Ready => only(16, Vec::new()),
        Frame::Refused(refusal) => only(17, json(serde_json::to_vec(refusal))),
        Frame::Alive(progress) => only(18, json(serde_json::to_vec(progress))),
        Frame::Chunks(chunks) => only(19, all(chunks)),
        Frame::Leaves(leaves) => only(20, all(leaves)),
        Frame::Fragment(chunk, bytes) => with(21, chunk, bytes),
        Frame::Leaf(chunk, bytes) => with(22, chunk, bytes),
        Frame::Notes(notes) => only(23, put_notes(notes)),
        Frame::Root(root) => only(24, all(&[*root])),
        Frame::Commit(root, bytes) => with(25, root, bytes),
    }
}

fn decode(kind: u8, content: &Bytes) -> Result<Frame, WireError> {
    match kind {
        0 => Ok(Frame::Begin(json(content)?)),
        1 => content.iter().map(|byte| flag(*byte)).collect::<Result<_, _>>().map(Frame::Wanted),
        2 => match content[..] {
            [byte] => flag(byte).map(Frame::Kept),
            _ => Err(WireError::Rules("an answer that is neither yes nor no")),
        },
        3 => match content[..] {
            [0] => Ok(Frame::Known(Known::Not)),
            [1] => Ok(Frame::Known(Known::Whole)),
            [2] => Ok(Frame::Known(Known::Last)),
            _ => Err(WireError::Rules("a root that is known in no known way")),
        },
        4 if content.is_empty() => Ok(Frame::Committed),
        16 if content.is_empty() => Ok(Frame::Ready),
        17 => Ok(Frame::Refused(json(content)?)),
        18 => Ok(Frame::Alive(json(content)?)),
        19 => chunks(content).map(Frame::Chunks),
        20 => chunks(content).map(Frame::Leaves),
        21 => with(content).map(|(chunk, bytes)| Frame::Fragment(chunk, bytes)),
        22 => with(content).map(|(chunk, bytes)| Frame::Leaf(chunk, bytes)),
        23 => notes(content).map(Frame::Notes),
        24 => with(content).map(|(chunk, _)| Frame::Root(chunk)),
        25 => with(content).map(|(chunk, bytes)| Frame::Commit(chunk, bytes)),
        _ => Err(WireError::Rules("a frame of an unknown kind")),
    }
}

fn json<T: DeserializeOwned>(content: &[u8]) -> Result<T, WireError> {
    serde_json::from_slice(content).map_err(|_| WireError::Rules("a frame that is not JSON as it should be"))
}

fn flag(byte: u8) -> Result<bool, WireError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(WireError::Rules("an answer that is neither yes nor no")),
    }
}

fn put(output: &mut Vec<u8>, chunk: &Chunk) {
    output.extend_from_slice(chunk.id.as_bytes());
    output.extend_from_slice(&chunk.length.to_le_bytes());
    output.extend_from_slice(&chunk.crc.to_le_bytes());
}

fn all(chunks: &[Chunk]) -> Vec<u8> {
    let mut output = Vec::with_capacity(chunks.len() * CHUNK);
    chunks.iter().for_each(|chunk| put(&mut output, chunk));
    output
}

fn chunk(bytes: &[u8]) -> Result<Chunk, WireError> {
    let wrong = WireError::Rules("a chunk that is none");
    let Some((id, rest)) = bytes.split_first_chunk::<32>() else { return Err(wrong) };
    let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Err(wrong) };
    let Some((crc, _)) = rest.split_first_chunk::<4>() else { return Err(wrong) };
    let length = u32::from_le_bytes(*length);
    if !(1..=MAX_CHUNK).contains(&length) {
        return Err(wrong);
    }
    Ok(Chunk { id: ChunkId::new(*id), length, crc: u32::from_le_bytes(*crc) })
}

fn chunks(content: &[u8]) -> Result<Vec<Chunk>, WireError> {
    if !content.len().is_multiple_of(CHUNK) || content.len() > MOST_ASKED * CHUNK {
        return Err(WireError::Rules("a question that is too long"));
    }
    content.chunks_exact(CHUNK).map(chunk).collect()
}

fn with(content: &Bytes) -> Result<(Chunk, Bytes), WireError> {
    let chunk = chunk(content)?;
    Ok((chunk, content.slice(CHUNK..)))
}

fn put_notes(notes: &[Note]) -> Vec<u8> {
    let mut output = Vec::new();
    for note in notes {
        output.push(note.kind as u8);
        output.extend_from_slice(&u16::try_from(note.name.len()).unwrap_or(u16::MAX).to_le_bytes());
        output.extend_from_slice(&note.name[..note.name.len().min(usize::from(u16::MAX))]);
    }
    output
}

fn notes(mut content: &[u8]) -> Result<Vec<Note>, WireError> {
    let wrong = || WireError::Rules("a note that is none");
    let mut notes = Vec::new();
    while let Some((kind, rest)) = content.split_first() {
        let kind = match kind {
            0 => NoteKind::Unstable,
            1 => NoteKind::Unreadable,
            2 => NoteKind::Socket,
            3 => NoteKind::Refused,
            _ => return Err(wrong()),
        };
        let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(wrong)?;
        let (name, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length))).ok_or_else(wrong)?;
        notes.push(Note { kind, name: name.to_vec() });
        content = rest;
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn there_and_back(frame: Frame) {
        let mut bytes = Vec::new();
        write(&mut bytes, &frame).await.expect("writes");
        assert_eq!(read(&mut &bytes[..]).await.expect("reads"), frame);
        for cut in 0..bytes.len() {
            assert!(read(&mut &bytes[..cut]).await.is_err(), "{frame:?} cut to {cut} bytes");
        }
    }

    #[tokio::test]
    async fn what_is_said_is_understood() {
        let chunk = Chunk::of(b"content").expect("a chunk");
        let note = |kind, name: &[u8]| Note { kind, name: name.to_vec() };
        for frame in [
            Frame::Begin(Begin { version: VERSION, path: "/srv".to_owned(), level: 3 }),
            Frame::Wanted(vec![true, false]),
            Frame::Kept(false),
            Frame::Known(Known::Whole),
            Frame::Committed,
            Frame::Ready,
            Frame::Refused(Refusal { reason: Reason::NotAllowed, detail: "no".to_owned() }),
            Frame::Alive(Progress { entries: 1, bytes: 2 }),
            Frame::Chunks(vec![chunk, chunk]),
            Frame::Leaves(vec![]),
            Frame::Fragment(chunk, Bytes::from_static(b"bytes")),
            Frame::Leaf(chunk, Bytes::new()),
            Frame::Notes(vec![note(NoteKind::Unstable, b"a"), note(NoteKind::Refused, &[0xff; 3])]),
            Frame::Root(chunk),
            Frame::Commit(chunk, Bytes::from_static(b"bytes")),
        ] {
            there_and_back(frame).await;
        }
    }

    #[tokio::test]
    async fn what_may_not_be_said_ends_it() {
        let huge = [&u32::MAX.to_le_bytes()[..], &[21]].concat();
        let unknown = [&1_u32.to_le_bytes()[..], &[99]].concat();
        let empty = 0_u32.to_le_bytes().to_vec();
        let mut bomb = [&41_u32.to_le_bytes()[..], &[24]].concat();
        bomb.extend([0; 32]);
        bomb.extend((MAX_CHUNK + 1).to_le_bytes());
        bomb.extend([0; 4]);
        for bytes in [huge, unknown, empty, bomb] {
            assert!(matches!(read(&mut &bytes[..]).await, Err(WireError::Rules(_))), "{bytes:?}");
        }
    }
}
