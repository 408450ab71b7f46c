//! Chunks on their way: while the server looks whether it wants some, others are deflated and others leave.

use std::collections::{HashSet, VecDeque};

use futures::stream::{self, FuturesOrdered, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};
use vault::chunk::ChunkId;
use vault::fragment::Fragment;

use super::{ALIVE, ANSWER, Cut, Link, Stop, WORKERS};
use crate::wire::{self, Frame};

/// Questions that wait for their answers.
const QUESTIONS: usize = 3;
/// Bytes that wait for a worker, beyond which no more is asked about.
const WAITING: usize = 512 << 10;
/// Small chunks are deflated by one worker up to so many bytes together.
const TOGETHER: usize = 128 << 10;

/// What is on its way, in the order in which it goes on: asked about, wanted, and being deflated.
#[derive(Default)]
struct Under {
    asked: VecDeque<Vec<Cut>>,
    wanted: VecDeque<Cut>,
    deflating: FuturesOrdered<JoinHandle<Vec<Fragment>>>,
    /// Of all of these, so that none is asked about twice.
    ids: HashSet<ChunkId>,
}

impl Under {
    /// A question may be asked: enough is known for the workers, or it will be soon.
    fn may_ask(&self) -> bool {
        self.asked.len() < QUESTIONS && self.wanted.iter().map(|(_, raw)| raw.len()).sum::<usize>() < WAITING
    }

    fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.wanted.is_empty() && self.deflating.is_empty()
    }

    /// Asks about a batch; none if all of it is on its way already.
    fn question(&mut self, mut batch: Vec<Cut>) -> Option<Frame> {
        batch.retain(|(chunk, _)| self.ids.insert(chunk.id));
        if batch.is_empty() {
            return None;
        }
        let question = Frame::Chunks(batch.iter().map(|(chunk, _)| *chunk).collect());
        self.asked.push_back(batch);
        Some(question)
    }

    /// What a worker deflates next.
    fn work(&mut self) -> Option<Vec<Cut>> {
        let first = self.wanted.pop_front()?;
        let (mut bytes, mut work) = (first.1.len(), vec![first]);
        while let Some((_, raw)) = self.wanted.front() {
            bytes += raw.len();
            if bytes > TOGETHER {
                break;
            }
            work.extend(self.wanted.pop_front());
        }
        Some(work)
    }

    fn answered(&mut self, wanted: &[bool]) -> Result<(), Stop> {
        let batch = self.asked.pop_front().filter(|batch| batch.len() == wanted.len()).ok_or(Stop::OutOfTurn)?;
        for (cut, wanted) in batch.into_iter().zip(wanted) {
            if *wanted {
                self.wanted.push_back(cut);
            } else {
                self.ids.remove(&cut.0.id);
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<'_, S> {
    /// Offers chunks as they are cut, until there are no more and the server has all that it wanted.
    pub(super) async fn send_fresh(&mut self, chunks: &mut mpsc::Receiver<Vec<Cut>>) -> Result<(), Stop> {
        let (reader, mut writer) = tokio::io::split(&mut *self.stream);
        // A stream, so that an answer of which a part is here is not lost when something else happens first.
        let answers = stream::unfold(reader, async |mut reader| Some((wire::read(&mut reader).await, reader)));
        let mut answers = std::pin::pin!(answers);
        let mut alive = tokio::time::interval(ALIVE);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut under, mut more, mut heard) = (Under::default(), true, Instant::now());
        while more || !under.is_empty() {
            while under.deflating.len() <= WORKERS
                && let Some(work) = under.work()
            {
                under.deflating.push_back(self.encoders.deflate(work));
            }
            tokio::select! {
                batch = chunks.recv(), if more && under.may_ask() => match batch {
                    None => more = false,
                    Some(batch) => if let Some(question) = under.question(batch) {
                        if under.asked.len() == 1 {
                            heard = Instant::now();
                        }
                        wire::write(&mut writer, &question).await?;
                        writer.flush().await?;
                    },
                },
                answer = answers.next(), if !under.asked.is_empty() => match answer {
                    Some(Ok(Frame::Wanted(wanted))) => {
                        under.answered(&wanted)?;
                        heard = Instant::now();
                    }
                    Some(Err(error)) => return Err(error.into()),
                    _ => return Err(Stop::OutOfTurn),
                },
                Some(fragments) = under.deflating.next(), if !under.deflating.is_empty() => {
                    for fragment in fragments? {
                        self.pace.take(fragment.bytes().len()).await;
                        let (chunk, bytes) = (*fragment.chunk(), fragment.bytes().clone());
                        wire::write(&mut writer, &Frame::Fragment(chunk, bytes)).await?;
                        under.ids.remove(&chunk.id);
                    }
                    heard = Instant::now();
                }
                _ = alive.tick() => {
                    if !under.asked.is_empty() && heard.elapsed() > ANSWER {
                        return Err(Stop::Slow);
                    }
                    wire::write(&mut writer, &Frame::Alive(self.counts.progress())).await?;
                    writer.flush().await?;
                }
            }
        }
        Ok(())
    }
}
