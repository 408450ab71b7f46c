//! One line a request, collected in memory and written a few times a second.
//!
//! At 40,000 requests a second a line through `tracing` and a write of its own each would cost more than the routing; so
//! lines are put together by hand and written by one task. A crash loses the last quarter of a second of them.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::clock::Timestamp;
use kernel::config::LogFormat;
use tokio_util::sync::CancellationToken;

/// How often lines are written.
const FLUSH: Duration = Duration::from_millis(250);
/// Lines are written at once when there are this many bytes of them.
const FULL: usize = 256 * 1024;
/// Beyond this, lines are dropped and counted: a full disk must not stop the campus.
const MOST: usize = 1024 * 1024;

/// What a line takes besides its path, about.
const LINE: usize = 256;

/// Digits of a token that stands in a path, of a link (`/s/…`) or a voucher (`/v/…`): whoever reads it may use it, so a
/// line shows only what tells it from others.
const TOKEN: usize = 32;
/// How many of them.
const SHOWN: usize = 6;

/// What stands between the values of a line, in their order.
const TEXT: [&str; 11] = [
    "",
    "Z  INFO access: peer=",
    " method=",
    " path=",
    " status=",
    " bytes=",
    " upstream=",
    " attempts=",
    " ms=",
    " request_id=",
    "\n",
];
const JSON: [&str; 11] = [
    r#"{"timestamp":""#,
    r#"Z","level":"INFO","target":"access","peer":""#,
    r#"","method":""#,
    r#"","path":""#,
    r#"","status":"#,
    r#","bytes":"#,
    r#","upstream":""#,
    r#"","attempts":"#,
    r#","ms":"#,
    r#","request_id":""#,
    "\"}\n",
];

/// What a line says.
pub(crate) struct Line<'a> {
    pub(crate) at: Timestamp,
    pub(crate) peer: &'a str,
    pub(crate) method: &'a http::Method,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    pub(crate) upstream: &'a str,
    pub(crate) attempts: u32,
    pub(crate) took: Duration,
    pub(crate) request_id: &'a str,
}

/// Where the lines go.
pub struct AccessLog {
    format: LogFormat,
    lines: Mutex<Lines>,
    sink: Mutex<Option<Box<dyn Write + Send>>>,
    full: tokio::sync::Notify,
}

#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    second: i64,
    second_text: String,
    dropped: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AccessLog {
    /// Lines for `sink`, which is written to on a blocking thread.
    #[must_use]
    pub fn new(sink: Box<dyn Write + Send>, format: LogFormat) -> Self {
        Self { format, lines: Mutex::default(), sink: Mutex::new(Some(sink)), full: tokio::sync::Notify::new() }
    }

    /// Lines for the standard error stream, where the other logs go.
    #[must_use]
    pub fn stderr(format: LogFormat) -> Self {
        Self::new(Box::new(std::io::stderr()), format)
    }

    /// No lines.
    #[must_use]
    pub fn off() -> Self {
        let log = Self::new(Box::new(std::io::sink()), LogFormat::Text);
        *lock(&log.sink) = None;
        log
    }

    pub(crate) fn write(&self, line: &Line<'_>) {
        let mut lines = lock(&self.lines);
        if lines.text.len() > MOST {
            lines.dropped += 1;
            return;
        }
        let second = line.at.as_seconds();
        if lines.second != second || lines.second_text.is_empty() {
            lines.second = second;
            let text = Timestamp::from_micros(second * 1_000_000).to_string();
            lines.second_text = text.trim_end_matches('Z').to_owned();
        }
        let micros = u64::try_from(line.at.as_micros().rem_euclid(1_000_000)).unwrap_or(0);
        let took = u64::try_from(line.took.as_micros()).unwrap_or(u64::MAX);
        let Lines { text, second_text, .. } = &mut *lines;
        let words = match self.format {
            LogFormat::Text => &TEXT,
            LogFormat::Json => &JSON,
        };
        let mut word = words.iter();
        let mut next = |text: &mut Vec<u8>| push(text, word.next().copied().unwrap_or_default());
        text.reserve(LINE + line.path.len());
        next(text);
        push(text, second_text);
        text.push(b'.');
        number(text, micros, 6);
        next(text);
        push(text, line.peer);
        next(text);
        push(text, line.method.as_str());
        next(text);
        path(text, line.path);
        next(text);
        number(text, u64::from(line.status), 1);
        next(text);
        number(text, line.bytes, 1);
        next(text);
        push(text, line.upstream);
        next(text);
        number(text, u64::from(line.attempts), 1);
        next(text);
        number(text, took / 1000, 1);
        text.push(b'.');
        number(text, took % 1000, 3);
        next(text);
        push(text, line.request_id);
        next(text);
        if text.len() >= FULL {
            drop(lines);
            self.full.notify_one();
        }
    }

    /// True if lines are wanted at all.
    pub(crate) fn is_on(&self) -> bool {
        lock(&self.sink).is_some()
    }

    fn flush(&self) {
        let (text, dropped) = {
            let mut lines = lock(&self.lines);
            (std::mem::take(&mut lines.text), std::mem::take(&mut lines.dropped))
        };
        let mut sink = lock(&self.sink);
        let Some(sink) = sink.as_mut() else { return };
        if !text.is_empty()
            && let Err(error) = sink.write_all(&text).and_then(|()| sink.flush())
        {
            tracing::warn!(error = %error, "access lines could not be written");
        }
        if dropped > 0 {
            tracing::warn!(lines.dropped = dropped, "access lines were dropped");
        }
    }

    /// Writes lines as they come, until `end`.
    pub(crate) async fn run(self: std::sync::Arc<Self>, end: CancellationToken) {
        while !end.is_cancelled() {
            tokio::select! {
                biased;
                () = tokio::time::sleep(FLUSH) => {}
                () = self.full.notified() => {}
                () = end.cancelled() => {}
            }
            if lock(&self.lines).text.is_empty() {
                continue;
            }
            let log = std::sync::Arc::clone(&self);
            let _ = tokio::task::spawn_blocking(move || log.flush()).await;
        }
        self.flush();
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.flush();
    }
}

fn push(text: &mut Vec<u8>, words: &str) {
    text.extend_from_slice(words.as_bytes());
}

/// Writes a number with at least `digits` digits: the formatting machinery takes five times as long.
fn number(text: &mut Vec<u8>, value: u64, digits: usize) {
    let mut buffer = [b'0'; 20];
    let (mut rest, mut at) = (value, buffer.len());
    while rest > 0 || buffer.len() - at < digits {
        at -= 1;
        buffer[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    text.extend_from_slice(&buffer[at..]);
}

/// Writes a path without the secrets in it.
fn path(text: &mut Vec<u8>, path: &str) {
    let secret = |segment: &str| segment.len() == TOKEN && segment.bytes().all(|byte| byte.is_ascii_hexdigit());
    if path.len() <= TOKEN || !path.split('/').any(secret) {
        return escape(text, path);
    }
    for (place, segment) in path.split('/').enumerate() {
        if place > 0 {
            text.push(b'/');
        }
        if secret(segment) {
            push(text, &segment[..SHOWN]);
            push(text, "...");
        } else {
            escape(text, segment);
        }
    }
}

/// Keeps a line one line and a string a string, whatever a client asked for. hyper refuses control characters in a path,
/// so quotes and backslashes are what is left.
fn escape(text: &mut Vec<u8>, path: &str) {
    if !path.bytes().any(is_special) {
        return push(text, path);
    }
    for byte in path.bytes() {
        if is_special(byte) {
            let _ = write!(text, "%{byte:02X}");
        } else {
            text.push(byte);
        }
    }
}

const fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'=' | b' ') || byte.is_ascii_control()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat) -> String {
        let kept = Kept::default();
        let log = AccessLog::new(Box::new(kept.clone()), format);
        log.write(&Line {
            at: Timestamp::from_micros(1_700_000_000_000_042),
            peer: "127.0.0.1",
            method: &http::Method::GET,
            path: "/a\"b",
            status: 206,
            bytes: 0,
            upstream: "files-1",
            attempts: 1,
            took: Duration::from_micros(12_034),
            request_id: "r-1",
        });
        drop(log);
        let bytes = lock(&kept.0).clone();
        String::from_utf8(bytes).expect("is text")
    }

    #[test]
    fn a_line_says_everything_in_both_formats() {
        assert_eq!(
            written(LogFormat::Text),
            "2023-11-14T22:13:20.000042Z  INFO access: peer=127.0.0.1 method=GET path=/a%22b status=206 bytes=0 \
             upstream=files-1 attempts=1 ms=12.034 request_id=r-1\n"
        );
        let json: serde_json::Value = serde_json::from_str(&written(LogFormat::Json)).expect("is JSON");
        assert_eq!(json["path"], "/a%22b");
        assert_eq!(json["ms"], 12.034);
        assert_eq!((json["status"].as_u64(), json["bytes"].as_u64()), (Some(206), Some(0)));
        assert_eq!(json["request_id"], "r-1");
    }
    #[test]
    fn a_token_in_a_path_is_not_written() {
        let line = |asked: &str| {
            let mut text = Vec::new();
            path(&mut text, asked);
            String::from_utf8(text).expect("is text")
        };
        let token = "0123456789abcdef0123456789abcdef";
        assert_eq!(line(&format!("/api/v1/shares/{token}/content")), "/api/v1/shares/012345.../content");
        assert_eq!(line(&format!("/v/{token}")), "/v/012345...");
        let others = ["/api/v1/files/01m7zqbkwd3n6p3fgkkx1by9sz/content", "/0123456789abcdef0123456789abcdeg/", "/"];
        assert_eq!(others.map(line), others.map(str::to_owned));
    }
}
