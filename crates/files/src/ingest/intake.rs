//! Taking a body in: frames gathered into batches that are worth a thread's while.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Bytes of a batch. One is gathered while one is written, so an upload costs at most twice this. Each costs two changes of
/// thread: with 256 KiB, twelve uploads on two cores were a third slower.
const BATCH: usize = 1 << 20;
/// A batch that fills slowly is handed on after this long, so that a slow link's bytes become durable too and hold little
/// memory until then.
const LINGER: Duration = Duration::from_millis(500);
/// How long a client may be silent inside a body.
const SILENCE: Duration = Duration::from_secs(60);

/// Why there is no next batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The body is complete.
    Clean,
    /// The connection broke, or the client fell silent.
    Broken,
    /// The body is longer than it may be.
    TooLong,
    /// A newer request wants the upload.
    TakenOver,
    /// The process ends.
    Ending,
}

/// Some bytes, and perhaps the end.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) pieces: Vec<Bytes>,
    pub(super) length: u64,
    pub(super) end: Option<End>,
}

pub(super) struct Intake {
    body: Body,
    /// How many bytes may still come.
    room: u64,
    stop: CancellationToken,
    hard: CancellationToken,
    heard: Instant,
    trailers: Option<HeaderMap>,
}

impl Intake {
    pub(super) fn new(body: Body, room: u64, stop: CancellationToken, hard: CancellationToken) -> Self {
        Self { body, room, stop, hard, heard: Instant::now(), trailers: None }
    }

    /// What came behind the body.
    pub(super) fn into_trailers(self) -> Option<HeaderMap> {
        self.trailers
    }

    pub(super) async fn next(&mut self) -> Batch {
        let mut batch = Batch::default();
        let (stop, hard) = (self.stop.clone(), self.hard.clone());
        let stopped = stop.cancelled();
        let killed = hard.cancelled();
        let linger = tokio::time::sleep(LINGER);
        tokio::pin!(stopped, killed, linger);
        loop {
            let frame = tokio::select! {
                biased;
                () = &mut stopped => {
                    batch.end = Some(End::TakenOver);
                    return batch;
                }
                () = &mut killed => {
                    batch.end = Some(End::Ending);
                    return batch;
                }
                frame = self.body.frame() => frame,
                () = &mut linger => {
                    if self.heard.elapsed() >= SILENCE {
                        batch.end = Some(End::Broken);
                    }
                    return batch;
                }
            };
            self.heard = Instant::now();
            match frame {
                None => batch.end = Some(End::Clean),
                Some(Err(_)) => batch.end = Some(End::Broken),
                Some(Ok(frame)) => {
                    let data = match frame.into_data() {
                        Ok(data) => data,
                        Err(other) => {
                            self.trailers = other.into_trailers().ok();
                            continue;
                        }
                    };
                    let length = data.len() as u64;
                    if length > self.room {
                        batch.end = Some(End::TooLong);
                    } else if length > 0 {
                        self.room -= length;
                        batch.length += length;
                        batch.pieces.push(data);
                    }
                }
            }
            if batch.end.is_some() || batch.length >= BATCH as u64 {
                return batch;
            }
        }
    }
}
