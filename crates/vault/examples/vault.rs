//! The vault on a folder of this machine, for measuring it beside other programs: `vault pack FOLDER STORE [LEVEL]` and
//! `vault unpack STORE NUMBER` (to standard output). It trusts nothing that it does not read: no cache of unchanged files.

use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::{env, fs, process, thread};

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::{self, BoxStream, StreamExt};
use kernel::blobs::{BlobError, BlobKey, BlobWriter, Blobs};
use vault::chunker::Chunker;
use vault::fragment::{Decoder, Encoder, Fragment};
use vault::layout::{Job, Planner};
use vault::manifest::{Builder, Piece};
use vault::repository::{Commit, RepositoryError, Session};
use vault::tar::{Kind, Meta, Mtime};
use vault::{Chunk, Repository};

struct Folder(PathBuf);

struct Appender(fs::File, u64);

impl Folder {
    fn path(&self, key: &BlobKey) -> PathBuf {
        self.0.join(key.as_str())
    }

    fn open(&self, key: &BlobKey) -> Result<fs::File, BlobError> {
        fs::File::open(self.path(key)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BlobError::Missing(key.clone()),
            _ => BlobError::Io(error),
        })
    }
}

#[async_trait]
impl Blobs for Folder {
    async fn create(&self, key: &BlobKey) -> Result<Box<dyn BlobWriter>, BlobError> {
        let path = self.path(key);
        fs::create_dir_all(path.parent().unwrap_or(&self.0)).map_err(BlobError::Io)?;
        let file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(BlobError::Io)?;
        Ok(Box::new(Appender(file, 0)))
    }

    async fn read(
        &self,
        key: &BlobKey,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or(0)];
        self.open(key)?.read_exact_at(&mut bytes, range.start).map_err(BlobError::Io)?;
        let pieces: Vec<_> = bytes.chunks(1 << 20).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok(stream::iter(pieces).boxed())
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>, BlobError> {
        Ok(fs::metadata(self.path(key)).ok().map(|metadata| metadata.len()))
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        match fs::remove_file(self.path(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BlobError::Io(error)),
            _ => Ok(()),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<BlobKey>, BlobError> {
        let Ok(entries) = fs::read_dir(self.0.join(prefix)) else { return Ok(Vec::new()) };
        let key = |entry: io::Result<fs::DirEntry>| {
            BlobKey::new(format!("{prefix}{}", entry.map_err(BlobError::Io)?.file_name().to_string_lossy()))
        };
        entries.map(key).collect()
    }
}

#[async_trait]
impl BlobWriter for Appender {
    async fn append(&mut self, pieces: Vec<Bytes>) -> Result<(), BlobError> {
        for piece in pieces {
            self.0.write_all(&piece).map_err(BlobError::Io)?;
            self.1 += piece.len() as u64;
        }
        Ok(())
    }

    async fn sync(&mut self) -> Result<u64, BlobError> {
        self.0.sync_data().map_err(BlobError::Io)?;
        Ok(self.1)
    }
}

/// Entries in the archive's order.
fn walk(folder: &Path, prefix: &[u8], found: &mut dyn FnMut(Meta)) -> io::Result<()> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let mut name = [prefix, entry.file_name().as_bytes()].concat();
        if entry.file_type()?.is_dir() {
            name.push(b'/');
        }
        entries.push((name, entry));
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    for (name, entry) in entries {
        let (metadata, kind) = (entry.metadata()?, entry.file_type()?);
        let is_dir = kind.is_dir();
        let kind = match () {
            () if is_dir => Kind::Directory,
            () if kind.is_symlink() => Kind::Symlink(fs::read_link(entry.path())?.as_os_str().as_bytes().to_vec()),
            () if kind.is_file() => Kind::File { size: metadata.len(), extents: None },
            () => continue,
        };
        found(Meta {
            name: name.clone(),
            kind,
            mode: metadata.mode() & 0o7777,
            uid: u64::from(metadata.uid()),
            gid: u64::from(metadata.gid()),
            user: Vec::new(),
            group: Vec::new(),
            mtime: Mtime { seconds: metadata.mtime(), nanos: u32::try_from(metadata.mtime_nsec()).unwrap_or(0) },
            xattrs: Vec::new(),
        });
        if is_dir {
            walk(&entry.path(), &name, found)?;
        }
    }
    Ok(())
}

type Done = Vec<(Piece, Option<Fragment>)>;

/// One worker's part: read, cut, and deflate what is missing.
fn work(root: &Path, job: Job, encoder: &mut Encoder, missing: &dyn Fn(&Chunk) -> bool) -> io::Result<Done> {
    let path = |meta: &Meta| root.join(std::ffi::OsStr::from_bytes(&meta.name));
    let mut deflate = |raw: &[u8], entries| -> io::Result<(Piece, Option<Fragment>)> {
        let chunk = Chunk::of(raw).ok_or(io::ErrorKind::InvalidData)?;
        let fragment = if missing(&chunk) { Some(encoder.encode(raw).map_err(io::Error::other)?) } else { None };
        Ok((Piece { chunk, entries }, fragment))
    };
    match job {
        Job::Bundle(bundle) => {
            let raw = bundle.assemble(|meta, raw| {
                let start = raw.len();
                let read = fs::File::open(path(meta)).and_then(|mut file| io::Read::read_to_end(&mut file, raw));
                let Kind::File { size, .. } = meta.kind else { return read.map(drop) };
                raw.truncate(start + usize::try_from(size).unwrap_or(usize::MAX));
                read.map(drop)
            })?;
            Ok(vec![deflate(&raw, bundle.entries())?])
        }
        Job::Payload { meta, .. } => {
            let (mut file, mut chunker) = (fs::File::open(path(&meta))?, Chunker::new());
            let (mut buffer, mut done) = (vec![0; 1 << 20], Vec::new());
            loop {
                let length = io::Read::read(&mut file, &mut buffer)?;
                chunker.push(&buffer[..length]);
                while let Some(chunk) = chunker.next_chunk() {
                    done.push(deflate(&chunk, Vec::new())?);
                }
                if length == 0 {
                    break;
                }
            }
            if let Some(chunk) = chunker.finish() {
                done.push(deflate(&chunk, Vec::new())?);
            }
            Ok(done)
        }
    }
}

async fn pack(root: &Path, store: &Path, level: u32) -> Result<(), Box<dyn std::error::Error>> {
    let repository = Arc::new(Repository::open(Arc::new(Folder(store.to_owned())), "node", 0).await?);
    let session = repository.session(0).await?;
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let handle = tokio::runtime::Handle::current();
    let (mut builder, mut sent) = (Builder::new(), 0_usize);
    let (mut encoder, mut decoder) = (Encoder::new(level), Decoder::default());
    let (results, done) = mpsc::sync_channel::<mpsc::Receiver<io::Result<Done>>>(workers * 4);
    let (jobs, shared) = mpsc::sync_channel::<(Job, mpsc::Sender<io::Result<Done>>)>(workers * 4);
    let shared = Arc::new(std::sync::Mutex::new(shared));
    for _ in 0..workers {
        let (shared, repository, root, handle) = (shared.clone(), repository.clone(), root.to_owned(), handle.clone());
        thread::spawn(move || {
            let mut encoder = Encoder::new(level);
            let missing = |chunk: &Chunk| handle.block_on(repository.missing(&[chunk.id]))[0];
            loop {
                let next = shared.lock().map(|jobs| jobs.recv());
                let Ok(Ok((job, reply))) = next else { return };
                drop(reply.send(work(&root, job, &mut encoder, &missing)));
            }
        });
    }
    let walked = root.to_owned();
    let walker = thread::spawn(move || -> io::Result<()> {
        let mut planner = Planner::new();
        let give = |job: Job| {
            let (reply, result) = mpsc::channel();
            drop(results.send(result));
            drop(jobs.send((job, reply)));
        };
        walk(&walked, b"", &mut |meta| planner.push(meta).into_iter().flatten().for_each(&give))?;
        give(planner.finish());
        Ok(())
    });
    while let Ok(result) = done.recv() {
        for (piece, fragment) in result.recv()?? {
            if let Some(fragment) = fragment {
                sent += fragment.bytes().len();
                let fragment = decoder.verify(fragment.chunk(), fragment.bytes().clone())?;
                repository.put(&session, &fragment, 0).await?;
            }
            if let Some(leaf) = builder.push(piece)? {
                sent += put_leaf(&repository, &session, &mut encoder, &leaf).await?;
            }
        }
    }
    walker.join().map_err(|_| "the walk died")??;
    let (last, root) = builder.finish()?;
    if let Some(leaf) = last {
        sent += put_leaf(&repository, &session, &mut encoder, &leaf).await?;
    }
    let root = encoder.encode(&root.encode()?)?;
    let commit = Commit { target: "/".to_owned(), at: 0, notes: Vec::new() };
    let record = repository.commit(&session, &root, commit).await?;
    println!("backup {} archive {} sent {sent} stored {}", record.number, record.length, repository.stored());
    Ok(())
}

async fn put_leaf(
    repository: &Repository,
    session: &Session,
    encoder: &mut Encoder,
    leaf: &[u8],
) -> Result<usize, RepositoryError> {
    let Ok(fragment) = encoder.encode(leaf) else { return Ok(0) };
    if repository.has_leaf(fragment.chunk()).await? {
        return Ok(0);
    }
    repository.put_leaf(session, &fragment, 0).await?;
    Ok(fragment.bytes().len())
}

async fn unpack(store: &Path, number: u64) -> Result<(), Box<dyn std::error::Error>> {
    let repository = Arc::new(Repository::open(Arc::new(Folder(store.to_owned())), "node", 0).await?);
    let archive = repository.archive(number).await?;
    let mut pieces = archive.read(0..archive.length())?;
    let mut output = io::stdout().lock();
    while let Some(piece) = pieces.try_next().await? {
        output.write_all(&piece)?;
    }
    Ok(())
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> process::ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match &words[..] {
        ["pack", folder, store] => pack(Path::new(folder), Path::new(store), 3).await,
        ["pack", folder, store, level] => pack(Path::new(folder), Path::new(store), level.parse().unwrap_or(3)).await,
        ["unpack", store, number] => unpack(Path::new(store), number.parse().unwrap_or(0)).await,
        _ => Err("usage: vault pack FOLDER STORE [LEVEL] | vault unpack STORE NUMBER".into()),
    };
    match done {
        Ok(()) => process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            process::ExitCode::FAILURE
        }
    }
}
