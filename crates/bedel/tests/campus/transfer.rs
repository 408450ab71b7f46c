//! Clients that transfer, break, go on, and keep account of what was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use reqwest::{Body, Client, Method, Response, StatusCode};
use sha2::{Digest, Sha256};

/// What a run of transfers did.
#[derive(Debug, Default)]
pub struct Tally {
    /// Transfers that ended whole.
    pub ended: AtomicU64,
    /// Times a transfer broke and went on.
    pub resumed: AtomicU64,
    /// Bytes sent again below an offset the campus had acknowledged.
    pub sent_again: AtomicU64,
    /// Transfers whose bytes were not those expected.
    pub mismatches: AtomicU64,
    /// Bytes that arrived, both ways.
    pub bytes: AtomicU64,
}

impl Tally {
    fn add(counter: &AtomicU64, amount: u64) {
        counter.fetch_add(amount, Ordering::Relaxed);
    }

    /// A counter's value.
    pub fn of(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}

/// The bytes of test file `seed`: cheap to make at any offset, different everywhere.
pub fn piece(seed: u64, offset: u64, len: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(len + 16);
    let mut word = offset / 8;
    let skip = usize::try_from(offset % 8).expect("small");
    while bytes.len() < len + skip {
        let mut mixed = (word ^ seed.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 29)).to_le_bytes());
        word += 1;
    }
    Bytes::from(bytes).slice(skip..skip + len)
}

/// The SHA-256 of test file `seed`, in hex.
pub fn digest(seed: u64, size: u64) -> String {
    let mut hasher = Sha256::new();
    let mut at = 0;
    while at < size {
        let len = usize::try_from((size - at).min(1 << 20)).expect("small");
        hasher.update(piece(seed, at, len));
        at += len as u64;
    }
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One user's way to the campus.
#[derive(Clone)]
pub struct Courier {
    /// `http://HOST:PORT`.
    pub url: String,
    /// Whose transfers these are.
    pub token: String,
    /// What happened.
    pub tally: Arc<Tally>,
}

impl Courier {
    fn client() -> Client {
        // A fresh connection for every try, as a browser makes one after its network went away.
        Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .tcp_user_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(15))
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client")
    }

    /// Uploads test file `seed` by tus, however often it breaks; returns the file's id.
    pub async fn upload(&self, seed: u64, size: u64) -> String {
        let place = self
            .again(|| async {
                let request = self.request(Method::POST, &format!("{}/api/v1/uploads", self.url));
                let request = request.header("upload-length", size).header("upload-metadata", "filename dGVzdC5iaW4=");
                let response = request.send().await.ok()?;
                if response.status() != StatusCode::CREATED {
                    unless_transient(&response, "create");
                    return None;
                }
                Some(response.headers()["location"].to_str().expect("text").to_owned())
            })
            .await;
        let place = if place.starts_with('/') { format!("{}{place}", self.url) } else { place };
        let mut acknowledged = 0_u64;
        let mut first = true;
        loop {
            let (offset, file) = self.again(|| self.head(&place)).await;
            if offset < acknowledged {
                Tally::add(&self.tally.sent_again, acknowledged - offset);
            }
            acknowledged = offset;
            if !first {
                Tally::add(&self.tally.resumed, 1);
            }
            first = false;
            let file = match file {
                Some(file) => file,
                None if offset == size => panic!("a complete upload names no file"),
                None => match self.patch(&place, seed, offset, size).await {
                    Some(file) => file,
                    None => continue,
                },
            };
            Tally::add(&self.tally.bytes, size);
            Tally::add(&self.tally.ended, 1);
            return file.rsplit('/').next().expect("an id").to_owned();
        }
    }

    async fn head(&self, place: &str) -> Option<(u64, Option<String>)> {
        let response = self.request(Method::HEAD, place).timeout(Duration::from_secs(10)).send().await.ok()?;
        if !response.status().is_success() {
            unless_transient(&response, "HEAD");
            return None;
        }
        let text = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        Some((text("upload-offset")?.parse().expect("a number"), text("content-location")))
    }

    /// Sends the rest; `Some` is the file's place, `None` a break.
    async fn patch(&self, place: &str, seed: u64, offset: u64, size: u64) -> Option<String> {
        let pieces = stream::unfold(offset, move |at| async move {
            let len = usize::try_from((size - at).min(256 << 10)).expect("small");
            (len > 0).then(|| (Ok::<_, std::io::Error>(piece(seed, at, len)), at + len as u64))
        });
        let response = self
            .request(Method::PATCH, place)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .header("content-length", size - offset)
            .body(Body::wrap_stream(pieces))
            .send()
            .await
            .ok()?;
        if response.status() == StatusCode::NO_CONTENT {
            return Some(response.headers()["content-location"].to_str().expect("text").to_owned());
        }
        unless_transient(&response, "PATCH");
        None
    }

    /// Downloads a file by ranges, however often it breaks, and compares its digest.
    pub async fn download(&self, id: &str, size: u64, expected: &str) {
        let url = format!("{}/api/v1/files/{id}/content", self.url);
        let mut hasher = Sha256::new();
        let mut at = 0_u64;
        let mut tries = 0;
        while at < size {
            tries += 1;
            assert!(tries < 2_000, "a download makes no progress");
            let mut request = self.request(Method::GET, &url);
            if at > 0 {
                Tally::add(&self.tally.resumed, 1);
                request = request.header("range", format!("bytes={at}-"));
            }
            let Ok(response) = request.send().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let wanted = if at > 0 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
            if response.status() != wanted {
                unless_transient(&response, "GET");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            let mut pieces = response.bytes_stream();
            while let Some(Ok(piece)) = pieces.next().await {
                hasher.update(&piece);
                at += piece.len() as u64;
            }
        }
        if at != size || hex(&hasher.finalize()) != expected {
            Tally::add(&self.tally.mismatches, 1);
        }
        Tally::add(&self.tally.bytes, size);
        Tally::add(&self.tally.ended, 1);
    }

    /// The digest the campus names for a file.
    pub async fn stored_digest(&self, id: &str) -> String {
        self.again(|| async {
            let response = self.request(Method::GET, &format!("{}/api/v1/files/{id}", self.url)).send().await.ok()?;
            if !response.status().is_success() {
                unless_transient(&response, "details");
                return None;
            }
            let file: serde_json::Value = response.json().await.ok()?;
            Some(file["sha256"].as_str().expect("a digest").to_owned())
        })
        .await
    }

    fn request(&self, method: Method, url: &str) -> reqwest::RequestBuilder {
        Self::client().request(method, url).bearer_auth(&self.token).header("tus-resumable", "1.0.0")
    }

    async fn again<T, F, A>(&self, mut attempt: A) -> T
    where
        F: Future<Output = Option<T>>,
        A: FnMut() -> F,
    {
        for _ in 0..2_000 {
            if let Some(done) = attempt().await {
                return done;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the campus never answered");
    }
}

/// While replicas die a client may meet 502, 503, 504, 429 and a lost race for its own upload (409). Anything else is a
/// fault of ours.
fn unless_transient(response: &Response, what: &str) {
    let status = response.status().as_u16();
    assert!(matches!(status, 409 | 429 | 502 | 503 | 504), "{what} was answered {status}");
}
