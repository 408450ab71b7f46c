//! `bedel put`: tus 1.0, one PATCH to the end, again from the acknowledged offset whenever it breaks.

use std::io::SeekFrom;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream;
use reqwest::{Body, Method, Response, StatusCode};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::progress::{Patience, Progress, retry_after};
use super::uploads::Uploads;
use super::{Campus, File, accept, read, tls};
use crate::cli::Put;

/// Bytes read and sent at a time.
const PIECE: usize = 256 << 10;
/// How long a transfer may make no progress before its connection is given up.
const STALL: Duration = Duration::from_secs(25);

/// Uploads each file and prints what was stored.
///
/// # Errors
/// The first file that could not be uploaded, and why; running it again goes on from there.
pub(crate) async fn put(arguments: Put) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    for path in &arguments.files {
        let stored = one(&campus, path, &arguments)
            .await
            .with_context(|| format!("{} was not uploaded; run the same command to go on", path.display()))?;
        if arguments.json {
            println!("{}", serde_json::to_string(&stored)?);
        } else {
            println!("{}  {}", stored.id, stored.name);
        }
    }
    Ok(())
}

async fn one(campus: &Campus, path: &Path, arguments: &Put) -> anyhow::Result<File> {
    let seen = path.metadata().with_context(|| format!("cannot read {}", path.display()))?;
    if !seen.is_file() {
        bail!("{} is not a file", path.display());
    }
    let name = path.file_name().context("a file has a name")?.to_string_lossy().into_owned();
    let metadata = metadata(&name, arguments);
    let key = Uploads::key(campus.url(), path, &metadata)?;
    let progress = Progress::new(&name, seen.len());
    let mut upload = Upload { campus, path, size: seen.len(), progress, sent: Sent::default() };
    let file_url = upload.run(&key, &metadata).await?;
    let stored: File = read(campus.request(Method::GET, &file_url).await?.send().await?).await?;
    let ours = upload.sent.digest(path, seen.len()).await?;
    if stored.sha256.as_ref().is_some_and(|theirs| *theirs != ours) {
        bail!("the campus stored other bytes than were sent: the file changed meanwhile, or was damaged on the way");
    }
    Uploads::note(&key, None)?;
    upload.progress.done(&format!("{} bytes stored, sha256 {ours}", stored.size));
    Ok(stored)
}

struct Upload<'a> {
    campus: &'a Campus,
    path: &'a Path,
    size: u64,
    progress: Progress,
    sent: Sent,
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

impl Upload<'_> {
    /// Brings the upload to its end; returns the file's path.
    async fn run(&mut self, key: &str, metadata: &str) -> anyhow::Result<String> {
        let mut patience = Patience::default();
        let mut url = Uploads::find(key);
        let mut interrupted = url.is_some();
        loop {
            let outcome = match &url {
                None => match self.create(metadata).await {
                    Ok(made) => {
                        Uploads::note(key, Some(&made))?;
                        url = Some(made);
                        continue;
                    }
                    Err(stop) => Err(stop),
                },
                Some(place) => self.advance(place, interrupted).await,
            };
            let stop = match outcome {
                Ok(Standing::Complete(file)) => return Ok(file),
                Ok(Standing::Gone) => {
                    Uploads::note(key, None)?;
                    url = None;
                    interrupted = false;
                    continue;
                }
                Ok(Standing::At(_)) => continue,
                Err(stop) => stop,
            };
            interrupted = true;
            match stop {
                Stop::Final(error) => return Err(error),
                Stop::Broken { why, asked } => {
                    let Some(pause) = patience.next(self.progress.reached(), asked) else {
                        bail!("no progress for long: {why}");
                    };
                    self.progress.waiting(&why, pause);
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn create(&self, metadata: &str) -> Result<String, Stop> {
        let request = self.campus.request(Method::POST, "/uploads").await.map_err(|error| Stop::broken(&error))?;
        let request = request
            .header("tus-resumable", "1.0.0")
            .header("upload-length", self.size)
            .header("upload-metadata", metadata)
            .timeout(STALL);
        let response = sorted(request.send().await).await?;
        let place = response.headers().get("location").and_then(|place| place.to_str().ok()).map(str::to_owned);
        place.ok_or_else(|| Stop::Final(anyhow::anyhow!("the campus did not say where the upload is")))
    }

    /// Asks where the upload stands and, if it is not complete, sends the rest.
    async fn advance(&mut self, url: &str, interrupted: bool) -> Result<Standing, Stop> {
        let offset = match self.standing(url).await? {
            Standing::At(offset) if offset < self.size => offset,
            other => return Ok(other),
        };
        if interrupted && offset > 0 {
            self.progress.resumed(offset);
        }
        let body = self.body(offset).await.map_err(Stop::Final)?;
        let request = self.campus.request(Method::PATCH, url).await.map_err(|error| Stop::broken(&error))?;
        let request = request
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .header("content-length", self.size - offset)
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
        let response = sorted(outcome).await?;
        if let Some(file) = content_location(&response) {
            return Ok(Standing::Complete(file));
        }
        self.standing(url).await
    }

    async fn standing(&self, url: &str) -> Result<Standing, Stop> {
        let request = self.campus.request(Method::HEAD, url).await.map_err(|error| Stop::broken(&error))?;
        let response = request.header("tus-resumable", "1.0.0").timeout(STALL).send().await;
        if let Ok(response) = &response
            && matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::GONE)
        {
            return Ok(Standing::Gone);
        }
        let response = sorted(response).await?;
        if let Some(file) = content_location(&response) {
            return Ok(Standing::Complete(file));
        }
        let offset = response.headers().get("upload-offset").and_then(|offset| offset.to_str().ok()?.parse().ok());
        offset.map(Standing::At).ok_or_else(|| Stop::Final(anyhow::anyhow!("the campus did not say how far it is")))
    }

    async fn body(&self, offset: u64) -> anyhow::Result<Body> {
        let mut file = tokio::fs::File::open(self.path).await?;
        file.seek(SeekFrom::Start(offset)).await?;
        let (progress, sent, size) = (self.progress.clone(), self.sent.clone(), self.size);
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

/// The digest of what was sent, as far as it was sent in order.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<(Sha256, u64)>>);

impl Sent {
    fn add(&self, at: u64, piece: &[u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = at + piece.len() as u64;
        if at <= state.1 && end > state.1 {
            let known = usize::try_from(state.1 - at).unwrap_or(piece.len());
            state.0.update(&piece[known..]);
            state.1 = end;
        }
    }

    /// The whole file's digest; reads it if an earlier run sent its beginning.
    async fn digest(&self, path: &Path, size: u64) -> anyhow::Result<String> {
        let (state, reached) = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if reached == size {
            return Ok(tls::hex(&state.finalize()));
        }
        super::get::digest_of(path).await
    }
}

/// Why a step did not succeed.
enum Stop {
    /// Asking again may help.
    Broken { why: String, asked: Option<Duration> },
    /// It will not.
    Final(anyhow::Error),
}

impl Stop {
    fn broken(error: &anyhow::Error) -> Self {
        Self::Broken { why: format!("{error:#}"), asked: None }
    }
}

/// Sorts an outcome into success, "ask again" and "give up".
async fn sorted(outcome: reqwest::Result<Response>) -> Result<Response, Stop> {
    let response = match outcome {
        Ok(response) => response,
        Err(error) if error.is_builder() => return Err(Stop::Final(error.into())),
        Err(error) => return Err(Stop::Broken { why: reason(&error), asked: None }),
    };
    let status = response.status();
    let again = status.is_server_error()
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

/// The innermost reason: what a person can act on.
pub(super) fn reason(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

fn content_location(response: &Response) -> Option<String> {
    response.headers().get("content-location")?.to_str().ok().map(str::to_owned)
}

fn metadata(name: &str, arguments: &Put) -> String {
    let fields = [
        ("filename", Some(name)),
        ("title", arguments.title.as_deref()),
        ("description", arguments.description.as_deref()),
        ("category", arguments.category.as_deref()),
        ("tags", arguments.tags.as_deref()),
        ("visibility", Some(arguments.visibility.as_str())),
    ];
    let given = fields.iter().filter_map(|(key, value)| Some(format!("{key} {}", STANDARD.encode((*value)?))));
    given.collect::<Vec<_>>().join(",")
}
