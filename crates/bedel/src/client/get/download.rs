//! One download: several ranges at once into one file, again whatever of them broke, then a digest, then a rename.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::try_join_all;
use reqwest::{Method, Response, StatusCode};

use super::partial::Partial;
use crate::client::notes::Entry;
use crate::client::progress::{Patience, Progress, retry_after};
use crate::client::session::SessionEnded;
use crate::client::{Campus, File, accept, digest_of, read, reason, tls};

/// How long no byte may come before the connection is given up.
const STALL: Duration = Duration::from_secs(25);
/// How often what came is made durable and recorded.
const KEEP_EVERY: Duration = Duration::from_millis(500);
/// A connection of its own is worth while for no less than this.
const SMALLEST_PART: u64 = 4 << 20;
/// Parts are no larger, so that a slow connection does not hold the end up.
const LARGEST_PART: u64 = 256 << 20;
/// Bytes gathered for one write.
const GATHER: usize = 512 << 10;

/// A file on its way.
pub(super) struct Download<'a> {
    pub(super) campus: &'a Campus,
    pub(super) file: &'a File,
    pub(super) connections: u64,
    pub(super) progress: &'a Progress,
    pub(super) partial: Partial,
    pub(super) entry: Entry,
}

/// Why a range did not come whole.
enum Stop {
    /// Asking again may help.
    Broken { why: String, asked: Option<Duration> },
    /// It will not.
    Final(anyhow::Error),
}

impl Stop {
    fn broken(why: impl Into<String>) -> Self {
        Self::Broken { why: why.into(), asked: None }
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Final(error)
    }
}

impl Download<'_> {
    /// Brings the file to `target`; returns its digest, in hex.
    pub(super) async fn run(self, target: &Path) -> anyhow::Result<String> {
        // What comes in one write is not worth a note.
        if self.file.size > GATHER as u64 {
            self.entry.keep()?;
        }
        let there = self.partial.total();
        if there > 0 {
            self.progress.resumed(there);
        }
        let part = self.file.size.div_ceil(self.connections * 4).clamp(SMALLEST_PART, LARGEST_PART);
        let most = if self.connections == 1 { u64::MAX } else { part };
        let queue = Mutex::new(VecDeque::from(self.partial.missing(most)));
        let promised = Mutex::new(None);
        let fetching = try_join_all((0..self.connections).map(|_| self.connection(&queue, &promised)));
        tokio::select! {
            outcome = fetching => { outcome?; }
            error = self.recording() => return Err(error),
        }
        let Self { campus, file, partial, entry, .. } = self;
        let found = digest_of(partial.path()).await?;
        let promised = promised.into_inner().unwrap_or_else(PoisonError::into_inner);
        let wanted = match promised.or_else(|| file.sha256.clone()) {
            Some(wanted) => Some(wanted),
            // The campus may have been reading a file that was joined of parts; it may know by now.
            None => {
                let response = campus.request(Method::GET, &format!("/files/{}", file.id)).await?.send().await?;
                read::<File>(response).await?.sha256
            }
        };
        if wanted.as_ref().is_some_and(|wanted| *wanted != found) {
            partial.discard();
            entry.forget();
            let wanted = wanted.unwrap_or_default();
            bail!(
                "the digest is wrong (sha256 {found}, not {wanted}); what came was thrown away: run the command again"
            );
        }
        partial.finish(target).with_context(|| format!("cannot write {}", target.display()))?;
        entry.forget();
        Ok(if wanted.is_some() { found } else { format!("{found} (the campus has not computed its own yet)") })
    }

    /// Records what is there, again and again.
    async fn recording(&self) -> anyhow::Error {
        loop {
            tokio::time::sleep(KEEP_EVERY).await;
            let kept = tokio::task::block_in_place(|| self.partial.keep());
            if let Err(error) = kept {
                return anyhow::Error::from(error).context("what came could not be recorded");
            }
        }
    }

    /// One connection's work: part after part until none is left.
    async fn connection(
        &self,
        queue: &Mutex<VecDeque<(u64, u64)>>,
        promised: &Mutex<Option<String>>,
    ) -> anyhow::Result<()> {
        let mut patience = Patience::default();
        let mut came = 0;
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some((mut at, end)) = next else { return Ok(()) };
            loop {
                let before = at;
                let outcome = self.fetch(&mut at, end, promised).await;
                came += at - before;
                match outcome {
                    Ok(()) => break,
                    Err(Stop::Final(error)) => return Err(error),
                    Err(Stop::Broken { why, asked }) => {
                        let Some(pause) = patience.next(came, asked) else { bail!("no progress for long: {why}") };
                        self.progress.waiting(&why, pause);
                        tokio::time::sleep(pause).await;
                        self.progress.resumed(self.partial.total());
                    }
                }
            }
        }
    }

    /// Fetches the bytes from `at` to before `end`; `at` moves on with what was written.
    async fn fetch(&self, at: &mut u64, end: u64, promised: &Mutex<Option<String>>) -> Result<(), Stop> {
        let whole = *at == 0 && end == self.file.size;
        let request = self.campus.request(Method::GET, &format!("/files/{}/content", self.file.id)).await;
        let mut request = request.map_err(|error| {
            if error.is::<SessionEnded>() { Stop::Final(error) } else { Stop::broken(format!("{error:#}")) }
        })?;
        if !whole {
            request = request.header("range", format!("bytes={at}-{}", end - 1));
        }
        if let Some(etag) = self.partial.etag() {
            request = request.header("if-match", etag);
        }
        let response = match tokio::time::timeout(STALL, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(Stop::broken(reason(&error))),
            Err(_) => return Err(Stop::broken("the connection stalled")),
        };
        let response = self.accepted(response, *at, whole).await?;
        if let Some(digest) = header(&response, "repr-digest").and_then(sha256_of_header) {
            *promised.lock().unwrap_or_else(PoisonError::into_inner) = Some(digest);
        }
        let mut pieces = response.bytes_stream();
        let mut gathered: Vec<Bytes> = Vec::new();
        let mut waiting = 0_usize;
        loop {
            let piece = tokio::time::timeout(STALL, pieces.next()).await;
            let stop = match piece {
                Ok(Some(Ok(piece))) => {
                    waiting += piece.len();
                    gathered.push(piece);
                    None
                }
                Ok(Some(Err(error))) => Some(Err(Stop::broken(reason(&error)))),
                Ok(None) => Some(Ok(())),
                Err(_) => Some(Err(Stop::broken("the connection stalled"))),
            };
            if *at + waiting as u64 > end {
                return Err(Stop::Final(anyhow!("the campus sent more than was asked for")));
            }
            if waiting >= GATHER || stop.is_some() && waiting > 0 {
                *at = self.partial.write(*at, std::mem::take(&mut gathered)).await?;
                waiting = 0;
                self.progress.reach(self.partial.total());
            }
            match stop {
                None => {}
                Some(Ok(())) if *at < end => return Err(Stop::broken("the answer ended early")),
                Some(outcome) => return outcome,
            }
        }
    }

    /// An answer that holds what was asked for.
    async fn accepted(&self, response: Response, at: u64, whole: bool) -> Result<Response, Stop> {
        let status = response.status();
        let busy =
            status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED);
        if busy {
            let asked = retry_after(&response);
            return Err(Stop::Broken { why: format!("the campus answered {status}"), asked });
        }
        let other = || Stop::Final(anyhow!("its bytes are others than those that came before: run the command again"));
        if status == StatusCode::PRECONDITION_FAILED {
            return Err(self.outdated(other()));
        }
        let response = accept(response).await?;
        if header(&response, "etag").is_some_and(|etag| !self.partial.is_of(etag)) {
            return Err(self.outdated(other()));
        }
        let begins =
            header(&response, "content-range").and_then(|range| range.strip_prefix("bytes ")?.split('-').next());
        let expected = match status {
            StatusCode::OK => whole,
            StatusCode::PARTIAL_CONTENT => begins == Some(at.to_string().as_str()),
            _ => false,
        };
        if expected {
            Ok(response)
        } else {
            Err(Stop::Final(anyhow!("the campus sent other bytes than were asked for")))
        }
    }

    /// What came before is of no use.
    fn outdated(&self, stop: Stop) -> Stop {
        self.partial.empty();
        stop
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// `sha-256=:BASE64:` among the members of a `Repr-Digest` (RFC 9530), as hex.
fn sha256_of_header(header: &str) -> Option<String> {
    let member = header.split(',').find_map(|member| member.trim().strip_prefix("sha-256=:"))?;
    Some(tls::hex(&STANDARD.decode(member.strip_suffix(':')?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_found_among_others() {
        let header = "sha-512=:AAAA:, sha-256=:AQI=:";
        assert_eq!(sha256_of_header(header).as_deref(), Some("0102"));
        assert_eq!(sha256_of_header("md5=:AA==:"), None);
    }
}
