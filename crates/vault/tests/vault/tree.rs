//! Trees in memory, and a node that sends them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt;
use vault::chunker::Chunker;
use vault::fragment::{Decoder, Encoder};
use vault::layout::{Job, Planner};
use vault::manifest::{Builder, Piece};
use vault::repository::{Commit, Record, RepositoryError};
use vault::tar::{self, Event, Kind, Meta, Mtime, Reader};
use vault::{Chunk, Repository};

/// Entries and their data, by name.
pub type Tree = BTreeMap<Vec<u8>, (Meta, Vec<u8>)>;

pub fn entry(name: impl AsRef<[u8]>, kind: Kind) -> Meta {
    Meta {
        name: name.as_ref().to_vec(),
        mode: if kind == Kind::Directory { 0o755 } else { 0o644 },
        kind,
        uid: 0,
        gid: 0,
        user: b"root".to_vec(),
        group: b"root".to_vec(),
        mtime: Mtime { seconds: 1_700_000_000, nanos: 0 },
        xattrs: Vec::new(),
    }
}

pub fn add(tree: &mut Tree, name: impl AsRef<[u8]>, data: Vec<u8>) {
    let meta = entry(&name, Kind::File { size: data.len() as u64, extents: None });
    tree.insert(meta.name.clone(), (meta, data));
}

/// Bytes that do not deflate, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Numbers, the same for the same seed.
pub fn dice(seed: u64) -> impl FnMut() -> u64 {
    let mut reader = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
    move || {
        let mut number = [0; 8];
        reader.fill(&mut number);
        u64::from_le_bytes(number)
    }
}

/// Some hundred files of all sizes.
pub fn some_tree(seed: u64, files: u64) -> Tree {
    let (mut tree, mut roll) = (Tree::new(), dice(seed));
    for number in 0..files {
        let length = match roll() % 20 {
            0 => 200_000 + roll() % 900_000,
            1..=4 => 0,
            _ => roll() % 20_000,
        };
        let length = usize::try_from(length).unwrap();
        let data = if roll().is_multiple_of(2) {
            noise(roll(), length)
        } else {
            b"text ".iter().copied().cycle().take(length).collect()
        };
        add(&mut tree, format!("folder/{:02}-{number:04}", roll() % 30), data);
    }
    tree
}

/// The chunks of a tree, raw, in order.
pub fn chunks(tree: &Tree) -> Vec<(Piece, Vec<u8>)> {
    let mut planner = Planner::new();
    let mut jobs: Vec<Job> =
        tree.values().flat_map(|(meta, _)| planner.push(meta.clone()).expect("a good entry")).collect();
    jobs.push(planner.finish());
    let mut chunks = Vec::new();
    let mut add = |raw: Vec<u8>, entries| chunks.push((Piece { chunk: Chunk::of(&raw).unwrap(), entries }, raw));
    for job in jobs {
        match job {
            Job::Bundle(bundle) => {
                let content = |meta: &Meta, raw: &mut Vec<u8>| -> Result<(), ()> {
                    raw.extend_from_slice(&tree[&meta.name].1);
                    Ok(())
                };
                add(bundle.assemble(content).unwrap(), bundle.entries());
            }
            Job::Payload { meta, map } => {
                let mut chunker = Chunker::new();
                chunker.push(&map);
                for piece in tree[&meta.name].1.chunks(100_000) {
                    chunker.push(piece);
                    while let Some(chunk) = chunker.next_chunk() {
                        add(chunk.to_vec(), Vec::new());
                    }
                }
                if let Some(chunk) = chunker.finish() {
                    add(chunk.to_vec(), Vec::new());
                }
            }
        }
    }
    chunks
}

/// What a node sent for a backup.
pub struct Sent {
    pub record: Record,
    /// Bytes of fragments.
    pub bytes: u64,
}

/// Backs a tree up as an agent would: only what is missing goes over.
pub async fn back_up(repository: &Repository, tree: &Tree, target: &str, now: u64) -> Result<Sent, RepositoryError> {
    back_up_at(repository, tree, target, now, 3).await
}

pub async fn back_up_at(
    repository: &Repository,
    tree: &Tree,
    target: &str,
    now: u64,
    level: u32,
) -> Result<Sent, RepositoryError> {
    let session = repository.session(now).await?;
    let (mut encoder, mut decoder) = (Encoder::new(level), Decoder::default());
    let (mut builder, mut bytes) = (Builder::new(), 0);
    for (piece, raw) in chunks(tree) {
        if repository.missing(&[piece.chunk.id]).await[0] {
            let fragment = encoder.encode(&raw).unwrap();
            let fragment = decoder.verify(fragment.chunk(), fragment.bytes().clone()).unwrap();
            bytes += fragment.bytes().len() as u64;
            repository.put(&session, &fragment, now).await?;
        }
        if let Some(leaf) = builder.push(piece).unwrap() {
            bytes += put_leaf(repository, &session, &leaf, &mut encoder, now).await?;
        }
    }
    let (last, root) = builder.finish().unwrap();
    if let Some(leaf) = last {
        bytes += put_leaf(repository, &session, &leaf, &mut encoder, now).await?;
    }
    let root = encoder.encode(&root.encode().unwrap()).unwrap();
    let commit = Commit { target: target.to_owned(), at: now, notes: Vec::new() };
    let record = if repository.missing(&[root.chunk().id]).await[0] {
        bytes += root.bytes().len() as u64;
        repository.commit(&session, &root, commit).await?
    } else {
        repository.commit_root(&session, root.chunk(), commit).await?
    };
    Ok(Sent { record, bytes })
}

async fn put_leaf(
    repository: &Repository,
    session: &vault::repository::Session,
    leaf: &[u8],
    encoder: &mut Encoder,
    now: u64,
) -> Result<u64, RepositoryError> {
    if repository.has_leaf(&Chunk::of(leaf).unwrap()).await? {
        return Ok(0);
    }
    let fragment = encoder.encode(leaf).unwrap();
    repository.put_leaf(session, &fragment, now).await?;
    Ok(fragment.bytes().len() as u64)
}

/// Reads a backup back through the tar reader.
pub async fn restore(repository: &Arc<Repository>, number: u64) -> Result<Tree, RepositoryError> {
    let mut stream = repository.tar_stream(number).await?;
    let (mut reader, mut tree, mut last) = (Reader::new(), Tree::new(), Vec::new());
    while let Some(piece) = stream.try_next().await? {
        reader.push(&piece);
        while let Some(event) = reader.next_event()? {
            match event {
                Event::Entry(meta) => {
                    last.clone_from(&meta.name);
                    tree.insert(meta.name.clone(), (meta, Vec::new()));
                }
                Event::Data(data) => tree.get_mut(&last).unwrap().1.extend_from_slice(&data),
                Event::End => {}
            }
        }
    }
    reader.finish()?;
    Ok(tree)
}

/// A backup's whole archive.
pub async fn archive(repository: &Arc<Repository>, number: u64) -> Vec<u8> {
    let archive = repository.archive(number).await.unwrap();
    range(repository, number, 0..archive.length()).await
}

pub async fn range(repository: &Arc<Repository>, number: u64, range: std::ops::Range<u64>) -> Vec<u8> {
    let archive = repository.archive(number).await.unwrap();
    let pieces: Vec<_> = archive.read(range).unwrap().try_collect().await.unwrap();
    pieces.concat()
}

/// How much of the archive a file's data takes.
pub fn stored(meta: &Meta) -> u64 {
    tar::stored_length(meta)
}
