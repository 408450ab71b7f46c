//! The server's part of the conversation: it believes nothing. A chunk counts only after its fragment was inflated and
//! hashed here, a leaf only with all its chunks, a backup only with all its leaves.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{self, Either, Ready};
use futures::stream::{FuturesOrdered, StreamExt};
use kernel::clock::Clock;
use store::StoreError;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::task::{JoinError, JoinHandle};
use vault::Repository;
use vault::chunk::{Chunk, ChunkId};
use vault::fragment::{Decoder, Fragment, FragmentError};
use vault::repository::{Commit, Note, Record, RepositoryError, Session};

use super::leading::Term;
use super::shelf::micros;
use super::telling::Counts;
use crate::model::Reason;
use crate::wire::{self, Begin, Frame, Known, Refusal, VERSION, WireError};
use crate::workers::Workers;

/// An agent says every two seconds that it is at work; only a hook may take longer, and says nothing.
const SILENCE: Duration = Duration::from_secs(660);
/// An agent that has begun says so every two seconds; with a bad link in between, some of it may be late.
const SILENCE_AT_WORK: Duration = Duration::from_secs(60);
/// Fragments verified while others arrive.
const VERIFIED_AT_ONCE: usize = 2;
/// Chunks up to this length are verified where they arrive.
const AT_ONCE: u32 = 32 << 10;
/// Most files that an agent may list.
const MOST_NOTES: usize = 20_000;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReceiveError {
    #[error("{}", .0.detail)]
    Refused(Refusal),
    #[error("the link to the agent failed: {0}")]
    Wire(#[from] WireError),
    #[error("the agent was silent for too long")]
    Silent,
    #[error("the agent broke the rules of the conversation: {0}")]
    OutOfTurn(&'static str),
    #[error("the agent sent a fragment that is refused: {0}")]
    Fragment(#[from] FragmentError),
    #[error("the agent's manifests are refused: {0}")]
    Manifest(RepositoryError),
    #[error("the store of backups failed: {}", kernel::error::chain(.0))]
    Repository(RepositoryError),
    #[error("this node's backups may have {0} bytes, and this one needs more: raise its quota, or back up less")]
    Quota(u64),
    #[error("another server leads now")]
    Lost(#[from] StoreError),
}

impl ReceiveError {
    /// What the log says to programs.
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Refused(refusal) => match refusal.reason {
                wire::Reason::Version => Reason::Version,
                wire::Reason::NotAllowed => Reason::NotAllowed,
                wire::Reason::NoFolder => Reason::NoFolder,
                wire::Reason::Busy => Reason::Busy,
                wire::Reason::Hook => Reason::Hook,
                wire::Reason::Failed => Reason::Agent,
            },
            Self::Wire(_) | Self::Silent => Reason::Link,
            Self::OutOfTurn(_) | Self::Fragment(_) | Self::Manifest(_) => Reason::Protocol,
            Self::Repository(_) => Reason::Store,
            Self::Quota(_) => Reason::Quota,
            Self::Lost(_) => Reason::Interrupted,
        }
    }
}

impl From<RepositoryError> for ReceiveError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Manifest(_) | RepositoryError::Missing(_) | RepositoryError::Damaged { .. } => {
                Self::Manifest(error)
            }
            _ => Self::Repository(error),
        }
    }
}

/// How many bytes of packs more a node may have.
#[derive(Debug)]
pub(super) struct Allowance {
    quota: Option<u64>,
    used: u64,
}

impl Allowance {
    /// Of a node whose packs have so many bytes.
    pub(super) const fn new(quota: Option<u64>, used: u64) -> Self {
        Self { quota, used }
    }

    /// Counts what is to be kept.
    fn take(&mut self, bytes: usize) -> Result<(), ReceiveError> {
        self.used = self.used.saturating_add(bytes as u64);
        match self.quota {
            Some(quota) if self.used > quota => Err(ReceiveError::Quota(quota)),
            _ => Ok(()),
        }
    }
}

/// What came of it.
pub(super) struct Received {
    /// The new backup; none if nothing had changed.
    pub(super) record: Option<Record>,
    pub(super) notes: Vec<Note>,
}

type Verified = Result<Result<Fragment, FragmentError>, JoinError>;
type Verifying = Either<Ready<Verified>, JoinHandle<Result<Fragment, FragmentError>>>;

/// Fragments that arrived and are not kept yet, in their order.
#[derive(Default)]
pub(super) struct Checks {
    under_way: FuturesOrdered<Verifying>,
    /// Of these: they need not be sent again, for if one is refused nothing of the conversation counts.
    ids: HashSet<ChunkId>,
    decoders: Workers<Decoder>,
    /// For what is verified sooner than handed to a thread.
    decoder: Decoder,
}

/// One conversation.
pub(super) struct Receiving<'r, S> {
    pub(super) stream: S,
    pub(super) repository: &'r Repository,
    pub(super) session: &'r Session,
    pub(super) term: &'r Term,
    pub(super) clock: &'r dyn Clock,
    pub(super) counts: &'r Counts,
    pub(super) allowance: Allowance,
    pub(super) checks: Checks,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Receiving<'_, S> {
    /// Asks for a path and takes what comes.
    pub(super) async fn run(mut self, path: &str, level: u32) -> Result<Received, ReceiveError> {
        self.say(&Frame::Begin(Begin { version: VERSION, path: path.to_owned(), level })).await?;
        match self.next(SILENCE_AT_WORK).await? {
            Frame::Ready => {}
            Frame::Refused(refusal) => return Err(ReceiveError::Refused(refusal)),
            _ => return Err(ReceiveError::OutOfTurn("neither yes nor no to begin with")),
        }
        let (mut notes, mut silence) = (Vec::new(), SILENCE);
        loop {
            let said = self.next(silence).await?;
            silence = SILENCE_AT_WORK;
            // Whatever is said of leaves is said of all chunks that came before.
            let before = matches!(said, Frame::Fragment(..) | Frame::Chunks(_) | Frame::Alive(_));
            let at_once = if before { VERIFIED_AT_ONCE } else { 0 };
            self.take(at_once).await?;
            match said {
                Frame::Alive(progress) => self.counts.entries.store(progress.entries, Ordering::Relaxed),
                Frame::Chunks(chunks) => {
                    let ids: Vec<_> = chunks.iter().map(|chunk| chunk.id).collect();
                    let missing = self.repository.missing(&ids).await.into_iter().zip(&ids);
                    let wanted = missing.map(|(missing, id)| missing && !self.checks.ids.contains(id)).collect();
                    self.say(&Frame::Wanted(wanted)).await?;
                }
                Frame::Fragment(chunk, bytes) => {
                    let verifying = self.verify(chunk, bytes);
                    self.checks.ids.insert(chunk.id);
                    self.checks.under_way.push_back(verifying);
                }
                Frame::Leaves(leaves) => {
                    let mut wanted = Vec::with_capacity(leaves.len());
                    for leaf in &leaves {
                        wanted.push(!self.repository.has_leaf(leaf).await?);
                    }
                    self.say(&Frame::Wanted(wanted)).await?;
                }
                Frame::Leaf(chunk, bytes) => {
                    let leaf = verified(self.verify(chunk, bytes).await)?;
                    self.allowance.take(leaf.bytes().len())?;
                    let kept = self.repository.put_leaf(self.session, &leaf, micros(self.clock.now())).await;
                    match kept {
                        Ok(()) => self.say(&Frame::Kept(true)).await?,
                        Err(RepositoryError::Missing(_)) => self.say(&Frame::Kept(false)).await?,
                        Err(error) => return Err(error.into()),
                    }
                }
                Frame::Notes(more) => {
                    notes.extend(more);
                    if notes.len() > MOST_NOTES {
                        return Err(ReceiveError::OutOfTurn("more files are listed than may be"));
                    }
                }
                Frame::Root(root) => {
                    let known = self.known(path, &root).await?;
                    self.say(&Frame::Known(known)).await?;
                    if known == Known::Last {
                        return Ok(Received { record: None, notes });
                    }
                }
                Frame::Commit(chunk, bytes) => {
                    let root = verified(self.verify(chunk, bytes).await)?;
                    let commit = Commit { target: path.to_owned(), at: micros(self.clock.now()), notes: notes.clone() };
                    self.term.fence().await?;
                    let record = self.repository.commit(self.session, &root, commit).await?;
                    // The backup is durable, whether the agent hears of it or not.
                    if let Err(error) = self.say(&Frame::Committed).await {
                        tracing::debug!(error = %error, "the agent left before it was told");
                    }
                    return Ok(Received { record: Some(record), notes });
                }
                Frame::Refused(refusal) => return Err(ReceiveError::Refused(refusal)),
                _ => return Err(ReceiveError::OutOfTurn("a frame that is not an agent's")),
            }
        }
    }

    /// Whether the root is that of the last backup of this path, or of any that is here whole.
    async fn known(&self, path: &str, root: &Chunk) -> Result<Known, ReceiveError> {
        if !self.repository.has_root(root).await? {
            return Ok(Known::Not);
        }
        let last = self.repository.backups().into_iter().rev().find(|record| record.target == path);
        Ok(if last.is_some_and(|last| last.root == *root) { Known::Last } else { Known::Whole })
    }

    /// Keeps what was verified, in order, until at most so many are being verified.
    async fn take(&mut self, at_once: usize) -> Result<(), ReceiveError> {
        while self.checks.under_way.len() > at_once
            && let Some(done) = self.checks.under_way.next().await
        {
            let kept = keep(done, &mut self.allowance, (self.repository, self.session, self.clock)).await?;
            self.checks.ids.remove(&kept);
        }
        Ok(())
    }

    /// Begins to inflate and hash a fragment.
    fn verify(&mut self, chunk: Chunk, bytes: Bytes) -> Verifying {
        self.counts.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if chunk.length <= AT_ONCE {
            return Either::Left(future::ready(Ok(self.checks.decoder.verify(&chunk, bytes))));
        }
        let verify = move |decoder: &mut Decoder| decoder.verify(&chunk, bytes);
        Either::Right(self.checks.decoders.begin(Decoder::default, verify))
    }

    /// What is said next; meanwhile what was verified is kept.
    async fn next(&mut self, patience: Duration) -> Result<Frame, ReceiveError> {
        let mut next = std::pin::pin!(tokio::time::timeout(patience, wire::read(&mut self.stream)));
        loop {
            tokio::select! {
                said = &mut next => return match said {
                    Ok(frame) => Ok(frame?),
                    Err(_) => Err(ReceiveError::Silent),
                },
                Some(done) = self.checks.under_way.next(), if !self.checks.under_way.is_empty() => {
                    let kept = keep(done, &mut self.allowance, (self.repository, self.session, self.clock)).await?;
                    self.checks.ids.remove(&kept);
                }
            }
        }
    }

    async fn say(&mut self, frame: &Frame) -> Result<(), ReceiveError> {
        let saying = async {
            wire::write(&mut self.stream, frame).await?;
            Ok::<_, WireError>(self.stream.flush().await?)
        };
        match tokio::time::timeout(SILENCE_AT_WORK, saying).await {
            Ok(said) => Ok(said?),
            Err(_) => Err(ReceiveError::Silent),
        }
    }
}

/// Keeps a fragment that was verified; gives its name.
async fn keep(
    done: Verified,
    allowance: &mut Allowance,
    (repository, session, clock): (&Repository, &Session, &dyn Clock),
) -> Result<ChunkId, ReceiveError> {
    let fragment = verified(done)?;
    allowance.take(fragment.bytes().len())?;
    repository.put(session, &fragment, micros(clock.now())).await?;
    Ok(fragment.chunk().id)
}

/// What came of verifying; one whose thread died is not believed.
fn verified(done: Verified) -> Result<Fragment, FragmentError> {
    done.unwrap_or(Err(FragmentError::Corrupt))
}

#[cfg(test)]
mod tests;
