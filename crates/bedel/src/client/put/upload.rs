//! One upload by tus 1.0: one PATCH to the end, again from the acknowledged offset whenever it breaks.

use std::io::SeekFrom;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{anyhow, bail};
use bytes::Bytes;
use futures::stream;
use kernel::id::IdSource;
use reqwest::{Body, Method, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::sent::Sent;
use crate::client::notes::Entry;
use crate::client::progress::{Patience, Progress, retry_after};
use crate::client::session::SessionEnded;
use crate::client::{Campus, accept, reason};

/// Bytes read and sent at a time.
const PIECE: usize = 256 << 10;
/// How long a transfer may make no progress before its connection is given up.
const STALL: Duration = Duration::from_secs(25);

/// A file on its way.
pub(super) struct Upload<'a> {
    pub(super) campus: &'a Campus,
    pub(super) ids: &'a IdSource,
    pub(super) path: &'a Path,
    pub(super) seen: Seen,
    pub(super) metadata: &'a str,
    pub(super) entry: &'a mut Entry,
    /// Whether an upload that is gone may be begun anew.
    pub(super) anew: bool,
    pub(super) progress: &'a Progress,
    pub(super) sent: Sent,
}

/// What tells a file from what it becomes when somebody writes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Bytes.
    pub(super) size: u64,
    changed: (i64, i64),
}

impl Seen {
    /// The file as it is now.
    ///
    /// # Errors
    /// If it cannot be seen.
    pub(super) fn now(path: &Path) -> std::io::Result<Self> {
        let seen = path.metadata()?;
        Ok(Self { size: seen.len(), changed: (seen.mtime(), seen.mtime_nsec()) })
    }

    /// The same as text.
    pub(super) fn text(self) -> String {
        format!("{} {}.{}", self.size, self.changed.0, self.changed.1)
    }
}

/// Where an upload stands.
enum Standing {
    /// This many bytes are durable.
    At(u64),
    /// Complete, and the file is here.
    Complete(String),
    /// The campus does not know it any more.
    Gone,
}

/// Why a step did not succeed.
enum Stop {
    /// Asking again may help.
    Broken { why: String, asked: Option<Duration> },
    /// It will not.
    Final(anyhow::Error),
}

impl Upload<'_> {
    /// Brings the upload to its end; returns the file's path.
    pub(super) async fn run(&mut self) -> anyhow::Result<String> {
        let mut patience = Patience::default();
        let mut interrupted = self.entry.note.place.is_some();
        let mut known = None;
        loop {
            if Seen::now(self.path)? != self.seen {
                bail!("it changed while it was being uploaded");
            }
            let outcome = match self.entry.note.place.clone() {
                None => self.create().await,
                Some(place) => self.advance(&place, known.take(), interrupted).await,
            };
            match outcome {
                Ok(Standing::Complete(file)) => return Ok(file),
                Ok(Standing::Gone) if !self.anew => {
                    self.entry.note.place = None;
                    bail!("you have no such upload (any more); without --resume it is begun anew");
                }
                Ok(Standing::Gone) => {
                    // Under the old key the campus would name the old upload again.
                    self.entry.note.key = self.ids.next().to_string();
                    self.entry.note.place = None;
                    self.entry.keep()?;
                    interrupted = false;
                }
                Ok(Standing::At(offset)) => known = Some(offset),
                Err(Stop::Final(error)) => return Err(error),
                Err(Stop::Broken { why, asked }) => {
                    interrupted = true;
                    let Some(pause) = patience.next(self.progress.reached(), asked) else {
                        bail!("no progress for long: {why}");
                    };
                    self.progress.waiting(&why, pause);
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn create(&mut self) -> Result<Standing, Stop> {
        self.entry.keep().map_err(Stop::Final)?;
        let request = self.campus.request(Method::POST, "/uploads").await.map_err(Stop::of)?;
        let request = request
            .header("tus-resumable", "1.0.0")
            .header("idempotency-key", &self.entry.note.key)
            .header("upload-length", self.seen.size)
            .header("upload-metadata", self.metadata)
            .timeout(STALL);
        let response = request.send().await;
        if let Some(gone) = gone(response.as_ref().ok()) {
            return Ok(gone);
        }
        let response = sorted(response).await?;
        let place = response.headers().get("location").and_then(|place| place.to_str().ok()).map(str::to_owned);
        let place = place.ok_or_else(|| Stop::Final(anyhow!("the campus did not say where the upload is")))?;
        self.entry.note.place = Some(place);
        self.entry.keep().map_err(Stop::Final)?;
        standing_of(&response)
    }

    /// Sends what is missing; asks first where the upload stands unless that is known.
    async fn advance(&self, url: &str, known: Option<u64>, interrupted: bool) -> Result<Standing, Stop> {
        let standing = match known {
            Some(offset) => Standing::At(offset),
            None => self.standing(url).await?,
        };
        let offset = match standing {
            Standing::At(offset) if offset < self.seen.size => offset,
            Standing::At(_) => return Err(Stop::Final(anyhow!("the campus has every byte and names no file"))),
            other => return Ok(other),
        };
        if interrupted && offset > 0 {
            self.progress.resumed(offset);
        }
        let body = self.body(offset).await.map_err(|error| Stop::Final(error.into()))?;
        let request = self.campus.request(Method::PATCH, url).await.map_err(Stop::of)?;
        let request = request
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .header("content-length", self.seen.size - offset)
            .body(body);
        let sending = request.send();
        tokio::pin!(sending);
        let mut last = self.progress.reached();
        let outcome = loop {
            tokio::select! {
                outcome = &mut sending => break outcome,
                () = tokio::time::sleep(STALL) => {
                    if self.progress.reached() == last {
                        return Err(Stop::Broken { why: "the connection stalled".to_owned(), asked: None });
                    }
                    last = self.progress.reached();
                }
            }
        };
        standing_of(&sorted(outcome).await?)
    }

    async fn standing(&self, url: &str) -> Result<Standing, Stop> {
        let request = self.campus.request(Method::HEAD, url).await.map_err(Stop::of)?;
        let response = request.header("tus-resumable", "1.0.0").timeout(STALL).send().await;
        if let Some(gone) = gone(response.as_ref().ok()) {
            return Ok(gone);
        }
        let response = sorted(response).await?;
        if let Some(length) = number(&response, "upload-length").filter(|&length| length != self.seen.size) {
            let why = anyhow!("the upload is of {length} bytes, this file has {}: it is another file", self.seen.size);
            return Err(Stop::Final(why));
        }
        standing_of(&response)
    }

    async fn body(&self, offset: u64) -> std::io::Result<Body> {
        let mut file = tokio::fs::File::open(self.path).await?;
        file.seek(SeekFrom::Start(offset)).await?;
        let (progress, sent, size) = (self.progress.clone(), self.sent.clone(), self.seen.size);
        let pieces = stream::try_unfold((file, offset), move |(mut file, at)| {
            let (progress, sent) = (progress.clone(), sent.clone());
            async move {
                // What was asked for has been handed on by the time more is asked for.
                progress.reach(at);
                let want = usize::try_from(size - at).map_or(PIECE, |left| left.min(PIECE));
                if want == 0 {
                    return Ok(None);
                }
                let mut piece = vec![0; want];
                file.read_exact(&mut piece).await?;
                sent.add(at, &piece);
                let piece = Bytes::from(piece);
                let next = at + piece.len() as u64;
                Ok::<_, std::io::Error>(Some((piece, (file, next))))
            }
        });
        Ok(Body::wrap_stream(pieces))
    }
}

impl Stop {
    fn of(error: anyhow::Error) -> Self {
        if error.is::<SessionEnded>() {
            return Self::Final(error);
        }
        Self::Broken { why: format!("{error:#}"), asked: None }
    }
}

/// An answer that says that there is no such upload.
fn gone(response: Option<&Response>) -> Option<Standing> {
    matches!(response?.status(), StatusCode::NOT_FOUND | StatusCode::GONE).then_some(Standing::Gone)
}

/// Where an answer says that the upload stands.
fn standing_of(response: &Response) -> Result<Standing, Stop> {
    let file = response.headers().get("content-location").and_then(|file| file.to_str().ok());
    if let Some(file) = file {
        return Ok(Standing::Complete(file.to_owned()));
    }
    let offset = number(response, "upload-offset");
    offset.map(Standing::At).ok_or_else(|| Stop::Final(anyhow!("the campus did not say how far it is")))
}

fn number(response: &Response, header: &str) -> Option<u64> {
    response.headers().get(header)?.to_str().ok()?.parse().ok()
}

/// Sorts an outcome into success, "ask again" and "give up".
async fn sorted(outcome: reqwest::Result<Response>) -> Result<Response, Stop> {
    let response = match outcome {
        Ok(response) => response,
        Err(error) if error.is_builder() => return Err(Stop::Final(error.into())),
        Err(error) => return Err(Stop::Broken { why: reason(&error), asked: None }),
    };
    let status = response.status();
    let full = status == StatusCode::INSUFFICIENT_STORAGE;
    let again = status.is_server_error() && !full
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                | StatusCode::CONFLICT
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::UNAUTHORIZED
        );
    let asked = retry_after(&response);
    match accept(response).await {
        Ok(response) => Ok(response),
        Err(error) if again => Err(Stop::Broken { why: format!("{error:#}"), asked }),
        Err(error) => Err(Stop::Final(error)),
    }
}
