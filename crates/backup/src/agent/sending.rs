//! The agent's part of the conversation: ask what is wanted, deflate and send only that, and have it committed.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::clock::Clock;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use vault::chunk::Chunk;
use vault::fragment::{Encoder, Fragment};
use vault::manifest::ManifestError;
use vault::repository::Note;

use super::cache::Cache;
use super::hooks;
use super::making::{Counts, Cut, MakeError, Maker, Tree};
use super::pace::Pace;
use super::spool::Spooled;
use crate::wire::{self, Frame, Known, NOTES, Reason, Refusal, WireError};
use crate::workers::Workers;

mod offering;

/// How often the server is told that the agent is at work.
const ALIVE: Duration = Duration::from_secs(2);
/// The server may take this long to answer: it may be waiting for its disk.
const ANSWER: Duration = Duration::from_secs(120);
/// Batches of chunks that wait to be asked about.
const WAITING: usize = 1;
/// Leaves of one question, together in bytes.
const LEAVES: usize = 4 << 20;
/// How hard manifests are deflated, which are little of a first backup and much of a small change.
const MANIFESTS: u32 = 7;
/// Chunks deflated at the same time.
const WORKERS: usize = 2;

/// Why a backup was not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error("the link failed: {0}")]
    Wire(#[from] WireError),
    #[error(transparent)]
    Make(#[from] MakeError),
    #[error("the server was silent for too long")]
    Slow,
    #[error("the server spoke out of turn")]
    OutOfTurn,
    #[error("{0}")]
    Hook(String),
    #[error("the server lost what it had just been sent")]
    Lost,
    #[error("a worker ended: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Wire(error.into())
    }
}

impl From<ManifestError> for Stop {
    fn from(error: ManifestError) -> Self {
        Self::Make(error.into())
    }
}

impl Stop {
    /// What the server is told, for the log.
    pub(super) fn refusal(&self) -> Refusal {
        let reason = if matches!(self, Self::Hook(_)) { Reason::Hook } else { Reason::Failed };
        Refusal { reason, detail: self.to_string() }
    }
}

/// A backup that was asked for.
pub(super) struct Job {
    pub(super) root: Arc<OwnedFd>,
    pub(super) path: String,
    pub(super) level: u32,
    pub(super) limit: Option<u64>,
    pub(super) state: PathBuf,
    pub(super) hooks: Option<PathBuf>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) seed: u64,
}

/// How far one pass came.
enum Passed {
    /// The server has the backup.
    Done,
    /// The server lacks something that the cache says it has.
    Lacking,
}

impl Job {
    /// Sends it all.
    pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut S) -> Result<(), Stop> {
        wire::write(stream, &Frame::Ready).await?;
        stream.flush().await?;
        hooks::run(self.hooks.as_deref(), "pre", &self.path).await.map_err(Stop::Hook)?;
        let sent = self.passes(stream).await;
        let post = hooks::run(self.hooks.as_deref(), "post", &self.path).await;
        if let Err(error) = &post {
            tracing::warn!(error, "after the backup");
        }
        sent
    }

    async fn passes<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut S) -> Result<(), Stop> {
        for trust in [true, false] {
            let mut link = Link {
                stream,
                pace: Pace::new(self.limit),
                encoders: Encoders::new(self.level),
                manifests: Encoders::new(MANIFESTS),
                counts: Arc::default(),
            };
            match link.pass(self, trust).await? {
                Passed::Done => return Ok(()),
                Passed::Lacking => tracing::info!(path = self.path, "the cache is out of date: reading everything"),
            }
        }
        Err(Stop::Lost)
    }
}

/// The link to the server, during one pass.
struct Link<'s, S> {
    stream: &'s mut S,
    pace: Pace,
    encoders: Encoders,
    /// For leaves and roots.
    manifests: Encoders,
    counts: Arc<Counts>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<'_, S> {
    async fn pass(&mut self, job: &Job, trust: bool) -> Result<Passed, Stop> {
        let (fresh, mut chunks) = mpsc::channel(WAITING);
        let cache = Cache::open(&job.state.join("cache"), &job.path, job.seed, trust)?;
        let state = (&*job.state, Arc::clone(&job.clock));
        let maker = Maker::new(Arc::clone(&job.root), cache, state, fresh, Arc::clone(&self.counts))?;
        let making = tokio::task::spawn_blocking(move || maker.run());
        self.send_fresh(&mut chunks).await?;
        // Whoever still walks finds nobody left to take its chunks.
        drop(chunks);
        let Tree { mut leaves, root, notes, cache } = making.await??;
        self.tell(&notes).await?;
        let root = Bytes::from(root.encode()?);
        let chunk = Chunk::of(&root).ok_or(ManifestError::TooLarge)?;
        match self.ask(&Frame::Root(chunk)).await? {
            Frame::Known(Known::Last) => {
                cache.keep()?;
                return Ok(Passed::Done);
            }
            Frame::Known(Known::Whole) => {}
            Frame::Known(Known::Not) => {
                if !self.send_leaves(&mut leaves).await? {
                    return Ok(Passed::Lacking);
                }
            }
            _ => return Err(Stop::OutOfTurn),
        }
        let root = self.deflated(chunk, root).await?;
        match self.ask(&Frame::Commit(*root.chunk(), root.bytes().clone())).await? {
            Frame::Committed => {
                cache.keep()?;
                Ok(Passed::Done)
            }
            _ => Err(Stop::OutOfTurn),
        }
    }

    /// Offers leaves; false if the server lacks a chunk that one of them names.
    async fn send_leaves(&mut self, leaves: &mut Spooled) -> Result<bool, Stop> {
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while bytes < LEAVES && batch.len() < wire::MOST_ASKED {
                let Some(leaf) = leaves.next()? else { break };
                bytes += leaf.len();
                let chunk = Chunk::of(&leaf).ok_or(ManifestError::TooLarge)?;
                batch.push((chunk, Bytes::from(leaf)));
            }
            if batch.is_empty() {
                return Ok(true);
            }
            let question = Frame::Leaves(batch.iter().map(|(chunk, _)| *chunk).collect());
            let wanted = match self.ask(&question).await? {
                Frame::Wanted(wanted) if wanted.len() == batch.len() => wanted,
                _ => return Err(Stop::OutOfTurn),
            };
            for (chunk, leaf) in batch.into_iter().zip(wanted).filter_map(|(leaf, wanted)| wanted.then_some(leaf)) {
                let leaf = self.deflated(chunk, leaf).await?;
                match self.ask(&Frame::Leaf(*leaf.chunk(), leaf.bytes().clone())).await? {
                    Frame::Kept(true) => {}
                    Frame::Kept(false) => return Ok(false),
                    _ => return Err(Stop::OutOfTurn),
                }
            }
        }
    }

    /// Lists what is not in the archive as it is.
    async fn tell(&mut self, notes: &[Note]) -> Result<(), Stop> {
        let mut rest = notes;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|note| {
                bytes += note.name.len() + 3;
                bytes <= NOTES
            });
            let (now, later) = rest.split_at(fits.count().max(1));
            wire::write(self.stream, &Frame::Notes(now.to_vec())).await?;
            rest = later;
        }
        Ok(())
    }

    /// Says something and waits for the answer.
    async fn ask(&mut self, question: &Frame) -> Result<Frame, Stop> {
        wire::write(self.stream, question).await?;
        self.stream.flush().await?;
        let answer = tokio::time::timeout(ANSWER, wire::read(self.stream)).await;
        Ok(answer.map_err(|_| Stop::Slow)??)
    }

    async fn deflated(&mut self, chunk: Chunk, raw: Bytes) -> Result<Fragment, Stop> {
        let fragment = self.manifests.deflate(vec![(chunk, raw)]).await?.pop().ok_or(ManifestError::TooLarge)?;
        self.pace.take(fragment.bytes().len()).await;
        Ok(fragment)
    }
}

/// Those of a level.
struct Encoders {
    level: u32,
    workers: Workers<Encoder>,
}

impl Encoders {
    fn new(level: u32) -> Self {
        Self { level, workers: Workers::default() }
    }

    /// Deflates chunks one after another.
    fn deflate(&self, cuts: Vec<Cut>) -> JoinHandle<Vec<Fragment>> {
        let level = self.level;
        let deflate =
            |encoder: &mut Encoder| cuts.into_iter().map(|(chunk, raw)| encoder.encode_cut(chunk, &raw)).collect();
        self.workers.begin(move || Encoder::new(level), deflate)
    }
}
