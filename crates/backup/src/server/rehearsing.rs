//! Rehearsals: at night, and when somebody asks, a backup is restored as a user would and compared with what it should be.
//! One at a time, by the leader alone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, TryStreamExt};
use kernel::error::chain;
use store::StoreError;
use tokio::sync::mpsc;
use vault::Repository;
use vault::repository::RepositoryError;

mod comparing;
pub(super) mod scratch;

use super::Means;
use super::leading::Term;
use super::shelf::ShelfError;
use super::telling::{Counts, ended, tell, write};
use crate::model::{Archive, Attempt, Outcome, Proof, Reason, Work, nights};
use crate::restore::{ExtractError, Form, extract};
use crate::store::{archives, log, targets};
use comparing::{CompareError, Compared, Comparison};

/// How often it is looked for one that somebody asked for, or whose turn has come.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Pieces of a stream that wait to be compared.
const WAITING: usize = 8;
/// What tar says of a disk or a quota that is full.
const FULL: [&str; 2] = ["No space left on device", "Disk quota exceeded"];
/// What a line says whose rehearsal was begun again.
const AGAIN: &str = "begun again: the server ended during it";

/// What a leader does besides taking backups in.
pub(super) struct Rehearser {
    pub(super) means: Means,
    pub(super) term: Arc<Term>,
    /// Below which everything is restored.
    pub(super) scratch: PathBuf,
}

/// What came of one.
enum Verdict {
    /// Everything is as it should be, but for so many devices that could not be made here.
    Proven(u64),
    Failed(String),
    /// Whether it is could not be found out.
    Skipped(String),
}

/// Why no verdict was reached.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the store of backups failed: {0}")]
    Shelf(#[from] ShelfError),
    #[error("the scratch folder failed: {0}")]
    Scratch(#[from] io::Error),
}

/// Why a backup could not be compared.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error("the comparison ended early: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

impl Rehearser {
    /// Until it is dropped.
    pub(super) async fn run(self) {
        let mut begun = false;
        loop {
            let looked = async {
                if !begun {
                    self.begin().await?;
                    begun = true;
                }
                self.once().await
            };
            let wait = match looked.await {
                Ok(true) => continue,
                Ok(false) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(error = %error, "what is to be rehearsed is not known: looking again");
                    LOOK_EVERY * 4
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// After a server that ended: its scratch is removed, and what it rehearsed is begun again, once.
    async fn begin(&self) -> Result<(), StoreError> {
        let left = self.scratch.clone();
        match tokio::task::spawn_blocking(move || scratch::empty(&left)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(error = %error, "what rehearsals left could not be removed"),
            Err(error) => tracing::error!(error = %error, "what rehearsals left could not be removed"),
        }
        for attempt in log::with_outcome(self.means.sql.reader(), Work::Rehearsal, Outcome::Running, 100).await? {
            if attempt.detail.is_none() {
                let line = Attempt { outcome: Outcome::Queued, detail: Some(AGAIN.to_owned()), ..attempt };
                write(&self.term, line).await?;
            } else {
                let twice = "the server ended twice during this rehearsal: its own log may say why".to_owned();
                self.end(attempt, Verdict::Skipped(twice)).await;
            }
        }
        Ok(())
    }

    /// Makes one that waits, if any does.
    async fn once(&self) -> Result<bool, StoreError> {
        let reader = self.means.sql.reader();
        if let Some(queued) = log::with_outcome(reader, Work::Rehearsal, Outcome::Queued, 1).await?.pop() {
            self.rehearse(queued).await?;
            return Ok(true);
        }
        let now = self.means.clock.now();
        let Some(begin) = nights::night(now, self.means.clock.offset(now)) else { return Ok(false) };
        let candidates = archives::candidates(reader).await?;
        let Some(next) = nights::next(begin, now, &candidates) else { return Ok(false) };
        let Some(archive) = archives::get(reader, next.backup).await? else { return Ok(false) };
        self.rehearse(Attempt::rehearsal(self.means.ids.next(), &archive, Some(next.target), now)).await?;
        Ok(true)
    }

    async fn rehearse(&self, queued: Attempt) -> Result<(), StoreError> {
        let attempt = Attempt { outcome: Outcome::Running, started_at: self.means.clock.now(), ..queued };
        write(&self.term, attempt.clone()).await?;
        let counts = Arc::new(Counts::default());
        let verdict = match attempt.backup {
            Some(id) => match archives::get(self.means.sql.reader(), id).await? {
                Some(archive) if archive.kept => {
                    tokio::select! {
                        verdict = self.verdict(&archive, &attempt, &counts) => verdict,
                        never = tell(&self.term, attempt.clone(), &counts) => match never {},
                    }
                }
                _ => Verdict::Skipped("the backup is no longer kept".to_owned()),
            },
            None => Verdict::Skipped("there is no such backup".to_owned()),
        };
        let mut attempt = attempt;
        counts.note(&mut attempt);
        self.end(attempt, verdict).await;
        Ok(())
    }

    /// Writes what came of it: into the log, and to the backup.
    async fn end(&self, attempt: Attempt, verdict: Verdict) {
        let now = self.means.clock.now();
        let (outcome, good, detail) = match verdict {
            Verdict::Proven(0) => (Outcome::Proven, Some(true), None),
            Verdict::Proven(devices) => {
                let detail = format!("{devices} devices were left out: this server may not make any");
                (Outcome::Proven, Some(true), Some(detail))
            }
            Verdict::Failed(detail) => (Outcome::Failed, Some(false), Some(detail)),
            Verdict::Skipped(detail) => (Outcome::Skipped, None, Some(detail)),
        };
        let reason = (outcome == Outcome::Failed).then_some(Reason::Differs);
        let line = Attempt { outcome, ended_at: Some(now), reason, detail: detail.clone(), ..attempt };
        let (id, path, node) = (line.backup, line.path.clone(), line.address.to_string());
        let (shown, detail_shown) = (id.map(|id| id.to_string()), detail.clone().unwrap_or_default());
        match outcome {
            Outcome::Proven => tracing::info!(backup.id = shown, node, path, "a backup was rehearsed and is proven"),
            Outcome::Failed => {
                tracing::error!(backup.id = shown, node, path, reason = detail_shown, "a rehearsal failed");
            }
            _ => tracing::warn!(backup.id = shown, node, path, reason = detail_shown, "a rehearsal was skipped"),
        }
        let proof = good.map(|good| Proof { good, at: now, detail });
        ended(&self.term, move |transaction| {
            let (line, proof) = (line.clone(), proof.clone());
            async move {
                log::write(transaction, &line).await?;
                if let Some(id) = id {
                    archives::rehearsed(transaction, id, now, proof.as_ref()).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await;
    }

    async fn verdict(&self, archive: &Archive, attempt: &Attempt, counts: &Arc<Counts>) -> Verdict {
        let place = self.scratch.join(attempt.id.to_string());
        let verdict = self.attempt(archive, &place, counts).await;
        let removing = tokio::task::spawn_blocking(move || {
            let count = scratch::empty(&place)?;
            if place.exists() { std::fs::remove_dir(&place).map(|()| count) } else { Ok(count) }
        });
        let removed = removing.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        match (verdict, removed) {
            (Ok(Verdict::Proven(devices)), Ok(count)) if count + devices != archive.entries => {
                Verdict::Failed(format!("{count} entries were restored, and the backup has {}", archive.entries))
            }
            (Ok(verdict), Ok(_)) => verdict,
            (Ok(verdict), Err(error)) => {
                tracing::warn!(error = %error, "the scratch of a rehearsal could not be removed");
                verdict
            }
            (Err(error), _) => Verdict::Skipped(chain(&error)),
        }
    }

    async fn attempt(&self, archive: &Archive, place: &Path, counts: &Arc<Counts>) -> Result<Verdict, Trouble> {
        // Below a folder of its own: what is backed up says which modes the folder itself has.
        let folder = scratch::make(place)?.join("restored");
        scratch::make(&folder)?;
        let (needs, disk) = (scratch::needs(archive.span, archive.entries), scratch::disk(place)?);
        if !disk.has_room_for(needs) {
            let detail =
                format!("it needs {needs} bytes of scratch, and of {} bytes {} are free", disk.total, disk.free);
            return Ok(Verdict::Skipped(detail));
        }
        let repository = self.term.shelf.repository(archive.node, &archive.address).await?;
        let mut complaints = Vec::new();
        match repository.archive(archive.number).await.map(|whole| whole.read(0..whole.length())) {
            Ok(Ok(pieces)) => match extract(&folder, Form::Gzip, pieces).await {
                Ok(None) => {}
                Ok(Some(said)) => complaints.push(format!("tar: {said}")),
                Err(ExtractError::Source(error)) => complaints.push(chain(&error)),
                Err(error) => return Ok(Verdict::Skipped(error.to_string())),
            },
            Ok(Err(error)) | Err(error) => complaints.push(chain(&error)),
        }
        let compared = self.compare(&repository, archive.number, folder, counts).await;
        if repository.backup(archive.number).is_err() {
            return Ok(Verdict::Skipped("the backup was dropped during its rehearsal".to_owned()));
        }
        if complaints.iter().any(|said| FULL.iter().any(|full| said.contains(full))) {
            return Ok(Verdict::Skipped(format!("the scratch has no room: {}", complaints.join("; "))));
        }
        let compared = match compared {
            Ok(compared) => compared,
            Err(error @ (Unread::Ended(_) | Unread::Compare(CompareError::Io(_)))) => {
                return Ok(Verdict::Skipped(chain(&error)));
            }
            Err(error) => {
                complaints.insert(0, chain(&error));
                if let Some(mended) = self.mend(&repository, archive).await {
                    complaints.push(mended);
                }
                return Ok(Verdict::Failed(complaints.join("; ")));
            }
        };
        // Without the right to make devices tar complains of each; the comparison knows which those are.
        let excused = compared.devices > 0 && compared.unlike == 0;
        if (complaints.is_empty() || excused) && compared.unlike == 0 && compared.whole {
            return Ok(Verdict::Proven(compared.devices));
        }
        if compared.unlike > 0 {
            let told = compared.differences.join("; ");
            complaints.insert(0, format!("{} of {} entries differ: {told}", compared.unlike, compared.entries));
        }
        if !compared.whole {
            complaints.push("the backup's tar stream has no end".to_owned());
        }
        Ok(Verdict::Failed(complaints.join("; ")))
    }

    /// Reads the backup's tar stream, every chunk against its hash, and compares a folder with it.
    async fn compare(
        &self,
        repository: &Arc<Repository>,
        number: u64,
        folder: PathBuf,
        counts: &Arc<Counts>,
    ) -> Result<Compared, Unread> {
        let (pieces, mut coming) = mpsc::channel::<Bytes>(WAITING);
        let counts = Arc::clone(counts);
        let comparing = tokio::task::spawn_blocking(move || {
            let mut comparison = Comparison::new(&folder, counts)?;
            while let Some(piece) = coming.blocking_recv() {
                comparison.push(&piece)?;
            }
            Ok::<_, CompareError>(comparison.finish())
        });
        let reading = async {
            let mut stream = repository.tar_stream(number).await?;
            while let Some(piece) = stream.try_next().await? {
                if pieces.send(piece).await.is_err() {
                    break;
                }
            }
            drop(pieces);
            Ok::<_, RepositoryError>(())
        };
        let (read, compared) = tokio::join!(reading, comparing);
        read?;
        Ok(compared??)
    }

    /// Takes what is damaged of a node's chunks out of its index, so that its next backup, which is due at once, sends
    /// them again and every backup that needs them is whole again.
    async fn mend(&self, repository: &Arc<Repository>, archive: &Archive) -> Option<String> {
        let scrubbing = async {
            let mut damaged = Vec::new();
            for pack in repository.packs() {
                damaged.extend(repository.scrub(pack).await?.damaged);
            }
            repository.forget(&damaged).await?;
            Ok::<_, RepositoryError>(damaged.len())
        };
        let count = match scrubbing.await {
            Ok(0) => return None,
            Ok(count) => count,
            Err(error) => {
                tracing::warn!(error = %error, "what is damaged could not be looked for");
                return None;
            }
        };
        let (node, now) = (archive.node, self.means.clock.now());
        let hurried = self.term.write(move |tx| async move { targets::due_of_node(tx, node, now).await }.boxed());
        if let Err(error) = hurried.await {
            tracing::warn!(error = %error, "the next backup of a damaged node comes when it is due");
        }
        Some(format!("{count} damaged chunks of this node were found: its next backup, due now, sends them again"))
    }
}
